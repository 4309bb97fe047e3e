import IncidentModel
import PostgresBackend
import Settings

/// PostgreSQL 12 and later, through one connection that is kept.
actor PostgresCollector: Collector {
  private let target: String
  private let connection: PostgresConnection
  private var notes = Notes()
  private var counters: DatabaseCounters?
  private var statements: StatementCounters?

  init(target: String, settings: PostgresSourceSettings, timeout: Duration) {
    self.target = target
    connection = PostgresConnection(
      conninfo: settings.url.exposed, applicationName: "aiops-collector", timeout: timeout)
  }

  func collect(at now: Timestamp) async throws(CollectionError) -> [Sample] {
    let sample = SampleMaker(source: "postgresql", target: target, now: now)
    do throws(PostgresError) {
      return try await activity(sample) + databases(sample) + slowQueries(sample) + replication(sample)
    } catch {
      // A server without room for us is measured by that alone.
      if error.isTooManyConnections, !Self.isLimitOfOne(error) {
        return [sample("database_connection_usage", 100, "percent")]
      }
      throw Self.translated(error)
    }
  }

  func takeNotes() -> [String] { notes.take() }

  func close() async { await connection.close() }

  /// Connections against their maximum, and what the sessions do.
  ///
  /// Who may not see other users' sessions sees that they are there, but not what they do: counting would give a
  /// zero that says nothing.
  private func activity(_ sample: SampleMaker) async throws(PostgresError) -> [Sample] {
    let rows = try await connection.query(
      """
      SELECT count(*) AS used, current_setting('max_connections')::int AS most,
        pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all,
        coalesce(max(extract(epoch FROM clock_timestamp() - query_start))
          FILTER (WHERE state = 'active' AND pid <> pg_backend_pid()), 0) AS longest_query,
        coalesce(max(extract(epoch FROM clock_timestamp() - xact_start))
          FILTER (WHERE pid <> pg_backend_pid()), 0) AS longest_transaction,
        count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction
      FROM pg_stat_activity
      WHERE coalesce(backend_type, CASE WHEN datid IS NOT NULL THEN 'client backend' END) = 'client backend'
      """)
    guard let used = rows.double(0, "used"), let most = rows.double(0, "most"), most > 0 else {
      throw .query(message: "pg_stat_activity says nothing", sqlState: nil)
    }
    var samples = [sample("database_connection_usage", 100 * used / most, "percent")]
    guard rows.bool(0, "sees_all") == true else {
      notes.remark(
        "right",
        "\(target): sessions, slow queries and replicas are not measured: the user may not see them; "
          + "GRANT pg_monitor TO it")
      return samples
    }
    notes.settle("right")
    for (column, metric, unit) in [
      ("longest_query", "database_longest_query", "seconds"),
      ("longest_transaction", "database_longest_transaction", "seconds"),
      ("idle_in_transaction", "database_idle_in_transaction", "count"),
    ] {
      // The clock of the server may be set back.
      if let value = rows.double(0, column) { samples.append(sample(metric, max(0, value), unit)) }
    }
    return samples
  }

  /// Deadlocks and the cache's hit ratio since the previous collection, over all databases.
  private func databases(_ sample: SampleMaker) async throws(PostgresError) -> [Sample] {
    let rows = try await optional("statistics") { () async throws(PostgresError) in
      try await connection.query(
        """
        SELECT coalesce(sum(deadlocks), 0) AS deadlocks, coalesce(sum(blks_hit), 0) AS hits,
          coalesce(sum(blks_read), 0) AS reads
        FROM pg_stat_database
        """)
    }
    guard let rows, let deadlocks = rows.double(0, "deadlocks"), let hits = rows.double(0, "hits"),
      let reads = rows.double(0, "reads")
    else { return [] }
    let current = DatabaseCounters(deadlocks: deadlocks, hits: hits, reads: reads)
    defer { counters = current }
    guard let counters, let delta = current.since(counters) else { return [] }
    var samples = [sample("database_deadlocks", delta.deadlocks, "count")]
    if delta.hits + delta.reads > 0 {
      let ratio = 100 * delta.hits / (delta.hits + delta.reads)
      samples.append(sample("database_cache_hit_ratio", ratio, "percent"))
    }
    return samples
  }

  /// How many statements were slow since the previous collection.
  private func slowQueries(_ sample: SampleMaker) async throws(PostgresError) -> [Sample] {
    let rows = try await optional("pg_stat_statements") { () async throws(PostgresError) in
      try await statementRows()
    }
    guard let rows else {
      statements = nil
      return []
    }
    let current = StatementCounters(rows)
    defer { statements = current }
    guard let statements else { return [] }
    let count = current.slow(since: statements, overMilliseconds: 1000)
    return [sample("database_slow_queries", Double(count), "count")]
  }

  private func statementRows() async throws(PostgresError) -> PostgresRows {
    let place = try await connection.query(
      """
      SELECT quote_ident(n.nspname) AS schema, pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all,
        EXISTS (
          SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          WHERE c.relnamespace = n.oid AND c.relname = 'pg_stat_statements' AND a.attname = 'total_exec_time'
        ) AS is_new
      FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
      """)
    guard let schema = place[0, "schema"] else {
      throw .query(
        message: "there is no extension pg_stat_statements in this database; CREATE EXTENSION it",
        sqlState: nil)
    }
    guard place.bool(0, "sees_all") == true else {
      throw .query(message: "the user may not see others' statements; GRANT pg_monitor TO it", sqlState: nil)
    }
    // Renamed in the extension's version 1.8. Without their texts, which are in a file, statements are cheap.
    let time = place.bool(0, "is_new") == true ? "total_exec_time" : "total_time"
    return try await connection.query(
      """
      SELECT userid, dbid, queryid, sum(calls) AS calls, sum(\(time)) AS milliseconds
      FROM \(schema).pg_stat_statements(false) WHERE queryid IS NOT NULL
      GROUP BY userid, dbid, queryid ORDER BY milliseconds DESC LIMIT 8000
      """)
  }

  /// How far replicas are behind, and this server itself when it is one.
  private func replication(_ sample: SampleMaker) async throws(PostgresError) -> [Sample] {
    let rows = try await optional("replication") { () async throws(PostgresError) in
      try await connection.query(
        """
        SELECT coalesce(nullif(application_name, ''), host(client_addr), 'unknown') AS replica,
          max(coalesce(extract(epoch FROM replay_lag), 0)) AS lag
        FROM pg_stat_replication WHERE state IS NOT NULL GROUP BY 1
        UNION ALL
        SELECT 'itself', CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
          ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END
        WHERE pg_is_in_recovery()
        ORDER BY 1 LIMIT 100
        """)
    }
    guard let rows else { return [] }
    return (0..<rows.count).compactMap { row in
      guard let replica = rows[row, "replica"], let lag = rows.double(row, "lag") else { return nil }
      let name = String(String.UnicodeScalarView(replica.unicodeScalars.prefix(200)))
      return sample("database_replication_lag", max(0, lag), "seconds", ["replica": name])
    }
  }

  /// A refused query costs its metric and no other.
  private func optional(
    _ topic: String, _ query: () async throws(PostgresError) -> PostgresRows
  ) async throws(PostgresError) -> PostgresRows? {
    do throws(PostgresError) {
      let rows = try await query()
      notes.settle(topic)
      return rows
    } catch {
      switch error {
      case .query(let message, _):
        notes.remark(topic, "\(target): \(topic) is not measured: \(message)")
        return nil
      case .tooLarge:
        notes.remark(topic, "\(target): \(topic) is not measured: \(error)")
        return nil
      default: throw error
      }
    }
  }

  /// Whether only one role or database has used its CONNECTION LIMIT up: the code is the same as that of a full
  /// server, whose use is another matter.
  static func isLimitOfOne(_ error: PostgresError) -> Bool {
    guard case .connection(let message, _) = error else { return false }
    return ["too many connections for role", "too many connections for database"].contains {
      message.lowercased().contains($0)
    }
  }

  private static func translated(_ error: PostgresError) -> CollectionError {
    switch error {
    case .timedOut(let seconds): .timedOut(seconds: seconds)
    case .cancelled: .cancelled
    case .connection(_, let state):
      // Class 28 is authorization, 3D a database that is not there.
      state?.hasPrefix("28") == true || state?.hasPrefix("3D") == true
        ? .refused(error.description) : .unreachable(error.description)
    case .query: .refused(error.description)
    case .tooLarge: .invalidAnswer(error.description)
    case .closed: .unreachable(error.description)
    }
  }
}
