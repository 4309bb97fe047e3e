/// Reads a journal with its archive without changing anything, also while a coordinator writes it.
///
/// What is read is one snapshot: the journal as it was when the reading began.
package enum JournalReader: Sendable {
  /// An SQLite file.
  case sqlite(path: String)
  /// A PostgreSQL database.
  case postgres(url: String)

  /// What is read.
  package struct Scope: Sendable {
    /// The first record; `nil` for all, also those that have no business there.
    package var from: Int64?
    /// Records of this incident only.
    package var incident: String?
    /// Whether it is looked for records that are in the archive or in the journal and should not be there.
    package var checksPlaces: Bool

    /// A scope; see the fields.
    package init(from: Int64? = nil, incident: String? = nil, checksPlaces: Bool = false) {
      self.from = from
      self.incident = incident
      self.checksPlaces = checksPlaces
    }
  }

  /// What came of reading.
  package struct Reading<State: Sendable>: Sendable {
    package var state: State
    /// Records in places where they should not be; a bounded number.
    package var misplaced: [Flaw]
  }

  /// Records in wrong places that are named at the most.
  static let maxMisplaced = 100

  /// Where it is, for people: without a password.
  package var location: String {
    switch self {
    case .sqlite(let path): path
    case .postgres(let url): PostgresRecords.location(url)
    }
  }

  /// Gives every record in the order of the numbers to `body`.
  ///
  /// - Parameters:
  ///   - scope: which records.
  ///   - begin: makes the state from the first record's number that was chained as it was written.
  ///   - body: takes a record into the state; what it throws ends the reading.
  /// - Throws: ``AuditError``, or what `begin` or `body` threw.
  package func read<State: Sendable>(
    _ scope: Scope = Scope(), _ begin: @escaping @Sendable (_ since: Int64) throws -> State,
    _ body: @escaping @Sendable (inout State, StoredRecord) throws -> Void
  ) async throws -> Reading<State> {
    switch self {
    case .sqlite(let path): try await SQLiteRecords.read(path, scope, begin, body)
    case .postgres(let url): try await PostgresRecords.read(url, scope, begin, body)
    }
  }

  /// Examines the whole journal.
  /// - Parameter tips: what was kept elsewhere of the chain.
  /// - Throws: ``AuditError``.
  package func verify(tips: [ChainTip] = []) async throws -> ChainReport {
    var reading = try await read(
      Scope(checksPlaces: true), { ChainVerifier(since: $0, tips: tips) }, { $0.take($1) })
    var report = reading.state.report()
    report.flaws += reading.misplaced
    return report
  }
}

/// The texts of the questions, the same for both kinds of store but for the tables' names.
enum JournalQueries {
  /// Kinds as SQL has them; they are our own words.
  private static func list(_ kinds: [String]) -> String {
    "(" + kinds.map { "'\($0)'" }.joined(separator: ", ") + ")"
  }

  /// The payloads of all orders to archive.
  static func orders(_ journal: String, _ archive: String) -> String {
    """
    SELECT payload FROM \(journal) WHERE kind = '\(ArchiveLaw.order)'
    UNION ALL SELECT payload FROM \(archive) WHERE kind = '\(ArchiveLaw.order)'
    """
  }

  /// In the archive, though no end of its incident comes before the latest order to archive and before the latest
  /// moment that an order names.
  /// - Parameter moment: see ``ArchiveLaw/moment(of:)``; `nil` when no order names one.
  static func hidden(_ journal: String, _ archive: String, before moment: Int64?) -> String {
    let ended = { (table: String) in
      """
      EXISTS (SELECT 1 FROM \(table) AS e WHERE e.incident = a.incident AND e.kind IN \(list(ArchiveLaw.endings))
        AND e.sequence < (SELECT upto FROM orders)\(moment.map { " AND e.at < \($0)" } ?? ""))
      """
    }
    let isFresh = moment.map { "OR (a.incident IS NULL AND a.at >= \($0))" } ?? ""
    return """
      WITH orders AS (
        SELECT max(sequence) AS upto FROM (
          SELECT sequence FROM \(journal) WHERE kind = '\(ArchiveLaw.order)'
          UNION ALL SELECT sequence FROM \(archive) WHERE kind = '\(ArchiveLaw.order)'
        ) AS every
      )
      SELECT a.sequence, a.incident, a.kind FROM \(archive) AS a
      WHERE a.sequence >= coalesce((SELECT upto FROM orders), 0)
        OR (a.incident IS NULL AND a.kind NOT IN \(list(ArchiveLaw.loose))) \(isFresh)
        OR (a.incident IS NOT NULL AND NOT \(ended(journal)) AND NOT \(ended(archive)))
      ORDER BY a.sequence LIMIT \(JournalReader.maxMisplaced)
      """
  }

  /// In the journal, though a later end of its incident is in the archive: ends are moved last.
  static func broughtBack(_ journal: String, _ archive: String) -> String {
    """
    SELECT j.sequence, j.incident, j.kind FROM \(journal) AS j
    WHERE j.incident IS NOT NULL AND EXISTS (
      SELECT 1 FROM \(archive) AS e WHERE e.incident = j.incident AND e.sequence > j.sequence
        AND e.kind IN \(list(ArchiveLaw.endings)))
    ORDER BY j.sequence LIMIT \(JournalReader.maxMisplaced)
    """
  }
}
