/// How long many answers took.
struct Latencies: Sendable {
  private(set) var nanoseconds: [Int64] = []
  private var isSorted = true

  /// Room for so many.
  init(capacity: Int = 0) { nanoseconds.reserveCapacity(capacity) }

  mutating func add(_ duration: Duration) {
    let parts = duration.components
    nanoseconds.append(parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
    isSorted = false
  }

  /// The value that a share `0...1` of the answers did not exceed (nearest rank), in milliseconds.
  mutating func percentile(_ share: Double) -> Double {
    if nanoseconds.isEmpty { return 0 }
    if !isSorted {
      nanoseconds.sort()
      isSorted = true
    }
    let rank = Int((share * Double(nanoseconds.count)).rounded(.up))
    return Double(nanoseconds[min(max(rank, 1), nanoseconds.count) - 1]) / 1e6
  }
}
