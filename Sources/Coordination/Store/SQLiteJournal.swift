import Dispatch
import FoundationEssentials
import GRDB
import Glibc
package import IncidentModel
package import JournalAudit

/// The journal in one SQLite file, for a single coordinator.
///
/// Write-ahead log with `synchronous = FULL`: an append has been through `fsync` when it returns.
/// All of SQLite's work happens on GRDB's own dispatch queue, never on the cooperative pool.
/// People may look into the file with `sqlite3` while the coordinator runs.
package actor SQLiteJournal: JournalStore {
  /// Records of a batch of ``replay(from:_:)``, which bounds its memory.
  static let batchSize = 256
  /// The columns that a record is read from.
  static let columns = "sequence, incident, at, kind, actor, payload, epoch"
  /// All columns, for moving records.
  static let allColumns = columns + ", hash"

  private let path: String
  private let database: DatabaseQueue
  /// `nil` when closed.
  private var lock: FileLock?
  /// The epoch under which this one leads; whoever has the lock may lead, but has to say so.
  private var leading: UInt64?
  /// The end of the chain, as the one that leads wrote it.
  private var known = ChainTip.origin
  private var account = AppendAccount()

  init(path: String, database: DatabaseQueue, lock: consuming FileLock) {
    self.path = path
    self.database = database
    self.lock = consume lock
  }

  package func append(_ records: [JournalRecord], epoch: UInt64) async throws(StoreError) {
    guard !records.isEmpty else { return }
    let records = records.map { $0.storable(epoch: epoch) }
    let clock = ContinuousClock()
    let began = clock.now
    do {
      try checkLead(epoch)
      let known = known
      let path = path
      self.known = try await write { db in
        try Self.checkEpoch(epoch, db)
        let stored = try Self.lastSequence(db)
        // What was written last is known here, whatever the file says by now.
        var tip = stored == known.sequence ? known : try Self.tip(db, path: path)
        let insert = try RecordInsert(db)
        var encoder = ChainEncoder()
        for record in records {
          guard record.sequence == tip.sequence + 1 else {
            throw StoreError.outOfOrder(expected: tip.sequence + 1, got: record.sequence)
          }
          tip = record.chained(after: tip.hash, &encoder)
          try insert.run(record, tip.hash)
        }
        return tip
      }
    } catch {
      account.failed(error)
      throw error
    }
    account.succeeded(after: clock.now - began)
  }

  package nonisolated(nonsending) func replay(
    from sequence: Int64, _ body: ([JournalRecord]) throws -> Void
  ) async throws {
    var next = max(1, sequence)
    while true {
      let batch = try await self.batch(from: next, mayLack: sequence <= 1)
      guard let last = batch.last else { return }
      try body(batch)
      next = last.sequence + 1
    }
  }

  package func records(of incident: IncidentID, limit: Int) async throws(StoreError) -> [JournalRecord] {
    guard limit > 0 else { return [] }
    let path = path
    return try await read { db in
      let own = """
        SELECT * FROM (
          SELECT \(Self.columns) FROM journal WHERE incident = :incident
          UNION ALL SELECT \(Self.columns) FROM journal_archive WHERE incident = :incident
        )
        """
      let latest = try Row.fetchAll(
        db, sql: own + " ORDER BY sequence DESC LIMIT :limit",
        arguments: ["incident": incident.text, "limit": limit]
      ).map { try Self.record($0, path: path) }
      guard latest.count == limit, let oldest = latest.last,
        let opening = try Row.fetchOne(
          db, sql: own + " ORDER BY sequence LIMIT 1", arguments: ["incident": incident.text]
        ).map({ try Self.record($0, path: path) }),
        opening.sequence < oldest.sequence
      else { return latest.reversed() }
      return [opening] + latest.reversed()
    }
  }

  package func lastSequence() async throws(StoreError) -> Int64 {
    try await read { try Self.lastSequence($0) }
  }

  package func tip() async throws(StoreError) -> ChainTip {
    if leading != nil, lock != nil { return known }
    let path = path
    return try await read { try Self.tip($0, path: path) }
  }

  package func health() async -> StoreHealth {
    let path = path
    let seen = try? await read { db in
      (sequence: try Self.lastSequence(db), bytes: Self.size(path) + Self.size(path + "-wal"))
    }
    return account.health(
      kind: "sqlite", location: path, bytes: seen?.bytes ?? 0, lastSequence: seen?.sequence ?? 0,
      tip: try? await tip())
  }

  package func close() async {
    guard let lock = lock.take() else { return }
    let database = database
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      // Waits for what is under way, so not on the cooperative pool.
      DispatchQueue.global().async {
        try? database.close()
        continuation.resume()
      }
    }
    // Only now may another coordinator come.
    _ = consume lock
  }

  /// The next records, without a hole but for what is in the archive.
  /// - Parameter mayLack: whether archived records may be missing.
  private func batch(from sequence: Int64, mayLack: Bool) async throws(StoreError) -> [JournalRecord] {
    let path = path
    return try await read { db in
      let records = try Row.fetchAll(
        db,
        sql: "SELECT \(Self.columns) FROM journal WHERE sequence >= ? ORDER BY sequence LIMIT ?",
        arguments: [sequence, Self.batchSize]
      ).map { try Self.record($0, path: path) }
      guard let last = records.last else { return [] }
      let missing = last.sequence - sequence + 1 - Int64(records.count)
      guard missing > 0 else { return records }
      // Nothing may be missing but what is in the archive.
      let archived = try Int64.fetchOne(
        db, sql: "SELECT count(*) FROM journal_archive WHERE sequence BETWEEN ? AND ?",
        arguments: [sequence, last.sequence])
      guard archived == missing else {
        throw StoreError.corrupt(
          path: path, detail: "records between \(sequence) and \(last.sequence) are missing")
      }
      guard mayLack else { throw StoreError.archived(path: path) }
      return records
    }
  }

  private static func lastSequence(_ db: Database) throws -> Int64 {
    try Int64.fetchOne(db, sql: "SELECT max(sequence) FROM journal") ?? 0
  }

  /// The end of the chain as the file has it.
  private static func tip(_ db: Database, path: String) throws -> ChainTip {
    guard
      let row = try Row.fetchOne(db, sql: "SELECT sequence, hash FROM journal ORDER BY sequence DESC LIMIT 1")
    else { return .origin }
    let (sequence, bytes): (Int64, Data) = (row[0], row[1])
    guard let hash = ChainHash(Array(bytes)) else {
      throw StoreError.corrupt(path: path, detail: "record \(sequence) has no hash")
    }
    return ChainTip(sequence: sequence, hash: hash)
  }

  private static func record(_ row: Row, path: String) throws -> JournalRecord {
    // Not GRDB's own conversion, which ends the process where a damaged file holds a value of another type.
    func value<T: DatabaseValueConvertible>(_ column: Int) throws -> T {
      if let value = T.fromDatabaseValue(row[column] as DatabaseValue) { return value }
      throw StoreError.corrupt(path: path, detail: "column \(column + 1) of a record holds no \(T.self)")
    }
    let sequence: Int64 = try value(0)
    guard JournalRecord.sequences.contains(sequence) else {
      throw StoreError.corrupt(path: path, detail: "a record has the number \(sequence), which none can have")
    }
    let text: String? = (row[1] as DatabaseValue).isNull ? nil : try value(1)
    let incident = text.flatMap { IncidentID($0) }
    guard (text == nil) == (incident == nil) else {
      throw StoreError.corrupt(path: path, detail: "record \(sequence) has an incident id that is none")
    }
    return JournalRecord(
      sequence: sequence, incident: incident, at: Timestamp(milliseconds: try value(2)), kind: try value(3),
      actor: try value(4), payload: try value(5), epoch: try value(6))
  }

  private static func size(_ path: String) -> Int64 {
    var info = stat()
    return stat(path, &info) == 0 ? Int64(info.st_size) : 0
  }
}

extension SQLiteJournal {
  package func campaign(_ candidate: LeaderInfo) async throws(StoreError) -> Campaign {
    let path = path
    let (epoch, tip) = try await write { db in
      let epoch = try Self.epoch(db) + 1
      try db.execute(
        sql: "UPDATE leadership SET epoch = ?, instance = ?, bus = ?, changes = ?, http = ?",
        arguments: [
          Int64(epoch), candidate.instance, candidate.bus, candidate.changes, candidate.http,
        ])
      return (epoch, try Self.tip(db, path: path))
    }
    leading = max(leading ?? 0, epoch)
    known = tip
    return .leading(epoch: epoch)
  }

  package func confirm(epoch: UInt64) async throws(StoreError) {
    try checkLead(epoch)
    try await read { try Self.checkEpoch(epoch, $0) }
  }

  package func resign(epoch: UInt64) async {
    if leading == epoch { leading = nil }
  }

  package func leader() async throws(StoreError) -> LeaderInfo? {
    guard let leading else { return nil }
    return try await read { db in
      try Row.fetchOne(db, sql: "SELECT instance, bus, changes, http FROM leadership").map {
        LeaderInfo(instance: $0[0], bus: $0[1], changes: $0[2], http: $0[3], epoch: leading)
      }
    }
  }

  func checkLead(_ epoch: UInt64) throws(StoreError) {
    guard leading == epoch || lock == nil else { throw .fenced(mine: epoch, current: leading ?? 0) }
  }

  static func checkEpoch(_ epoch: UInt64, _ db: Database) throws {
    let current = try Self.epoch(db)
    guard current == epoch else { throw StoreError.fenced(mine: epoch, current: current) }
  }

  private static func epoch(_ db: Database) throws -> UInt64 {
    UInt64(max(0, try Int64.fetchOne(db, sql: "SELECT epoch FROM leadership") ?? 0))
  }
}

extension SQLiteJournal {
  // Not GRDB's async methods: those give up when the calling task is cancelled.
  func write<T: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(StoreError) -> T {
    guard lock != nil else { throw .closed(path: path) }
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      database.asyncWrite(body) { _, result in continuation.resume(returning: result) }
    }
    return try unwrap(result)
  }

  func read<T: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(StoreError) -> T {
    guard lock != nil else { throw .closed(path: path) }
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      database.asyncRead { database in
        continuation.resume(returning: Result { try body(database.get()) })
      }
    }
    return try unwrap(result)
  }

  private func unwrap<T>(_ result: Result<T, any Error>) throws(StoreError) -> T {
    switch result {
    case .success(let value): return value
    case .failure(let error): throw StoreError(error, path: path)
    }
  }
}
