import IncidentModel

/// How long the latest commits took until they were durable.
struct CommitTimes: Sendable {
  /// Commits that are remembered.
  static let limit = 512

  private var latest: [Duration] = []
  private var next = 0

  /// Takes one more.
  mutating func add(_ time: Duration) {
    if latest.count < Self.limit {
      latest.append(time)
    } else {
      latest[next] = time
      next = (next + 1) % Self.limit
    }
  }

  /// What the recent ones were like; `nil` before the first.
  var report: CommitReport? {
    let sorted = latest.sorted()
    guard let longest = sorted.last else { return nil }
    func percentile(_ part: Double) -> Double {
      sorted[min(Int(Double(sorted.count) * part), sorted.count - 1)].inSeconds
    }
    return CommitReport(
      count: sorted.count, p50Seconds: percentile(0.5), p95Seconds: percentile(0.95),
      p99Seconds: percentile(0.99), maxSeconds: longest.inSeconds)
  }
}
