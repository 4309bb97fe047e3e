import IncidentModel

/// Token buckets for clients that are not known beforehand, in bounded memory.
///
/// When there are as many clients as it keeps, those whose bucket is full again are forgotten, because nothing
/// is lost with them; when none is, newcomers share one bucket.
package struct RateLimiter: Sendable {
  private struct Bucket {
    var level: Double
    var at: ContinuousClock.Instant
  }

  /// Requests a second in the long run.
  package let rate: Double
  /// Requests at once.
  package let burst: Double
  /// Clients that are kept apart.
  package let capacity: Int
  private var buckets: [String: Bucket] = [:]
  private var others: Bucket?
  private var sweptAt: ContinuousClock.Instant?

  /// A limiter; see the fields. An infinite rate limits nothing.
  package init(rate: Double, burst: Double, capacity: Int) {
    self.rate = max(rate, 1e-6)
    self.burst = max(burst, 1)
    self.capacity = max(capacity, 1)
  }

  /// How many clients are kept apart at the moment.
  package var count: Int { buckets.count }

  /// Takes one request of a client.
  /// - Returns: `nil` when it may go on; else after how many seconds it may.
  package mutating func take(_ client: String, at now: ContinuousClock.Instant) -> Double? {
    guard rate.isFinite else { return nil }
    if buckets[client] == nil, buckets.count >= capacity { sweep(now) }
    let isKept = buckets[client] != nil || buckets.count < capacity
    var bucket = (isKept ? buckets[client] : others) ?? Bucket(level: burst, at: now)
    let wait = spend(&bucket, now)
    if isKept { buckets[client] = bucket } else { others = bucket }
    return wait
  }

  private func level(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
    min(burst, bucket.level + max(0, (now - bucket.at).inSeconds) * rate)
  }

  private func spend(_ bucket: inout Bucket, _ now: ContinuousClock.Instant) -> Double? {
    bucket.level = level(bucket, now)
    bucket.at = now
    guard bucket.level >= 1 else { return (1 - bucket.level) / rate }
    bucket.level -= 1
    return nil
  }

  /// Forgets those that nothing is lost with; at most once a second, because it looks at all.
  private mutating func sweep(_ now: ContinuousClock.Instant) {
    if let sweptAt, now - sweptAt < .seconds(1) { return }
    sweptAt = now
    buckets = buckets.filter { level($0.value, now) < burst }
  }
}
