import IncidentModel
import OrderedCollections

/// The ids of the latest signals, by which one that comes again is known.
///
/// What is kept of an id are 128 bits of it, under a key that differs with every run: two ids that are alike
/// there are not to be expected in the lifetime of a coordinator, nor to be made by anybody.
struct RememberedIDs: Sendable, Equatable {
  /// When each came, the latest last.
  private var hashes: OrderedDictionary<UInt128, Timestamp> = [:]

  /// How many are remembered.
  var count: Int { hashes.count }

  func contains(_ id: String) -> Bool { hashes[Self.hash(id)] != nil }

  /// Remembers an id; of more than a quarter over the limit the oldest are forgotten.
  mutating func remember(_ id: String, at now: Timestamp, limit: Int) {
    let hash = Self.hash(id)
    // One that is there already becomes the latest.
    if hashes.updateValue(now, forKey: hash) != nil {
      hashes[hash] = nil
      hashes[hash] = now
    }
    // In lots, because taking from the front moves the rest.
    if hashes.count > limit + limit / 4 { hashes.removeFirst(hashes.count - limit) }
  }

  /// Forgets those that came before a moment, and the oldest beyond a limit.
  mutating func forget(before cutoff: Timestamp, limit: Int) {
    // They come in the order of time.
    let kept = min(limit, hashes.count - (hashes.values.firstIndex { $0 >= cutoff } ?? hashes.count))
    hashes.removeFirst(hashes.count - kept)
  }

  private static func hash(_ id: String) -> UInt128 {
    var (high, low) = (Hasher(), Hasher())
    low.combine(id)
    high.combine(1)
    high.combine(id)
    return UInt128(UInt64(bitPattern: Int64(high.finalize()))) << 64
      | UInt128(UInt64(bitPattern: Int64(low.finalize())))
  }
}
