import IncidentModel
import PostgresBackend
import Settings

/// Ends sessions or cancels their statements.
///
/// One statement finds the sessions and signals them, so that a session that has moved on since the
/// diagnosis is not hit. What is never touched: the resolver's own session, other `aiops-*` sessions,
/// applications that the config protects, replication and background workers, and sessions of
/// superusers unless the resolver is one. A statement that only waits for a lock is not canceled, because it
/// is not what is slow, and neither is maintenance, which a cancellation would leave half done.
struct SessionAction: Sendable {
  enum Verb: Sendable {
    case terminate, cancel

    var function: String { self == .terminate ? "pg_terminate_backend" : "pg_cancel_backend" }
    /// Since when a session has been in the state that matters.
    var since: String { self == .terminate ? "a.state_change" : "a.query_start" }
  }

  /// No runbook may hit more sessions at once.
  static let maxLimit = 1000
  /// PostgreSQL cuts application names after so many bytes.
  static let maxApplicationName = 63
  /// Process ids that a report names at the most.
  static let shownPids = 20

  /// What keeps or moves data as a whole, however many comments and brackets are before it; for PostgreSQL's `~*`.
  static let maintenancePattern =
    "^([[:space:](;]|--[^\n]*(\n|$)|/[*]([^*]|[*]+[^*/])*[*]+/)*"
    + "(vacuum|analyze|analyse|create|reindex|cluster|copy|alter|refresh|drop|call|do)([^[:alnum:]_]|$)"

  let verb: Verb
  let filter: SessionFilter
  let settings: PostgresSourceSettings

  func run(timeout: Duration) async throws(ActionFailure) -> ActionReport {
    try check()
    return try await PostgresTask.with(settings.url, timeout: timeout) { connection in
      try report(await connection.query(statement, parameters))
    }
  }

  private func check() throws(ActionFailure) {
    guard (1...Self.maxLimit).contains(filter.limit) else {
      throw ActionFailure("limit must be 1 to \(Self.maxLimit) sessions, not \(filter.limit)")
    }
    guard filter.olderThanSeconds.isFinite, filter.olderThanSeconds >= 0 else {
      throw ActionFailure("the age must be a number of seconds, 0 or more")
    }
    switch verb {
    case .terminate:
      guard filter.state != nil || filter.application != nil else {
        throw ActionFailure(
          "refusing to end sessions of every application in every state; name one of the two")
      }
    case .cancel:
      guard filter.state == nil || filter.state == "active" else {
        throw ActionFailure("only a running statement can be canceled; leave the state out")
      }
    }
  }

  private var parameters: [String?] {
    [
      verb == .cancel ? "active" : filter.state, filter.application, "\(filter.olderThanSeconds)",
      "\(filter.limit)", filter.role,
    ] + settings.protectedApplications
  }

  private var statement: String {
    let protected = settings.protectedApplications.indices
      .map { "left($\($0 + 6)::text, \(Self.maxApplicationName))" }.joined(separator: ", ")
    let harmless =
      verb == .cancel
      ? "AND a.wait_event_type IS DISTINCT FROM 'Lock' AND a.query !~* '\(Self.maintenancePattern)'" : ""
    return """
      WITH me AS MATERIALIZED (
        SELECT rolsuper, pg_has_role('pg_signal_backend', 'USAGE') AS signals
        FROM pg_roles WHERE rolname = current_user
      ), seen AS MATERIALIZED (
        SELECT a.*, \(verb.since) AS since FROM pg_stat_activity a
      ), found AS MATERIALIZED (
        SELECT a.pid, a.application_name AS application,
          extract(epoch FROM clock_timestamp() - a.since) AS age,
          me.rolsuper OR (NOT coalesce(r.rolsuper, true)
            AND (me.signals OR pg_has_role(a.usesysid, 'USAGE'))) AS permitted
        FROM seen a CROSS JOIN me LEFT JOIN pg_roles r ON r.oid = a.usesysid
        WHERE a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
          AND ($1::text IS NULL OR a.state = $1)
          AND ($2::text IS NULL OR a.application_name = left($2, \(Self.maxApplicationName)))
          AND ($5::text IS NULL OR a.usename = $5)
          \(harmless)
          AND a.since <= clock_timestamp() - make_interval(secs => $3::float8)
          AND a.application_name NOT LIKE 'aiops-%'
          AND a.application_name <> ALL (ARRAY[\(protected)]::text[])
      ), hit AS MATERIALIZED (
        SELECT c.pid, c.application, c.age, \(verb.function)(c.pid) AS done
        FROM (SELECT * FROM found WHERE permitted ORDER BY age DESC LIMIT $4::int) c
      )
      SELECT t.total, t.forbidden, t.hidden, hit.pid, hit.application, hit.age, hit.done
      FROM (
        SELECT (SELECT count(*) FROM found) AS total,
          (SELECT count(*) FROM found WHERE NOT permitted) AS forbidden,
          (SELECT count(*) FROM seen
           WHERE query = '<insufficient privilege>' AND ($2::text IS NULL OR application_name = $2)) AS hidden
      ) t LEFT JOIN hit ON true
      """
  }

  private func report(_ rows: PostgresRows) throws(ActionFailure) -> ActionReport {
    guard let first = rows.rows.first, first.count == 7 else {
      throw ActionFailure("the server's answer has no rows")
    }
    func count(_ column: Int) -> Int { first[column].flatMap { Int($0) } ?? 0 }
    let (total, forbidden, hidden) = (count(0), count(1), count(2))
    let hits = rows.rows.filter { $0[3] != nil }
    if hits.isEmpty, forbidden > 0 {
      throw ActionFailure(
        "\(forbidden) sessions match but the resolver's role may not signal them: GRANT pg_signal_backend to it, "
          + "and let a person end those of superusers")
    }
    if hits.isEmpty, hidden > 0 {
      throw ActionFailure(
        "\(hidden) sessions can't be seen by the resolver's role: GRANT pg_read_all_stats to it")
    }
    guard !hits.isEmpty else { return ActionReport("none matched: no \(subject)") }
    return ActionReport(describe(hits, total: total, forbidden: forbidden))
  }

  private func describe(_ hits: [[String?]], total: Int, forbidden: Int) -> String {
    let done = hits.filter { $0[6] == "t" }
    let ages = hits.compactMap { $0[5].flatMap { Double($0) } }
    let pids = done.compactMap { $0[3] }
    var text = verb == .terminate ? "ended \(done.count) of \(total)" : "canceled \(done.count) of \(total)"
    text += " \(subject)"
    if let youngest = ages.min(), let oldest = ages.max() {
      text +=
        " (they were so for \(Figures.short(youngest.rounded())) to \(Figures.short(oldest.rounded())) s)"
    }
    if !pids.isEmpty {
      let more = pids.count - Self.shownPids
      text += ", pids " + pids.prefix(Self.shownPids).joined(separator: ", ")
      text += more > 0 ? " and \(more) more" : ""
    }
    let gone = hits.count - done.count
    if gone > 0 { text += "; \(gone) had gone already" }
    if forbidden > 0 { text += "; \(forbidden) could not be signaled for want of rights" }
    return text
  }

  private var subject: String {
    var text = verb == .terminate ? "sessions" : "running statements"
    if let application = filter.application { text += " of application \(PlainLine.of(application, 80))" }
    if let role = filter.role { text += " as role \(PlainLine.of(role, 80))" }
    if verb == .terminate, let state = filter.state { text += " \(PlainLine.of(state, 80))" }
    return text + " for at least \(Figures.short(filter.olderThanSeconds)) s"
  }
}
