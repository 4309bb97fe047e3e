import IncidentModel
import RedisBackend
import Settings

/// Redis and DragonflyDB, through INFO and a timed PING.
actor RedisCollector: Collector {
  private let target: String
  private let connection: RedisConnection
  private var previous: CacheCounters?

  init(target: String, settings: RedisSourceSettings, timeout: Duration) {
    self.target = target
    connection = RedisConnection(
      host: settings.host, port: settings.port, password: settings.password?.exposed, timeout: timeout)
  }

  func collect(at now: Timestamp) async throws(CollectionError) -> [Sample] {
    let sample = SampleMaker(source: "redis", target: target, now: now)
    do throws(RedisError) {
      guard let text = try await connection.command(["INFO"]).string else {
        throw .invalidAnswer(message: "INFO has no text")
      }
      let clock = ContinuousClock()
      let start = clock.now
      _ = try await connection.command(["PING"])
      let latency = (clock.now - start).inSeconds
      let info = CacheInfo(text)
      guard info.values["used_memory"] != nil else {
        throw .invalidAnswer(message: "INFO does not say used_memory")
      }
      var samples = [sample("cache_latency", latency, "seconds")]
      if let usage = info.memoryUsagePercent {
        samples.append(sample(info.evictsAnyKey ? "cache_fill" : "cache_memory_usage", usage, "percent"))
      }
      if let clients = info.number("connected_clients") {
        samples.append(sample("cache_clients", clients, "count"))
      }
      let counters = info.counters
      defer { previous = counters }
      if let delta = counters?.since(previous) {
        samples.append(sample("cache_evictions", delta.evictions, "count"))
        if let ratio = delta.hitRatioPercent { samples.append(sample("cache_hit_ratio", ratio, "percent")) }
      }
      return samples
    } catch {
      throw Self.translated(error)
    }
  }

  func close() async { await connection.close() }

  private static func translated(_ error: RedisError) -> CollectionError {
    switch error {
    case .timedOut(let seconds): .timedOut(seconds: seconds)
    case .cancelled: .cancelled
    case .server: .refused(error.description)
    case .invalidAnswer: .invalidAnswer(error.description)
    case .connection, .closed: .unreachable(error.description)
    }
  }
}

/// What INFO says, line by line `name:value`. Pure.
struct CacheInfo: Equatable {
  var values: [Substring: Substring] = [:]

  init(_ text: String) {
    if CombiningMarks.areTooMany(in: text) { return }
    for line in text.split(whereSeparator: \.isNewline).prefix(2000) where !line.hasPrefix("#") {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, parts[0].utf8.count <= 128 { values[parts[0]] = parts[1] }
    }
  }

  /// A finite number that is not negative.
  func number(_ name: Substring) -> Double? {
    values[name].flatMap { Double($0) }.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
  }

  /// Used against the greatest; `nil` without a limit.
  var memoryUsagePercent: Double? {
    guard let used = number("used_memory"), let most = number("maxmemory"), most > 0 else { return nil }
    return 100 * used / most
  }

  /// Whether a full memory is by design: the server makes room by evicting whatever is needed least.
  ///
  /// Redis says so by its policy; DragonflyDB by its cache mode, and by a policy named `eviction`.
  var evictsAnyKey: Bool {
    guard let policy = values["maxmemory_policy"] else { return values["cache_mode"] == "cache" }
    return policy.hasPrefix("allkeys-") || policy == "eviction" || values["cache_mode"] == "cache"
  }

  var counters: CacheCounters? {
    guard let hits = number("keyspace_hits"), let misses = number("keyspace_misses"),
      let evictions = number("evicted_keys")
    else { return nil }
    return CacheCounters(hits: hits, misses: misses, evictions: evictions)
  }
}

/// Counters of a cache; they start again with the server.
struct CacheCounters: Equatable {
  var hits: Double
  var misses: Double
  var evictions: Double

  /// What happened since an earlier reading; `nil` without one, or when they started again.
  func since(_ earlier: CacheCounters?) -> CacheCounters? {
    guard let earlier, hits >= earlier.hits, misses >= earlier.misses, evictions >= earlier.evictions else {
      return nil
    }
    return CacheCounters(
      hits: hits - earlier.hits, misses: misses - earlier.misses, evictions: evictions - earlier.evictions)
  }

  /// `nil` when nothing was looked up.
  var hitRatioPercent: Double? { hits + misses > 0 ? 100 * hits / (hits + misses) : nil }
}
