/// A point of the monotonic clock at which waiting ends.
struct Deadline: Sendable {
  /// How long it was away when it was set, in seconds.
  let seconds: Double
  private let end: ContinuousClock.Instant

  init(in timeout: Duration) {
    let (whole, part) = timeout.components
    seconds = Double(whole) + Double(part) / 1e18
    end = .now + timeout
  }

  /// What is left, at most a day; not positive when it has passed.
  var milliseconds: Int64 {
    let (whole, part) = (end - .now).components
    // A part of a millisecond counts as one: waiting 0 ms would spin.
    return min(whole, 86_400) * 1000 + (part + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
