package import IncidentModel
import PostgresBackend

extension PostgresJournal {
  /// The columns that a record is read from.
  static let columns = "sequence, incident, at, kind, actor, payload, epoch"
  /// All columns, for moving records.
  static let allColumns = columns + ", hash"

  /// The bytes of the records before a row's own in that order: the first row has none before it, and so is taken
  /// however large it is.
  private static func bytesBefore(_ order: String) -> String {
    """
    coalesce(sum(octet_length(payload) + octet_length(actor)) OVER (
      ORDER BY \(order) ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
    """
  }

  package nonisolated(nonsending) func replay(
    from sequence: Int64, _ body: ([JournalRecord]) throws -> Void
  ) async throws {
    try await checkOpen()
    guard sequence <= 1 else { return try await readOn(from: sequence, reader, body) }
    // In one snapshot: were records archived between two batches, some of an incident's would be missing.
    let connection = server.single()
    do {
      _ = try await begin(connection)
      try await readOn(from: 1, connection, body)
      await connection.close()
    } catch {
      await connection.close()
      throw error
    }
  }

  private nonisolated(nonsending) func readOn(
    from sequence: Int64, _ connection: PostgresConnection, _ body: ([JournalRecord]) throws -> Void
  ) async throws {
    var next = sequence
    while true {
      let batch = try await batch(from: next, connection, mayLack: sequence == 1)
      guard let last = batch.last else { return }
      try body(batch)
      next = last.sequence + 1
    }
  }

  private func checkOpen() throws(StoreError) {
    guard !isClosed else { throw .closed(path: server.location) }
  }

  private func begin(_ connection: PostgresConnection) async throws(StoreError) {
    do {
      _ = try await connection.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    } catch {
      throw StoreError(error, at: server.location)
    }
  }

  /// The next records, without a hole but for what is in the archive.
  /// - Parameter mayLack: whether archived records may be missing.
  private func batch(
    from sequence: Int64, _ connection: PostgresConnection, mayLack: Bool
  ) async throws(StoreError) -> [JournalRecord] {
    // One statement and so one snapshot: archiving moves rows meanwhile. The server counts the bytes, because an
    // answer that is too large ends the session, and with it the snapshot of the whole replay.
    let rows = try await read(
      """
      WITH ahead AS (
        SELECT \(Self.columns) FROM aiops.journal WHERE sequence >= $1::bigint
        ORDER BY sequence LIMIT \(Self.batchSize)
      ),
      sized AS (
        SELECT \(Self.columns), \(Self.bytesBefore("sequence")) AS bytes_before FROM ahead
      ),
      batch AS (
        SELECT \(Self.columns) FROM sized WHERE bytes_before < \(Self.batchBytes)
      )
      SELECT \(Self.columns), (
        SELECT count(*) FROM aiops.journal_archive AS a
        WHERE a.sequence >= $1::bigint AND a.sequence <= (SELECT max(sequence) FROM batch)
      ) AS archived
      FROM batch ORDER BY sequence
      """, [String(sequence)], on: connection)
    let records = try records(rows)
    guard let last = records.last else { return [] }
    let missing = last.sequence - sequence + 1 - Int64(records.count)
    guard missing == Int64(rows.int(0, "archived") ?? 0) else {
      throw .corrupt(
        path: server.location, detail: "records between \(sequence) and \(last.sequence) are missing")
    }
    guard missing == 0 || mayLack else { throw .archived(path: server.location) }
    return records
  }

  package func records(of incident: IncidentID, limit: Int) async throws(StoreError) -> [JournalRecord] {
    guard limit > 0 else { return [] }
    // Cut to what an answer may have, in rows and in bytes.
    let rows = try await read(
      """
      WITH latest AS (
        SELECT \(Self.columns), \(Self.bytesBefore("sequence DESC")) AS bytes_before FROM (
          (SELECT \(Self.columns) FROM aiops.journal WHERE incident = $1
           ORDER BY sequence DESC LIMIT $2::bigint)
          UNION ALL
          (SELECT \(Self.columns) FROM aiops.journal_archive WHERE incident = $1
           ORDER BY sequence DESC LIMIT $2::bigint)
          ORDER BY sequence DESC LIMIT $2::bigint
        ) AS both_tables
      ),
      chosen AS (
        SELECT \(Self.columns) FROM latest WHERE bytes_before < \(Self.batchBytes)
      ),
      opening AS (
        (SELECT \(Self.columns) FROM aiops.journal WHERE incident = $1 ORDER BY sequence LIMIT 1)
        UNION ALL
        (SELECT \(Self.columns) FROM aiops.journal_archive WHERE incident = $1 ORDER BY sequence LIMIT 1)
        ORDER BY sequence LIMIT 1
      )
      SELECT \(Self.columns) FROM opening WHERE sequence < (SELECT min(sequence) FROM chosen)
      UNION ALL
      SELECT \(Self.columns) FROM chosen
      ORDER BY sequence
      """, [incident.text, String(min(limit, 9_999))])
    return try records(rows)
  }

  package func lastSequence() async throws(StoreError) -> Int64 {
    let rows = try await read("SELECT coalesce(max(sequence), 0) AS last FROM aiops.journal", [])
    return Int64(rows.int(0, "last") ?? 0)
  }

  func read(
    _ sql: String, _ parameters: [String?], on connection: PostgresConnection? = nil
  ) async throws(StoreError) -> PostgresRows {
    try checkOpen()
    do {
      return try await (connection ?? reader).query(sql, parameters, timeout: .seconds(10))
    } catch {
      throw StoreError(error, at: server.location)
    }
  }

  private func records(_ rows: PostgresRows) throws(StoreError) -> [JournalRecord] {
    var records: [JournalRecord] = []
    records.reserveCapacity(rows.count)
    for row in rows.rows {
      guard let record = JournalRecord(row: row) else {
        throw .corrupt(
          path: server.location, detail: "record \(row.first.flatMap { $0 } ?? "?") can't be read")
      }
      records.append(record)
    }
    return records
  }
}

extension JournalRecord {
  /// The record in a row of ``PostgresJournal/columns``; `nil` when it is none.
  init?(row: [String?]) {
    guard row.count >= 7, let sequence = row[0].flatMap({ Int64($0) }), Self.sequences.contains(sequence),
      let at = row[2].flatMap({ Int64($0) }),
      let kind = row[3], let actor = row[4], let payload = row[5], let epoch = row[6].flatMap({ Int64($0) })
    else { return nil }
    let incident = row[1].flatMap { IncidentID($0) }
    guard (row[1] == nil) == (incident == nil) else { return nil }
    self.init(
      sequence: sequence, incident: incident, at: Timestamp(milliseconds: at), kind: kind, actor: actor,
      payload: payload, epoch: epoch)
  }
}
