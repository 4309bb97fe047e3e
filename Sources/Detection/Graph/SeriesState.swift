package import IncidentModel

/// What a detector remembers of one series. A value: copied, it is a snapshot.
package struct SeriesState: Hashable, Sendable, Codable {
  /// When the last accepted sample was measured.
  package var lastAccepted: Timestamp?
  /// What the threshold remembers.
  package var threshold = ThresholdDetector.State.quiet
  /// What the baseline remembers; `nil` without one.
  package var baseline: BaselineDetector.State?
  /// What was raised and not cleared yet.
  package var alarm: Alarm?
  /// Whether anything was said of the series since the start.
  package var hasSpoken = false

  /// Nothing seen yet.
  package init(for rule: SeriesRule) {
    baseline = rule.baseline?.freshState()
  }

  /// No memory at all; a stand-in that allocates nothing.
  init() {}
}

/// A statement that stands: a series was raised and not cleared.
package struct Alarm: Hashable, Sendable, Codable {
  /// The rule that holds now.
  package var rule: SignalRule
  /// When the series first left its bounds.
  package var since: Timestamp
  /// When it was last said, in the samples' time.
  package var saidAt: Timestamp
  /// The worst severity that was said.
  package var worst: Severity
  /// The last signal that was made.
  package var last: Signal
}

/// Numbers the signals of one process.
package struct SignalIDs: Hashable, Sendable {
  /// What makes the ids differ from those of every other process, earlier runs included.
  package let instance: String
  private var counter: UInt64

  /// Ids `<instance>-1`, `<instance>-2`, …
  package init(instance: String, after counter: UInt64 = 0) {
    self.instance = instance
    self.counter = counter
  }

  /// An id that was never given.
  package mutating func next() -> String {
    counter &+= 1
    return "\(instance)-\(counter)"
  }
}
