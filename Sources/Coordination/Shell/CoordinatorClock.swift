package import IncidentModel

/// The coordinator's time: the wall clock's when it started, carried on by the monotonic clock.
///
/// A wall clock that is set forwards or backwards while the coordinator runs neither
/// fires deadlines early nor stops them.
package struct CoordinatorClock: Sendable {
  private let base: Timestamp
  private let start = ContinuousClock.now

  /// A clock that begins at `wall`, or at `floor` where that is later: time never goes back behind the journal.
  package init(wall: Timestamp, floor: Timestamp) {
    base = max(wall, floor)
  }

  /// The moment it is.
  package var now: Timestamp { base + (ContinuousClock.now - start) }
}
