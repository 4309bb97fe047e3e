import IncidentModel

/// The leases that an agent works on, and until when it may.
///
/// Time is an argument, as the duration since some moment. A lease counts from the moment that the heartbeat which renewed it was *sent*:
/// the coordinator counts from when it came, so the worker always stops first.
struct LeaseTable {
  struct Held {
    let lease: Lease
    var renewedAt: Duration
    /// Why it was lost; the worker may still be stopping.
    var lostReason: String?
    /// The work is done and its result is being stated: it no longer takes a slot, because the coordinator
    /// hands out the next job with the very grant of this result.
    var isFinishing = false
  }

  private struct Beat {
    let sequence: UInt64
    let sentAt: Duration
    let tokens: Set<UInt64>
  }

  /// Heartbeats without an answer that are remembered.
  private static let maxBeats = 16

  private(set) var held: [UInt64: Held] = [:]
  private var beats: [Beat] = []
  private var lastSequence: UInt64 = 0

  /// What is worked on rightfully.
  var valid: [Lease] {
    held.values.filter { $0.lostReason == nil }.map(\.lease).sorted { $0.token < $1.token }
  }

  /// How many jobs are worked on, those whose result is being stated aside.
  var working: Int { held.values.count { !$0.isFinishing } }

  subscript(token: UInt64) -> Held? { held[token] }

  /// Takes a lease on.
  mutating func add(_ lease: Lease, at now: Duration) {
    held[lease.token] = Held(lease: lease, renewedAt: now)
  }

  /// The work is done; its result is about to be stated.
  mutating func finishing(_ token: UInt64) { held[token]?.isFinishing = true }

  /// The worker is done.
  /// - Returns: whether the lease was held.
  mutating func remove(_ token: UInt64) -> Bool { held.removeValue(forKey: token) != nil }

  /// Ends the right to work.
  /// - Returns: the lease, if it was there before.
  mutating func lose(_ token: UInt64, reason: String) -> Lease? {
    guard let entry = held[token], entry.lostReason == nil else { return nil }
    held[token]?.lostReason = reason
    return entry.lease
  }

  /// Notes a heartbeat that is about to be sent.
  mutating func beat(at now: Duration) -> UInt64 {
    lastSequence += 1
    beats.append(Beat(sequence: lastSequence, sentAt: now, tokens: Set(valid.map(\.token))))
    if beats.count > Self.maxBeats { beats.removeFirst() }
    return lastSequence
  }

  /// Takes the coordinator's word on a heartbeat.
  /// - Returns: the leases that the heartbeat named and the coordinator no longer knows.
  mutating func acknowledged(_ sequence: UInt64, valid: [Lease]) -> [UInt64] {
    guard let beat = beats.first(where: { $0.sequence == sequence }) else { return [] }
    beats.removeAll { $0.sequence <= sequence }
    let known = Set(valid.map(\.token))
    for token in beat.tokens where known.contains(token) {
      if let renewedAt = held[token]?.renewedAt, renewedAt < beat.sentAt {
        held[token]?.renewedAt = beat.sentAt
      }
    }
    return beat.tokens.filter { !known.contains($0) && held[$0] != nil }.sorted()
  }

  /// The leases that nobody renewed for `period`.
  func expired(at now: Duration, period: Duration) -> [UInt64] {
    held.values.filter { $0.lostReason == nil && $0.renewedAt + period <= now }.map(\.lease.token).sorted()
  }

  /// When the next lease expires if nobody renews it.
  func nextExpiry(period: Duration) -> Duration? {
    held.values.filter { $0.lostReason == nil }.map { $0.renewedAt + period }.min()
  }
}
