import IncidentModel

/// How many lines about events the log still takes: in a storm the journal has every event, the log a part.
///
/// A bucket of ``burst`` lines that fills up again by ``perSecond``; without it, writing the log would be
/// most of the work just when there is most to do.
struct LogBudget {
  static let burst = 1_000.0
  static let perSecond = 100.0

  private var lines = Self.burst
  private var filledAt: Timestamp?
  private var left = 0

  /// Fills the bucket up for the time that went by.
  mutating func fill(at now: Timestamp) {
    let passed = filledAt.map { max(0, (now - $0).inSeconds) } ?? 0
    lines = min(Self.burst, lines + passed * Self.perSecond)
    filledAt = now
  }

  /// Whether one more line may be written; counts it if not.
  mutating func take() -> Bool {
    guard lines >= 1 else {
      left += 1
      return false
    }
    lines -= 1
    return true
  }

  /// How many lines were left out since this was last asked.
  mutating func takeLeftOut() -> Int {
    defer { left = 0 }
    return left
  }
}
