import IncidentModel
import JournalAudit
import PostgresBackend

extension PostgresJournal {
  /// The prepared statement's name.
  static let appending = "append"

  /// Checks the epoch and the sequence and writes, in one statement that is its own transaction.
  ///
  /// `FOR SHARE` holds the epoch until the commit: a new leader waits for that, and one that came before is
  /// seen. Prepared, so that the long message comes while the server still counts the session as idle:
  /// there the lease's timer runs, should this process freeze in the middle.
  static let appendStatement = """
    WITH lead AS (SELECT epoch FROM aiops.leadership WHERE id = 1 FOR SHARE),
    last AS (SELECT coalesce(max(sequence), 0) AS sequence FROM aiops.journal),
    written AS (
      INSERT INTO aiops.journal (sequence, epoch, incident, at, kind, actor, payload, hash)
      SELECT sequence, $1::bigint, incident, at, kind, actor, payload, hash
      FROM unnest($3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bytea[])
        AS new (sequence, incident, at, kind, actor, payload, hash)
      WHERE (SELECT epoch FROM lead) = $1::bigint AND (SELECT sequence FROM last) = $2::bigint - 1
      RETURNING 1
    )
    SELECT (SELECT epoch FROM lead) AS epoch, (SELECT sequence FROM last) AS last,
      (SELECT count(*) FROM written) AS written
    """

  /// Records that are appended together, as they are written.
  struct Batch: Sendable {
    let records: [JournalRecord]
    /// Of the records; of as many.
    let hashes: [ChainHash]
    let epoch: UInt64
    /// The first record's sequence.
    let first: Int64
    /// The end of the chain once it is written.
    let tip: ChainTip

    /// - Parameters:
    ///   - records: at least one.
    ///   - tip: the end of the chain before it.
    init(_ records: [JournalRecord], epoch: UInt64, after tip: ChainTip) {
      self.records = records.map { $0.storable(epoch: epoch) }
      self.epoch = epoch
      first = records.first?.sequence ?? 0
      var encoder = ChainEncoder()
      var tip = tip
      hashes = self.records.map { record in
        tip = record.chained(after: tip.hash, &encoder)
        return tip.hash
      }
      self.tip = tip
    }

    /// Checks that the sequences follow each other.
    func check() throws(StoreError) {
      for (offset, record) in records.enumerated() where record.sequence != first + Int64(offset) {
        throw .outOfOrder(expected: first + Int64(offset), got: record.sequence)
      }
    }

    var parameters: [PostgresParameter] {
      [
        .text(String(epoch)), .text(String(first)), .bigints(records.map(\.sequence)),
        .texts(records.map { $0.incident?.text }), .bigints(records.map(\.at.milliseconds)),
        .texts(records.map(\.kind)), .texts(records.map(\.actor)), .texts(records.map(\.payload)),
        .bytes(hashes.map(\.bytes)),
      ]
    }

    /// How long the server may take: a slow disk must not make a large batch impossible for ever.
    var patience: Duration {
      let bytes = records.reduce(0) { $0 + $1.payload.utf8.count + 100 }
      return PostgresJournal.patience + .milliseconds(bytes / 1000)
    }
  }

  /// What became of a batch.
  private enum Fate: Sendable {
    case written
    /// It was not written: the journal is at another epoch, or another place.
    case refused(epoch: UInt64, last: Int64)
  }

  /// Makes a batch durable, or finds out that it is already.
  func write(_ records: [JournalRecord], epoch: UInt64) async throws(StoreError) {
    guard lead?.epoch == epoch else { throw .fenced(mine: epoch, current: lead?.epoch ?? 0) }
    // What is tried again has the same hashes: the tip goes on only when it is known to be written.
    let batch = Batch(records, epoch: epoch, after: known)
    try batch.check()
    let wasDoubtful = doubtful == batch.first
    doubtful = batch.first
    let fate: Fate
    do {
      fate = try await asLeader(batch.epoch) { connection, again async throws(PostgresError) in
        try await Self.write(batch, maybeThere: wasDoubtful || again, on: connection)
      }
    } catch {
      // The server's own refusal is an outcome.
      if case .unreachable = error {} else if !wasDoubtful { doubtful = nil }
      throw error
    }
    doubtful = nil
    switch fate {
    case .written: known = batch.tip
    case .refused(let epoch, let last):
      if epoch != batch.epoch { throw await fence(batch.epoch, epoch) }
      throw .outOfOrder(expected: last &+ 1, got: batch.first)
    }
  }

  /// The latest record's number and hash.
  static let tipQuery = """
    SELECT sequence, encode(hash, 'hex') AS hash FROM aiops.journal ORDER BY sequence DESC LIMIT 1
    """

  /// The end of the chain in an answer to ``tipQuery``.
  static func tip(_ rows: PostgresRows, _ location: String) throws(StoreError) -> ChainTip {
    guard let sequence = rows.int(0, "sequence") else { return .origin }
    guard let hash = rows[0, "hash"].flatMap({ ChainHash(hex: $0) }) else {
      throw .corrupt(path: location, detail: "record \(sequence) has no hash")
    }
    return ChainTip(sequence: Int64(sequence), hash: hash)
  }

  private static func write(
    _ batch: Batch, maybeThere: Bool, on connection: PostgresConnection
  ) async throws(PostgresError) -> Fate {
    let answer: PostgresRows
    do {
      answer = try await connection.query(
        prepared: appending, with: batch.parameters, timeout: batch.patience)
    } catch {
      // Written by a session of its own that was not quite gone.
      if maybeThere, error.sqlState == "23505", try await isThere(batch, on: connection) { return .written }
      throw error
    }
    if answer.int(0, "written") == batch.records.count { return .written }
    let epoch = UInt64(max(0, answer.int(0, "epoch") ?? 0))
    let last = Int64(answer.int(0, "last") ?? 0)
    if maybeThere, epoch == batch.epoch, last == batch.first + Int64(batch.records.count) - 1,
      try await isThere(batch, on: connection)
    {
      return .written
    }
    return .refused(epoch: epoch, last: last)
  }

  /// Whether the journal holds exactly these records where they belong.
  ///
  /// A record and its hash are written together and the hash is of all that is in it: the same hash is the same
  /// record, which so need not be fetched, however large.
  static func isThere(
    _ batch: Batch, on connection: PostgresConnection
  ) async throws(PostgresError) -> Bool {
    var checked = 0
    while checked < batch.records.count {
      let part = batch.records[checked...].prefix(batchSize)
      guard let from = part.first?.sequence, let to = part.last?.sequence else { return false }
      let found = try await connection.query(
        """
        SELECT sequence, encode(hash, 'hex') AS hash FROM aiops.journal
        WHERE sequence BETWEEN $1::bigint AND $2::bigint ORDER BY sequence
        """, [String(from), String(to)])
      let hashes = (0..<found.count).map { found[$0, "hash"] }
      guard hashes == batch.hashes[part.indices].map({ $0.hex }) else { return false }
      checked += part.count
    }
    return true
  }
}

extension JournalRecord {
  /// The end of the chain with this record, which is as the store keeps it, after the one with that hash.
  func chained(after previous: ChainHash, _ encoder: inout ChainEncoder) -> ChainTip {
    ChainTip(
      sequence: sequence,
      hash: encoder.hash(
        after: previous, sequence: sequence, epoch: epoch, at: at.milliseconds, incident: incident?.text,
        kind: kind, actor: actor, payload: payload))
  }

  /// The record as a store keeps it: with the epoch that it is written under, and without NUL characters.
  ///
  /// Neither SQLite's nor PostgreSQL's text holds those. In JSON `\u0000` is the same character; a name shows it
  /// so. Refusing the record would stop the coordinator over one odd name.
  func storable(epoch: UInt64) -> JournalRecord {
    func clean(_ text: String) -> String {
      text.hasNUL ? text.replacing("\0", with: "\\u0000") : text
    }
    return JournalRecord(
      sequence: sequence, incident: incident, at: at, kind: clean(kind), actor: clean(actor),
      payload: clean(payload), epoch: Int64(epoch))
  }
}
