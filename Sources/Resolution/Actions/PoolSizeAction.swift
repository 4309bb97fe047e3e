import IncidentModel
import PostgresBackend
import Settings

/// Sets the size of a PgBouncer pool through its admin console.
///
/// PgBouncer (1.18 was tried) has no command for one database's `pool_size`: that comes from its
/// config file only. What can be set while it runs is `default_pool_size`, which every database
/// without a size of its own follows. So this action sets that, checks that the named database
/// followed, names the others that did, and refuses a database with a size of its own. It lasts until
/// PgBouncer reloads its config; keeping it is for a person, in `pgbouncer.ini`.
struct PoolSizeAction: Sendable {
  static let maxSize = 10_000

  private struct Pool: Sendable {
    let name: String
    let size: Int
  }

  let pool: PoolSize
  let settings: PostgresSourceSettings
  let purpose: ActionContext.Purpose
  /// What the step set that an undo puts back, where that is known.
  let set: PoolSize?

  func run(timeout: Duration) async throws(ActionFailure) -> ActionReport {
    guard let console = settings.pgbouncer else {
      throw ActionFailure("this source has no pgbouncer in the config")
    }
    guard (1...Self.maxSize).contains(pool.size) else {
      throw ActionFailure("a pool has 1 to \(Self.maxSize) connections, not \(pool.size)")
    }
    if purpose == .remedy { try await checkServer(timeout) }
    return try await PostgresTask.with(console, timeout: timeout) { connection in
      try await resize(connection)
    }
  }

  /// A pool that is larger than the server allows would only move the queue into the server's refusals.
  private func checkServer(_ timeout: Duration) async throws(ActionFailure) {
    let rows = try await PostgresTask.with(settings.url, timeout: timeout) { connection in
      try await connection.query(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
      )
    }
    guard let text = rows.rows.first?.first, let allowed = text.flatMap({ Int($0) }) else {
      throw ActionFailure("the server does not say how many connections it allows")
    }
    guard pool.size < allowed else {
      throw ActionFailure(
        "a pool of \(pool.size) would take all \(allowed) connections that the server allows; choose fewer")
    }
  }

  private func resize(_ connection: PostgresConnection) async throws -> ActionReport {
    let shown = PlainLine.of(pool.database, 80)
    let before = try await pools(connection)
    guard let old = before.first(where: { $0.name == pool.database }) else {
      throw ActionFailure("PgBouncer has no database \(shown)")
    }
    let standard = try await defaultSize(connection)
    guard old.size == standard else {
      throw ActionFailure(
        "database \(shown) has a pool_size of its own (\(old.size)), which can't be set while PgBouncer runs; "
          + "change it in pgbouncer.ini and RELOAD")
    }
    guard old.size != pool.size else {
      return ActionReport("the pool of \(shown) has \(pool.size) connections already")
    }
    if let set, old.size != set.size {
      throw ActionFailure(
        "the pool of \(shown) has \(old.size) connections now, not what the step set; whoever changed it knows better"
      )
    }
    let undo = Action.setPoolSize(PoolSize(database: pool.database, size: old.size))
    do {
      // The number is ours, an integer within bounds: there is nothing to quote.
      _ = try await connection.query("SET default_pool_size = \(pool.size)")
      let after = try await pools(connection)
      guard after.contains(where: { $0.name == pool.database && $0.size == pool.size }) else {
        _ = try await connection.query("SET default_pool_size = \(standard)")
        throw ActionFailure(
          "database \(shown) did not follow default_pool_size, so it has a pool_size of its own; "
            + "change it in pgbouncer.ini and RELOAD (the default was put back)")
      }
      return report(shown, old.size, before, after, undo)
    } catch let failure as ActionFailure {
      throw failure
    } catch {
      throw ActionFailure(PostgresTask.failure(error).description, undo: undo)
    }
  }

  private func report(
    _ shown: String, _ old: Int, _ before: [Pool], _ after: [Pool], _ undo: Action
  ) -> ActionReport {
    let others = after.filter { now in
      now.name != pool.database && before.contains { $0.name == now.name && $0.size != now.size }
    }
    let also =
      others.isEmpty
      ? "" : " (so did \(others.prefix(5).map { PlainLine.of($0.name, 80) }.joined(separator: ", ")))"
    return ActionReport(
      "the pool of \(shown) went from \(old) to \(pool.size) connections\(also), until PgBouncer reloads its config",
      undo: purpose == .remedy ? undo : nil)
  }

  private func pools(_ connection: PostgresConnection) async throws -> [Pool] {
    let answer = try await connection.query("SHOW DATABASES")
    guard let name = answer.columns.firstIndex(of: "name"),
      let size = answer.columns.firstIndex(of: "pool_size")
    else { throw ActionFailure("PgBouncer's SHOW DATABASES has no name and pool_size") }
    return answer.rows.compactMap { row in
      guard let name = row[name], let size = row[size].flatMap({ Int($0) }) else { return nil }
      return Pool(name: name, size: size)
    }
  }

  private func defaultSize(_ connection: PostgresConnection) async throws -> Int {
    let answer = try await connection.query("SHOW CONFIG")
    guard let key = answer.columns.firstIndex(of: "key"),
      let value = answer.columns.firstIndex(of: "value"),
      let row = answer.rows.first(where: { $0[key] == "default_pool_size" }),
      let size = row[value].flatMap({ Int($0) })
    else { throw ActionFailure("PgBouncer's SHOW CONFIG has no default_pool_size") }
    return size
  }
}
