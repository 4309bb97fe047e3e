import OrderedCollections

/// The ids of the latest signals, by which one that comes again is known.
///
/// What is kept of an id are 128 bits of it, under a key that differs with every run: two ids that are alike
/// there are not to be expected in the lifetime of a coordinator, nor to be made by anybody.
struct RememberedIDs: Sendable, Equatable {
  private var hashes: OrderedSet<UInt128> = []

  /// How many are remembered.
  var count: Int { hashes.count }

  func contains(_ id: String) -> Bool { hashes.contains(Self.hash(id)) }

  /// Remembers an id; of more than a quarter over the limit the oldest are forgotten.
  mutating func remember(_ id: String, limit: Int) {
    hashes.append(Self.hash(id))
    // In lots, because taking from the front moves the rest.
    if hashes.count > limit + limit / 4 { hashes.removeFirst(hashes.count - limit) }
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
