import PostgresBackend

// Rows to types. What is missing becomes 0 or empty: a server may be of any version.
extension PostgresTools {
  static func sessions(_ rows: PostgresRows) -> SessionsResult {
    let groups = rows.rows.indices.map { row in
      SessionGroup(
        application: name(rows, row, "application") ?? "", role: name(rows, row, "role") ?? "",
        state: name(rows, row, "state") ?? SessionGroup.hiddenState, count: count(rows, row, "sessions"),
        waiting: count(rows, row, "waiting"), settled: count(rows, row, "settled"),
        youngestSettledSeconds: seconds(rows, row, "youngest_settled"),
        medianSettledSeconds: seconds(rows, row, "median_settled"),
        oldestSeconds: seconds(rows, row, "oldest"))
    }
    // Without any other session there is no row, and so no maximum: nothing is used then.
    return SessionsResult(
      groups: groups, used: count(rows, 0, "used"), maximum: count(rows, 0, "maximum"),
      reserved: count(rows, 0, "reserved"))
  }

  static func transactions(_ rows: PostgresRows) -> TransactionsResult {
    TransactionsResult(
      transactions: rows.rows.indices.map { row in
        OpenTransaction(
          pid: count(rows, row, "pid"), application: name(rows, row, "application") ?? "",
          role: name(rows, row, "role") ?? "", state: name(rows, row, "state") ?? "",
          openSeconds: seconds(rows, row, "open"), stateSeconds: seconds(rows, row, "in_state"),
          statement: statement(rows, row))
      })
  }

  static func blocking(_ rows: PostgresRows) -> BlockingResult {
    BlockingResult(
      chains: rows.rows.indices.map { row in
        BlockingChain(
          pid: count(rows, row, "pid"), application: name(rows, row, "application") ?? "",
          role: name(rows, row, "role") ?? "", state: name(rows, row, "state") ?? "",
          stateSeconds: seconds(rows, row, "in_state"), openSeconds: seconds(rows, row, "open"),
          blocked: count(rows, row, "blocked"), statement: statement(rows, row))
      }, waiting: count(rows, 0, "waiting"))
  }

  static func running(_ rows: PostgresRows) -> [RunningStatement] {
    rows.rows.indices.map { row in
      RunningStatement(
        application: name(rows, row, "application") ?? "", role: name(rows, row, "role") ?? "",
        roleIsSuperuser: rows.bool(row, "superuser") ?? false, seconds: seconds(rows, row, "seconds"),
        waitsForLock: rows.bool(row, "waits") ?? false, queryID: rows[row, "query_id"],
        statement: statement(rows, row))
    }
  }

  static func means(_ rows: PostgresRows) -> [StatementMean] {
    rows.rows.indices.compactMap { row in
      guard let id = rows[row, "queryid"] else { return nil }
      return StatementMean(
        role: name(rows, row, "role") ?? "", queryID: id, calls: count(rows, row, "calls"),
        meanSeconds: seconds(rows, row, "mean"), longestSeconds: seconds(rows, row, "longest"),
        statement: statement(rows, row))
    }.sorted { ($0.meanSeconds, $0.queryID) > ($1.meanSeconds, $1.queryID) }
  }

  static func limits(_ rows: PostgresRows) -> LimitsResult {
    LimitsResult(
      version: rows[0, "version"] ?? "", maximum: count(rows, 0, "maximum"),
      reserved: count(rows, 0, "reserved"), statementTimeoutSeconds: seconds(rows, 0, "statement_timeout"),
      idleInTransactionTimeoutSeconds: seconds(rows, 0, "idle_timeout"),
      isInRecovery: rows.bool(0, "standby") ?? false)
  }

  private static func count(_ rows: PostgresRows, _ row: Int, _ column: String) -> Int {
    // So that sums of them, and ten times those, are numbers too, whatever answers.
    min(max(0, rows.int(row, column) ?? 0), 1_000_000_000_000)
  }

  /// What an application wrote into its statements stays in the database.
  // No server's names are longer; they become keys and are compared.
  private static func name(_ rows: PostgresRows, _ row: Int, _ column: String) -> String? {
    rows[row, column].map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(256))) }
  }

  private static func statement(_ rows: PostgresRows, _ row: Int) -> String {
    Shown.statement(
      String(String.UnicodeScalarView((rows[row, "statement"] ?? "").unicodeScalars.prefix(4_096))))
  }

  /// Clocks may step back; an age never does.
  private static func seconds(_ rows: PostgresRows, _ row: Int, _ column: String) -> Double {
    max(0, rows.double(row, column) ?? 0)
  }
}
