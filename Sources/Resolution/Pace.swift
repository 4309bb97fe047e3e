import FoundationEssentials
package import IncidentModel

/// Time as the worker uses it; tests put a faster one in its place.
package struct Pace: Sendable {
  /// The wall clock, for records.
  package var now: @Sendable () -> Timestamp
  /// A clock that never jumps, for measuring how long something takes.
  package var elapsed: @Sendable () -> Duration
  /// Waits; returns early when the task is cancelled.
  package var sleep: @Sendable (Duration) async -> Void

  /// Time of one's own; see the fields.
  package init(
    now: @escaping @Sendable () -> Timestamp, elapsed: @escaping @Sendable () -> Duration,
    sleep: @escaping @Sendable (Duration) async -> Void
  ) {
    self.now = now
    self.elapsed = elapsed
    self.sleep = sleep
  }

  /// The machine's time.
  package static var system: Pace {
    let start = ContinuousClock.now
    return Pace(
      now: { Timestamp(seconds: Date().timeIntervalSince1970) },
      elapsed: { ContinuousClock.now - start },
      sleep: { try? await Task.sleep(for: $0) })
  }
}
