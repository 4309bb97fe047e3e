import IncidentModel

/// The signals that the coordinator does not have yet, in order, bounded.
///
/// One batch is under way at a time. It stays as it is until it was accepted, so that a second copy
/// is a copy. While batches cannot leave, a signal takes the place of the last one of its fingerprint that
/// says the same, raised or cleared, so that the queue grows with what happens and not with time. At the
/// bound, a waiting signal that a later one of the same fingerprint speaks over goes first; then the oldest
/// that says that trouble is over; then the oldest.
struct SignalSpool {
  /// Signals on their way under one number.
  struct Batch {
    var number: UInt64
    var signals: [Signal]
  }

  private struct Entry {
    var signal: Signal
    var bytes: Int
  }

  /// Signals of one batch at the most.
  static let batchSignals = 128
  /// Bytes of one batch at the most; half of what a frame may have, and more than any one signal.
  static let batchBytes = WireCodec.maxAgentFrame / 2

  /// Signals kept at the most, those under way included.
  let limit: Int
  /// Signals that a later one replaced.
  private(set) var coalesced = 0
  /// Signals lost.
  private(set) var dropped = 0
  /// What is under way.
  private(set) var inFlight: Batch?

  /// What happened since ``takeChanges()``; `nil` when nobody wants to know.
  private var changes: [SpoolChange]?

  private var entries: [UInt64: Entry] = [:]
  /// The keys of `entries`, rising.
  private var order: [UInt64] = []
  /// The last waiting signal of each fingerprint.
  private var latest: [Fingerprint: UInt64] = [:]
  private var nextKey: UInt64 = 1
  private var nextBatch: UInt64 = 1

  /// - Parameters:
  ///   - limit: signals kept at the most, those under way included.
  ///   - tellsChanges: whether somebody calls ``takeChanges()``.
  init(limit: Int, tellsChanges: Bool = false) {
    self.limit = max(limit, 1)
    changes = tellsChanges ? [] : nil
  }

  /// What happened since the last call.
  mutating func takeChanges() -> [SpoolChange] {
    defer { changes = changes.map { _ in [] } }
    return changes ?? []
  }

  /// Signals that the coordinator does not have yet.
  var count: Int { entries.count + (inFlight?.signals.count ?? 0) }

  /// Whether a signal of that kind waits or is under way.
  func contains(where isMeant: (Signal) -> Bool) -> Bool {
    inFlight?.signals.contains(where: isMeant) == true || entries.values.contains { isMeant($0.signal) }
  }

  /// What the coordinator will take to be raised once it has all of those that are meant, by their fingerprints.
  func raised(where isMeant: (Signal) -> Bool) -> [Signal] {
    var last: [Fingerprint: Signal] = [:]
    let all = (inFlight?.signals ?? []) + order.compactMap { entries[$0]?.signal }
    for signal in all where isMeant(signal) {
      last[signal.fingerprint] = signal
    }
    return last.values.filter { $0.state == .raised }.sorted { $0.fingerprint < $1.fingerprint }
  }

  /// Puts a signal at the end.
  /// - Parameters:
  ///   - isHeld: whether batches cannot leave at the moment.
  ///   - isKept: whether it is one that was told of as added before, in an earlier process.
  mutating func add(_ signal: Signal, bytes: Int, isHeld: Bool = false, isKept: Bool = false) {
    if !isKept { changes?.append(.added(signal)) }
    if isHeld, let key = latest[signal.fingerprint], entries[key]?.signal.state == signal.state {
      // In its place, not at the end: one that is said again and again must not wait forever.
      if let old = entries[key] { changes?.append(.removed(id: old.signal.id)) }
      entries[key] = Entry(signal: signal, bytes: bytes)
      coalesced += 1
      return
    }
    if count >= limit { makeRoom(for: signal) }
    // Nothing waits that could go, when all that there is room for is under way.
    if count >= limit {
      dropped += 1
      changes?.append(.removed(id: signal.id))
      return
    }
    entries[nextKey] = Entry(signal: signal, bytes: bytes)
    order.append(nextKey)
    latest[signal.fingerprint] = nextKey
    nextKey += 1
  }

  private mutating func makeRoom(for signal: Signal) {
    // Once everything waiting is the latest of its kind, only the newcomer can speak over another.
    if latest.count < entries.count {
      let current = Set(latest.values)
      for key in order where !current.contains(key) {
        if let old = entries.removeValue(forKey: key) { changes?.append(.removed(id: old.signal.id)) }
        coalesced += 1
      }
      order.removeAll { entries[$0] == nil }
    }
    if let key = latest[signal.fingerprint] {
      remove(key)
      coalesced += 1
    }
    if count < limit { return }
    guard let oldest = order.first else { return }
    remove(order.first { entries[$0]?.signal.state == .cleared } ?? oldest)
    dropped += 1
  }

  private mutating func remove(_ key: UInt64) {
    guard let entry = entries.removeValue(forKey: key) else { return }
    changes?.append(.removed(id: entry.signal.id))
    order.removeAll { $0 == key }
    if latest[entry.signal.fingerprint] == key { latest[entry.signal.fingerprint] = nil }
  }

  /// Takes the next batch; `nil` when one is under way or nothing waits.
  mutating func takeBatch() -> Batch? {
    if inFlight != nil || order.isEmpty { return nil }
    var batch = Batch(number: nextBatch, signals: [])
    var bytes = 0
    var taken = 0
    for key in order.prefix(Self.batchSignals) {
      guard let entry = entries[key] else { continue }
      if bytes + entry.bytes > Self.batchBytes && !batch.signals.isEmpty { break }
      bytes += entry.bytes
      batch.signals.append(entry.signal)
      taken += 1
      entries[key] = nil
      if latest[entry.signal.fingerprint] == key { latest[entry.signal.fingerprint] = nil }
    }
    order.removeFirst(taken)
    nextBatch += 1
    inFlight = batch
    return batch
  }

  /// The coordinator has a batch.
  /// - Returns: how many signals that makes; 0 for a number that is not under way.
  mutating func accepted(_ number: UInt64) -> Int {
    guard let batch = inFlight, batch.number == number else { return 0 }
    inFlight = nil
    changes?.append(contentsOf: batch.signals.map { .removed(id: $0.id) })
    return batch.signals.count
  }
}
