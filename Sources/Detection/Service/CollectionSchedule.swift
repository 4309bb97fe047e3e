/// When a source is measured next: on a fixed grid that does not drift with the time that measuring takes.
package struct CollectionSchedule<Moment: InstantProtocol>: Sendable where Moment.Duration == Duration {
  /// When the next measurement is due.
  package private(set) var due: Moment
  private let interval: Duration
  private let retry: Duration

  /// A grid that begins at `start`.
  /// - Parameters:
  ///   - start: the first measurement.
  ///   - interval: from one measurement to the next; at least 10 ms.
  ///   - retry: from the end of a failed one to the next; at least 10 ms.
  package init(start: Moment, interval: Duration, retry: Duration) {
    due = start
    self.interval = max(interval, .milliseconds(10))
    self.retry = max(retry, .milliseconds(10))
  }

  /// The measurement that was due is done. Those that were missed meanwhile are left out, not made up for.
  package mutating func succeeded(at now: Moment) {
    due = due.advanced(by: interval)
    let late = due.duration(to: now)
    guard late > .zero else { return }
    due = due.advanced(by: interval * (Int(late / interval) + 1))
  }

  /// The measurement that was due failed: a new grid begins with the next try.
  package mutating func failed(at now: Moment) {
    due = now.advanced(by: retry)
  }
}
