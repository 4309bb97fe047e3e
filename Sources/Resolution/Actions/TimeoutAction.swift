import IncidentModel
import PostgresBackend
import Settings

/// Sets a role's time limits for its next sessions.
///
/// The role's name is quoted by the server (`format('%I')`), never here. Superusers are refused: their
/// limits would bind maintenance and this system itself. The undo holds the role's own values before; a
/// negative value stands for "had none of its own" and takes the role's setting away again.
struct TimeoutAction: Sendable {
  private struct Limit: Sendable {
    let parameter: String
    let wanted: Double?
  }

  let limits: TimeoutSettings
  let settings: PostgresSourceSettings
  let purpose: ActionContext.Purpose
  /// What the step set that an undo puts back, where that is known.
  let set: TimeoutSettings?

  func run(timeout: Duration) async throws(ActionFailure) -> ActionReport {
    let wanted = try checked()
    return try await PostgresTask.with(settings.url, timeout: timeout) { connection in
      let previous = try await previousValues(connection)
      let undo = Action.setTimeouts(previous)
      let changes = wanted.filter { $0.wanted != value(of: $0.parameter, in: previous) }
      let text = describe(wanted, previous)
      guard !changes.isEmpty else {
        return ActionReport("role \(PlainLine.of(limits.role, 80)) has these limits already: \(text)")
      }
      try checkUntouched(changes, previous)
      do {
        try await apply(changes, connection)
      } catch {
        throw ActionFailure(PostgresTask.failure(error).description, undo: undo)
      }
      return ActionReport(
        "set for the next sessions of role \(PlainLine.of(limits.role, 80)): \(text)",
        undo: purpose == .remedy ? undo : nil)
    }
  }

  private func checked() throws(ActionFailure) -> [Limit] {
    let all = [
      Limit(parameter: "statement_timeout", wanted: limits.statementSeconds),
      Limit(
        parameter: "idle_in_transaction_session_timeout", wanted: limits.idleInTransactionSeconds),
    ].filter { $0.wanted != nil }
    guard !all.isEmpty else { throw ActionFailure("no limit is given") }
    for limit in all {
      guard let seconds = limit.wanted, seconds.isFinite, seconds * 1000 <= Double(Int32.max),
        seconds >= 0 || purpose == .undo
      else { throw ActionFailure("\(limit.parameter) must be 0 to 2147483 s") }
      // PostgreSQL counts in milliseconds; less than one would be read as "off".
      guard seconds <= 0 || seconds >= 0.001 else {
        throw ActionFailure("\(limit.parameter) must be 0 (off) or at least 1 ms")
      }
    }
    return all
  }

  private func previousValues(_ connection: PostgresConnection) async throws -> TimeoutSettings {
    let rows = try await connection.query(
      """
      SELECT r.rolsuper, split_part(c.setting, '=', 1), split_part(c.setting, '=', 2)
      FROM pg_roles r
      LEFT JOIN pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0
      LEFT JOIN LATERAL (
        SELECT setting FROM unnest(s.setconfig) AS setting
        WHERE split_part(setting, '=', 1) IN ('statement_timeout', 'idle_in_transaction_session_timeout')
      ) c ON true
      WHERE r.rolname = $1
      """, [limits.role])
    guard let first = rows.rows.first, !first.isEmpty else {
      throw ActionFailure("there is no role \(PlainLine.of(limits.role, 80))")
    }
    guard first[0] != "t" else {
      throw ActionFailure(
        "role \(PlainLine.of(limits.role, 80)) is a superuser; its limits are for a person to set")
    }
    var previous = TimeoutSettings(
      role: limits.role, statementSeconds: limits.statementSeconds.map { _ in -1 },
      idleInTransactionSeconds: limits.idleInTransactionSeconds.map { _ in -1 })
    for row in rows.rows {
      guard row.count >= 3, let name = row[1], let text = row[2] else { continue }
      guard let seconds = Self.seconds(text) else {
        // Without the old value there would be no way back.
        throw ActionFailure(
          "\(name) of role \(PlainLine.of(limits.role, 80)) is \(PlainLine.of(text, 40)), which can't be read; "
            + "set it in milliseconds, or leave this role to a person")
      }
      if name == "statement_timeout", previous.statementSeconds != nil { previous.statementSeconds = seconds }
      if name == "idle_in_transaction_session_timeout", previous.idleInTransactionSeconds != nil {
        previous.idleInTransactionSeconds = seconds
      }
    }
    return previous
  }

  /// Reads `5s`, `1500`, `2min`, `100 ms` as PostgreSQL does: milliseconds unless a unit says otherwise.
  static func seconds(_ text: String) -> Double? {
    let trimmed = text.filter { !$0.isWhitespace }
    let number = trimmed.prefix { $0.isNumber || $0 == "." || $0 == "-" }
    guard let value = Double(number), value.isFinite else { return nil }
    switch trimmed.dropFirst(number.count) {
    case "", "ms": return value / 1000
    case "us": return value / 1_000_000
    case "s": return value
    case "min": return value * 60
    case "h": return value * 3600
    case "d": return value * 86_400
    default: return nil
    }
  }

  private func apply(_ changes: [Limit], _ connection: PostgresConnection) async throws {
    var statements: [String] = []
    for change in changes {
      guard let seconds = change.wanted else { continue }
      let milliseconds = seconds < 0 ? nil : String(Int64((seconds * 1000).rounded()))
      let rows = try await connection.query(
        milliseconds == nil
          ? "SELECT format('ALTER ROLE %I RESET \(change.parameter)', $1::text)"
          : "SELECT format('ALTER ROLE %I SET \(change.parameter) = %L', $1::text, $2::text)",
        milliseconds == nil ? [limits.role] : [limits.role, milliseconds])
      guard let row = rows.rows.first, let statement = row.first, let statement else {
        throw ActionFailure("the server did not quote the role's name")
      }
      statements.append(statement)
    }
    // Without parameters several statements are one transaction: both limits are set or none.
    _ = try await connection.query(statements.joined(separator: "; "))
  }

  /// An undo takes back what the step set, and nothing that somebody else has set since.
  private func checkUntouched(_ changes: [Limit], _ previous: TimeoutSettings) throws(ActionFailure) {
    guard let set else { return }
    for change in changes {
      guard let wanted = value(of: change.parameter, in: set),
        let now = value(of: change.parameter, in: previous), abs(wanted - now) > 0.001
      else { continue }
      throw ActionFailure(
        "\(change.parameter) of role \(PlainLine.of(limits.role, 80)) is \(Self.spoken(now)) now, not what the "
          + "step set; whoever changed it knows better")
    }
  }

  private func value(of parameter: String, in settings: TimeoutSettings) -> Double? {
    parameter == "statement_timeout" ? settings.statementSeconds : settings.idleInTransactionSeconds
  }

  private func describe(_ wanted: [Limit], _ previous: TimeoutSettings) -> String {
    wanted.map { limit in
      "\(limit.parameter) \(Self.spoken(limit.wanted)) (was \(Self.spoken(value(of: limit.parameter, in: previous))))"
    }.joined(separator: ", ")
  }

  private static func spoken(_ seconds: Double?) -> String {
    guard let seconds, seconds >= 0 else { return "the server's default" }
    return seconds == 0 ? "off" : "\(Figures.short(seconds)) s"
  }
}
