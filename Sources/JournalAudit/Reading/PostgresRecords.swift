import PostgresBackend

/// Reads the journal's tables in a PostgreSQL database.
enum PostgresRecords {
  /// The schema whose records are chained.
  static let schema = 2
  /// Records that are fetched at once: few, because the largest that outside input can make are of about 1 MB, and
  /// an answer is bounded.
  private static let lot = 25

  static func location(_ url: String) -> String {
    (try? PostgresConnection.place(of: url)) ?? "postgres://…"
  }

  static func read<State: Sendable>(
    _ url: String, _ scope: JournalReader.Scope, _ begin: @Sendable (Int64) throws -> State,
    _ body: @Sendable (inout State, StoredRecord) throws -> Void
  ) async throws -> JournalReader.Reading<State> {
    let connection = PostgresConnection(
      conninfo: url, applicationName: "aiopsctl audit", timeout: .seconds(60),
      options: .init(
        setup: "SET search_path = pg_catalog; SET lock_timeout = 5000; SET bytea_output = 'hex'",
        reconnects: false))
    do {
      let reading = try await read(connection, location(url), scope, begin, body)
      await connection.close()
      return reading
    } catch {
      await connection.close()
      guard let error = error as? PostgresError else { throw error }
      switch error {
      case .query: throw AuditError.unreadable(location: location(url), detail: "\(error)")
      default: throw AuditError.unreachable(location: location(url), detail: "\(error)")
      }
    }
  }

  private static func read<State: Sendable>(
    _ connection: PostgresConnection, _ location: String, _ scope: JournalReader.Scope,
    _ begin: (Int64) throws -> State, _ body: (inout State, StoredRecord) throws -> Void
  ) async throws -> JournalReader.Reading<State> {
    _ = try await connection.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    var state = try begin(try await check(connection, location))
    let conditions =
      [scope.from.map { "sequence >= \($0)" }, scope.incident == nil ? nil : "incident = $1"].compactMap {
        $0
      }
    let condition = conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
    let columns = "sequence, epoch, incident, at, kind, actor, payload, hash"
    _ = try await connection.query(
      """
      DECLARE records NO SCROLL CURSOR FOR
      SELECT \(columns), 0 FROM aiops.journal WHERE \(condition)
      UNION ALL SELECT \(columns), 1 FROM aiops.journal_archive WHERE \(condition) ORDER BY 1
      """, scope.incident.map { [$0] } ?? [])
    while true {
      let rows = try await connection.query("FETCH \(lot) FROM records").rows
      for row in rows {
        guard let record = StoredRecord(row) else {
          throw AuditError.unreadable(
            location: location, detail: "record \(row.first.flatMap { $0 } ?? "?") is not as it should be")
        }
        try body(&state, record)
      }
      if rows.count < lot { break }
    }
    var misplaced: [Flaw] = []
    if scope.checksPlaces {
      let (journal, archive) = ("aiops.journal", "aiops.journal_archive")
      let orders = try await connection.query(JournalQueries.orders(journal, archive)).rows
      let moment = orders.compactMap { $0[0].flatMap(ArchiveLaw.moment) }.max()
      misplaced += try await flaws(
        connection, JournalQueries.hidden(journal, archive, before: moment), .hidden)
      misplaced += try await flaws(connection, JournalQueries.broughtBack(journal, archive), .broughtBack)
    }
    return JournalReader.Reading(state: state, misplaced: misplaced)
  }

  /// Checks that there is a journal with a chain.
  /// - Returns: the first record that was chained as it was written.
  private static func check(_ connection: PostgresConnection, _ location: String) async throws -> Int64 {
    let there = try await connection.query("SELECT to_regclass('aiops.journal_schema') IS NOT NULL AS found")
    guard there.bool(0, "found") == true else { throw AuditError.missing(location: location) }
    let marks = try await connection.query("SELECT application, version FROM aiops.journal_schema")
    guard marks[0, "application"] == "aiops", let version = marks.int(0, "version") else {
      throw AuditError.notAJournal(location: location)
    }
    if version < schema { throw AuditError.notChained(location: location) }
    if version > schema { throw AuditError.newer(location: location) }
    guard let since = try await connection.query("SELECT since FROM aiops.chain").int(0, "since") else {
      throw AuditError.unreadable(location: location, detail: "its table aiops.chain is empty")
    }
    return Int64(since)
  }

  private static func flaws(
    _ connection: PostgresConnection, _ sql: String, _ problem: Flaw.Problem
  ) async throws -> [Flaw] {
    // Over millions of records it may take a while.
    try await connection.query(sql, timeout: .seconds(600)).rows.compactMap { row in
      guard row.count == 3, let sequence = row[0].flatMap({ Int64($0) }) else { return nil }
      return Flaw(sequence...sequence, incident: row[1], kind: row[2], problem)
    }
  }
}

extension StoredRecord {
  /// The record in a row; `nil` when it is none.
  init?(_ row: [String?]) {
    guard row.count == 9, let sequence = row[0].flatMap({ Int64($0) }),
      let epoch = row[1].flatMap({ Int64($0) }), let at = row[3].flatMap({ Int64($0) }), let kind = row[4],
      let actor = row[5], let payload = row[6], let hash = row[7]
    else { return nil }
    // Bytes come as `\x` and hexadecimal digits.
    self.init(
      sequence: sequence, epoch: epoch, incident: row[2].map { Array($0.utf8) }, at: at,
      kind: Array(kind.utf8), actor: Array(actor.utf8), payload: Array(payload.utf8),
      hash: ChainHash(hex: hash.dropFirst(2))?.bytes ?? [], isArchived: row[8] == "1")
  }
}
