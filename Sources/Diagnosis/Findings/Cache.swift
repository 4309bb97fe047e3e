/// A cache's memory and what it does at its limit: `cache.memory`.
package struct CacheMemoryResult: Hashable, Sendable {
  package var usedBytes: Int64
  /// 0 is no limit.
  package var maximumBytes: Int64
  /// Resident over used; 0 when the server does not say.
  package var fragmentation: Double
  /// `maxmemory_policy`, e.g. `noeviction`.
  package var policy: String
  /// Since the server's start.
  package var evictedKeys: Int64
  /// Keys of all databases.
  package var keys: Int64
  /// Those with an expiry.
  package var expiringKeys: Int64

  /// An answer; see the fields.
  package init(
    usedBytes: Int64, maximumBytes: Int64, fragmentation: Double, policy: String,
    evictedKeys: Int64, keys: Int64, expiringKeys: Int64
  ) {
    self.usedBytes = usedBytes
    self.maximumBytes = maximumBytes
    self.fragmentation = fragmentation
    self.policy = policy
    self.evictedKeys = evictedKeys
    self.keys = keys
    self.expiringKeys = expiringKeys
  }

  /// Use in percent of the limit; `nil` without a limit.
  package func usage(without freed: Double = 0) -> Double? {
    maximumBytes > 0 ? max(0, Double(usedBytes) - freed) / Double(maximumBytes) * 100 : nil
  }

  var summary: String {
    let limit = maximumBytes > 0 ? "of \(Figure.bytes(maximumBytes))" : "without a limit"
    return "\(Figure.bytes(usedBytes)) used \(limit), policy \(Shown.text(policy, limit: 40)), "
      + "\(keys) keys, \(expiringKeys) of them with an expiry, \(evictedKeys) evicted so far, "
      + "fragmentation \(Figure.decimal(fragmentation))"
  }
}

/// What takes a cache's memory, by a sample of its keys: `cache.largest_keys`.
package struct KeysResult: Hashable, Sendable {
  /// Groups kept at the most.
  package static let maxGroups = 12

  /// Keys looked at.
  package var sampled: Int
  /// Bytes of those.
  package var sampledBytes: Int64
  /// Keys of the database.
  package var total: Int64
  /// By prefix, the most bytes first.
  package var groups: [KeyGroup]
  /// What the declared patterns match of the whole sample.
  package var patterns: [PatternMatch]

  /// An answer; see the fields.
  package init(
    sampled: Int, sampledBytes: Int64, total: Int64, groups: [KeyGroup], patterns: [PatternMatch]
  ) {
    self.sampled = sampled
    self.sampledBytes = sampledBytes
    self.total = total
    self.groups = groups
    self.patterns = patterns
  }

  /// How much of a cache's memory its keys take, from the sample to the whole: 0…1.
  ///
  /// The rest are buffers, scripts, tables and other databases, which no deleted key gives back.
  package func share(of memory: CacheMemoryResult) -> Double {
    guard sampled > 0, memory.usedBytes > 0 else { return 0 }
    let bytes = Double(sampledBytes) / Double(sampled) * Double(total)
    return min(1, max(0, bytes / Double(memory.usedBytes)))
  }

  var summary: String {
    if sampled == 0 { return "no keys" }
    let lines = groups.prefix(5).map { group in
      "\(Shown.name(group.prefix))… \(group.keys) keys, \(Figure.bytes(group.bytes)), "
        + "\(group.withoutExpiry) without expiry, e.g. \(Shown.name(group.example))"
    }
    return "\(sampled) of \(total) keys looked at: " + lines.joined(separator: "; ")
  }
}

/// Keys with the same beginning.
package struct KeyGroup: Hashable, Sendable {
  /// Up to the first `:` with it, or up to the first digit without it.
  package var prefix: String
  package var keys: Int
  package var bytes: Int64
  package var withoutExpiry: Int
  /// The name of the largest.
  package var example: String
  /// How many of its keys each declared pattern matches.
  package var matched: [String: Int]

  /// A group; see the fields.
  package init(
    prefix: String, keys: Int, bytes: Int64, withoutExpiry: Int, example: String,
    matched: [String: Int]
  ) {
    self.prefix = prefix
    self.keys = keys
    self.bytes = bytes
    self.withoutExpiry = withoutExpiry
    self.example = example
    self.matched = matched
  }
}

/// What a pattern that the config declares matches.
package struct PatternMatch: Hashable, Sendable {
  package var pattern: String
  /// Keys of the sample.
  package var keys: Int

  /// A match; see the fields.
  package init(pattern: String, keys: Int) {
    self.pattern = pattern
    self.keys = keys
  }
}
