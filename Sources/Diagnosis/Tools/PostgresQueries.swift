/// The SQL of the PostgreSQL tools.
///
/// Constant texts: nothing that was observed or configured becomes a part of them, so each can be run
/// again by hand as it stands. Sessions of background workers and the asking session are left out.
package enum PostgresQueries {
  private static let settled = Int(SessionsResult.settledSeconds)

  static let sessions = """
    SELECT application_name AS application, coalesce(usename, '') AS role,
      coalesce(state, '\(SessionGroup.hiddenState)') AS state, count(*) AS sessions,
      count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting,
      count(*) FILTER (WHERE age >= \(settled)) AS settled,
      min(age) FILTER (WHERE age >= \(settled)) AS youngest_settled,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY age) FILTER (WHERE age >= \(settled)) AS median_settled,
      max(age) AS oldest, sum(count(*)) OVER () AS used,
      current_setting('max_connections')::int AS maximum,
      current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved
    FROM (
      SELECT application_name, usename, state, wait_event_type,
        extract(epoch FROM clock_timestamp() - state_change)::float8 AS age
      FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    ) s
    GROUP BY 1, 2, 3 ORDER BY settled DESC, sessions DESC LIMIT \(SessionsResult.maxGroups)
    """

  static let longestTransactions = """
    SELECT pid, application_name AS application, coalesce(usename, '') AS role,
      coalesce(state, '\(SessionGroup.hiddenState)') AS state,
      extract(epoch FROM clock_timestamp() - xact_start)::float8 AS open,
      extract(epoch FROM clock_timestamp() - state_change)::float8 AS in_state, left(query, 1000) AS statement
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    ORDER BY xact_start LIMIT \(TransactionsResult.maxTransactions)
    """

  static let blockingChains = """
    WITH RECURSIVE edge AS (
      SELECT pid, unnest(pg_blocking_pids(pid)) AS blocker FROM pg_stat_activity
      WHERE wait_event_type = 'Lock'
    ), behind AS (
      SELECT pid, blocker FROM edge
      UNION
      SELECT behind.pid, edge.blocker FROM behind JOIN edge ON edge.pid = behind.blocker
    ), head AS (
      SELECT blocker AS pid, count(DISTINCT pid) AS blocked FROM behind
      WHERE blocker NOT IN (SELECT pid FROM edge) GROUP BY 1
    )
    SELECT head.pid, coalesce(a.application_name, '') AS application, coalesce(a.usename, '') AS role,
      coalesce(a.state, 'prepared transaction') AS state,
      coalesce(extract(epoch FROM clock_timestamp() - a.state_change), 0)::float8 AS in_state,
      coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8 AS open,
      head.blocked, left(coalesce(a.query, ''), 1000) AS statement,
      (SELECT count(DISTINCT pid) FROM edge) AS waiting
    FROM head LEFT JOIN pg_stat_activity a USING (pid)
    ORDER BY head.blocked DESC, head.pid LIMIT \(BlockingResult.maxChains)
    """

  static let runningStatements = """
    SELECT a.application_name AS application, coalesce(a.usename, '') AS role,
      coalesce(r.rolsuper, false) AS superuser,
      extract(epoch FROM clock_timestamp() - a.query_start)::float8 AS seconds,
      coalesce(a.wait_event_type = 'Lock', false) AS waits, a.query_id, left(a.query, 1000) AS statement
    FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
    WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND a.state = 'active'
    ORDER BY a.query_start LIMIT \(StatementsResult.maxRows)
    """

  /// Whether the next one can be asked.
  static let hasStatementMeans = "SELECT to_regclass('pg_stat_statements') IS NOT NULL AS there"

  static let statementMeans = """
    SELECT r.rolname AS role, s.queryid, s.calls, s.mean_exec_time / 1000 AS mean,
      s.max_exec_time / 1000 AS longest, left(s.query, 1000) AS statement
    FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY s.max_exec_time DESC LIMIT \(StatementsResult.maxRows)
    """

  static let limits = """
    SELECT current_setting('server_version') AS version, current_setting('max_connections')::int AS maximum,
      current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
      extract(epoch FROM current_setting('statement_timeout')::interval)::float8 AS statement_timeout,
      extract(epoch FROM current_setting('idle_in_transaction_session_timeout')::interval)::float8
        AS idle_timeout,
      pg_is_in_recovery() AS standby
    """

  /// As the tools send it: alone in a transaction that can't write, and that the server itself ends.
  ///
  /// - Parameters:
  ///   - sql: one of the texts above.
  ///   - milliseconds: the server gives the statement up after so long.
  package static func readOnly(_ sql: String, milliseconds: Int64) -> String {
    "BEGIN READ ONLY; SET LOCAL statement_timeout = \(max(1, milliseconds)); \(sql); COMMIT"
  }
}
