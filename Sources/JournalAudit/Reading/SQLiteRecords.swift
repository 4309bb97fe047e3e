import Dispatch
package import GRDB
import GRDBSQLite
import Glibc

/// Reads the journal's tables in an SQLite file.
package enum SQLiteRecords {
  /// Says that an SQLite file is a journal of this system: "AIOP".
  static let applicationID: Int32 = 0x4149_4F50
  /// The schema whose records are chained.
  static let schema = 4

  static func read<State: Sendable>(
    _ path: String, _ scope: JournalReader.Scope, _ begin: @escaping @Sendable (Int64) throws -> State,
    _ body: @escaping @Sendable (inout State, StoredRecord) throws -> Void
  ) async throws -> JournalReader.Reading<State> {
    // Not created: GRDB would make an empty one. And not on the cooperative pool, for it takes its time.
    guard access(path, F_OK) == 0 else { throw AuditError.missing(location: path) }
    let result: Result<JournalReader.Reading<State>, any Error> = await withCheckedContinuation {
      continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: Result { try readNow(path, scope, begin, body) })
      }
    }
    return try result.get()
  }

  private static func readNow<State: Sendable>(
    _ path: String, _ scope: JournalReader.Scope, _ begin: (Int64) throws -> State,
    _ body: (inout State, StoredRecord) throws -> Void
  ) throws -> JournalReader.Reading<State> {
    do {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.label = "audit"
      configuration.busyMode = .timeout(10)
      let database = try DatabaseQueue(path: path, configuration: configuration)
      return try database.read { db in
        var state = try begin(try check(db, path))
        let condition =
          (scope.from.map { "sequence >= \($0)" } ?? "true")
          + (scope.incident == nil ? "" : " AND incident = ?1")
        try each(
          db, where: condition, scope.incident.map { [$0] } ?? []
        ) { try body(&state, $0) }
        var misplaced: [Flaw] = []
        if scope.checksPlaces {
          let (journal, archive) = ("journal", "journal_archive")
          let orders = try String.fetchAll(db, sql: JournalQueries.orders(journal, archive))
          let moment = orders.compactMap(ArchiveLaw.moment).max()
          misplaced += try flaws(db, JournalQueries.hidden(journal, archive, before: moment), .hidden)
          misplaced += try flaws(db, JournalQueries.broughtBack("journal", "journal_archive"), .broughtBack)
        }
        return JournalReader.Reading(state: state, misplaced: misplaced)
      }
    } catch let error as DatabaseError {
      let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
      switch error.resultCode {
      case .SQLITE_NOTADB: throw AuditError.notAJournal(location: path)
      case .SQLITE_BUSY, .SQLITE_LOCKED: throw AuditError.unreachable(location: path, detail: detail)
      case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
        throw AuditError.unreachable(
          location: path,
          detail: detail + "; this user must be able to read it, and to write into its folder, where SQLite "
            + "keeps the write-ahead log")
      default: throw AuditError.unreadable(location: path, detail: detail)
      }
    }
  }

  /// Gives every record of the journal and its archive that fulfils a condition to `body`, by rising number.
  ///
  /// SQLite merges the two tables as it goes; nothing is sorted or kept.
  /// - Parameters:
  ///   - condition: of the records, with `?1` for the first of `arguments`, `?2` for the second.
  ///   - isChained: whether the tables have hashes yet.
  ///   - limit: records at the most.
  package static func each(
    _ db: Database, where condition: String, _ arguments: StatementArguments = [], isChained: Bool = true,
    limit: Int? = nil, _ body: (StoredRecord) throws -> Void
  ) throws {
    let columns = "sequence, epoch, incident, at, kind, actor, payload, " + (isChained ? "hash" : "x''")
    let statement = try db.makeStatement(
      sql: """
        SELECT \(columns), 0 FROM journal WHERE \(condition)
        UNION ALL SELECT \(columns), 1 FROM journal_archive WHERE \(condition)
        ORDER BY 1\(limit.map { " LIMIT \($0)" } ?? "")
        """)
    try statement.setArguments(arguments)
    // SQLite's own calls, because the bytes of a text need not be UTF-8, and there are millions of them.
    let raw = statement.sqliteStatement
    defer { sqlite3_reset(raw) }
    while true {
      let code = sqlite3_step(raw)
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else {
        throw DatabaseError(
          resultCode: ResultCode(rawValue: code),
          message: String(cString: sqlite3_errmsg(db.sqliteConnection)))
      }
      try body(
        StoredRecord(
          sequence: sqlite3_column_int64(raw, 0), epoch: sqlite3_column_int64(raw, 1),
          incident: sqlite3_column_type(raw, 2) == SQLITE_NULL ? nil : bytes(raw, 2),
          at: sqlite3_column_int64(raw, 3), kind: bytes(raw, 4), actor: bytes(raw, 5), payload: bytes(raw, 6),
          hash: bytes(raw, 7), isArchived: sqlite3_column_int(raw, 8) == 1))
    }
  }

  private static func bytes(_ statement: OpaquePointer?, _ column: Int32) -> [UInt8] {
    let start = sqlite3_column_blob(statement, column)
    let count = Int(sqlite3_column_bytes(statement, column))
    guard let start, count > 0 else { return [] }
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// Checks that it is a journal with a chain.
  /// - Returns: the first record that was chained as it was written.
  private static func check(_ db: Database, _ path: String) throws -> Int64 {
    guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == applicationID else {
      throw AuditError.notAJournal(location: path)
    }
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    if version < schema { throw AuditError.notChained(location: path) }
    if version > schema { throw AuditError.newer(location: path) }
    guard let since = try Int64.fetchOne(db, sql: "SELECT since FROM chain") else {
      throw AuditError.unreadable(location: path, detail: "its table chain is empty")
    }
    return since
  }

  private static func flaws(_ db: Database, _ sql: String, _ problem: Flaw.Problem) throws -> [Flaw] {
    try Row.fetchAll(db, sql: sql).map { row in
      let sequence: Int64 = row[0]
      return Flaw(sequence...sequence, incident: row[1], kind: row[2], problem)
    }
  }
}
