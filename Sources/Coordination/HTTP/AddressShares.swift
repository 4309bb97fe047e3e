/// How many connections each address has, and whether it may have one more: however many a few take, others get in.
struct AddressShares: Sendable {
  /// Connections that any address may have as long as there is room at all.
  static let least = 8

  /// One address's at the most.
  let limit: Int
  /// All of them at the most.
  let total: Int
  private var counts: [String: Int] = [:]
  private var count = 0

  /// No connections yet.
  init(limit: Int, total: Int) {
    self.limit = limit
    self.total = total
  }

  /// Counts a connection: up to the limit, and no more than half of what the others leave.
  /// - Returns: false for one too many; then it isn't counted.
  mutating func admit(_ address: String) -> Bool {
    let own = counts[address, default: 0]
    let fair = max((total - (count - own)) / 2, Self.least)
    guard own < min(limit, fair) else { return false }
    counts[address] = own + 1
    count += 1
    return true
  }

  /// A connection that was counted is gone.
  mutating func release(_ address: String) {
    guard let own = counts[address] else { return }
    counts[address] = own > 1 ? own - 1 : nil
    count -= 1
  }
}
