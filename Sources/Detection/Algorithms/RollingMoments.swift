/// The moments of the last `capacity` numbers.
///
/// The two-stack queue of the folklore (K. Tangwongsan and others, "General Incremental
/// Sliding-Window Aggregation", 2015) inside one ring: the older part of the ring holds, at each
/// place, the moments from there to the end of that part; the younger part holds the values and one
/// running ``Moments``. The oldest value leaves by stepping over it, so nothing is ever subtracted
/// and no rounding error stays: an absurd value is forgotten entirely when it leaves.
///
/// O(1) a value, amortised (one pass over the ring each `capacity` values), and no allocation once
/// the ring is full.
package struct RollingMoments: Hashable, Sendable {
  private struct Slot: Hashable, Sendable {
    /// The value, or the mean from here to the end of the older part.
    var mean: Double
    var squares: Double
  }

  /// How many values are remembered at most.
  package let capacity: Int
  /// How many values are remembered.
  package private(set) var count = 0
  private var slots: [Slot] = []
  private var oldest = 0
  private var olderCount = 0
  private var younger = Moments()

  /// A memory of `capacity` values, at least one.
  package init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  /// The moments of all remembered values.
  package var moments: Moments {
    guard olderCount > 0 else { return younger }
    let slot = slots[oldest]
    return Moments(count: olderCount, mean: slot.mean, squares: slot.squares).merged(with: younger)
  }

  /// Remembers a value, and forgets the oldest when there are too many.
  package mutating func append(_ value: Double) {
    if count == capacity { removeOldest() }
    let slot = Slot(mean: value, squares: 0)
    if slots.count < capacity {
      slots.append(slot)
    } else {
      slots[place(count)] = slot
    }
    count += 1
    younger.add(value)
  }

  /// The memory as numbers: the places from the oldest on, and the squares of the older part.
  var packed: (places: [Double], squares: [Double]) {
    ((0..<count).map { slots[place($0)].mean }, (0..<olderCount).map { slots[place($0)].squares })
  }

  /// A memory from its numbers, which goes on to the last bit as the one that they were taken from.
  /// - Returns: `nil` for numbers that no memory has.
  init?(capacity: Int, places: [Double], squares: [Double]) {
    guard (1...Self.largest).contains(capacity), places.count <= capacity, squares.count <= places.count,
      places.allSatisfy(\.isFinite), squares.allSatisfy({ $0.isFinite && $0 >= 0 })
    else { return nil }
    self.init(capacity: capacity)
    count = places.count
    olderCount = squares.count
    slots = places.enumerated().map { place, mean in
      Slot(mean: mean, squares: place < squares.count ? squares[place] : 0)
    }
    for value in places.dropFirst(olderCount) { younger.add(value) }
  }

  /// The largest capacity that is taken from outside.
  static let largest = 100_000

  private mutating func removeOldest() {
    if olderCount == 0 { turnYoungerIntoOlder() }
    oldest = place(1)
    olderCount -= 1
    count -= 1
  }

  private mutating func turnYoungerIntoOlder() {
    var sum = Moments()
    for index in stride(from: count - 1, through: 0, by: -1) {
      let place = place(index)
      sum.add(slots[place].mean)
      slots[place] = Slot(mean: sum.mean, squares: sum.squares)
    }
    olderCount = count
    younger = Moments()
  }

  /// Where the value `index` places after the oldest is.
  private func place(_ index: Int) -> Int {
    let place = oldest + index
    return place < capacity ? place : place - capacity
  }
}
