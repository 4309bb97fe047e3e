import IncidentModel

/// One key of a sample.
struct SampledKey: Hashable, Sendable {
  /// Bytes of its name that are kept; of a longer one, the beginning.
  static let maxName = 4_096
  /// What is larger counts as so large, so that the sum of a sample is a number.
  static let maxBytes: Int64 = 1 << 50

  var name: String
  var bytes: Int64
  var expires: Bool
}

/// What a sample of keys says. Pure.
enum KeySample {
  /// Groups the keys by prefix and counts what the declared patterns match.
  static func result(_ sample: [SampledKey], total: Int64, clearable: [String]) -> KeysResult {
    var groups: [String: KeyGroup] = [:]
    var largest: [String: Int64] = [:]
    var counts: [String: Int] = [:]
    for key in sample {
      let prefix = prefix(of: key.name)
      var group =
        groups[prefix]
        ?? KeyGroup(prefix: prefix, keys: 0, bytes: 0, withoutExpiry: 0, example: "", matched: [:])
      group.keys += 1
      group.bytes += key.bytes
      if !key.expires { group.withoutExpiry += 1 }
      if key.bytes > largest[prefix, default: -1] {
        largest[prefix] = key.bytes
        group.example = String(key.name.unicodeScalars.prefix(200))
      }
      for pattern in clearable where Glob.matches(key.name, pattern) {
        group.matched[pattern, default: 0] += 1
        counts[pattern, default: 0] += 1
      }
      groups[prefix] = group
    }
    let sorted = groups.values.sorted { ($0.bytes, $1.prefix) > ($1.bytes, $0.prefix) }
    return KeysResult(
      sampled: sample.count, sampledBytes: sample.reduce(0) { $0 + $1.bytes },
      total: max(total, Int64(sample.count)), groups: Array(sorted.prefix(KeysResult.maxGroups)),
      patterns: clearable.map { PatternMatch(pattern: $0, keys: counts[$0, default: 0]) })
  }

  /// Up to and with the first `:`, or up to the first digit; at most 64 characters. A name without either
  /// is its own group.
  static func prefix(of name: String) -> String {
    var prefix = ""
    for scalar in name.unicodeScalars.prefix(64) {
      if ("0"..."9").contains(scalar) { break }
      prefix.unicodeScalars.append(scalar)
      if scalar == ":" { break }
    }
    return prefix
  }
}

/// The text that `INFO` answers with.
struct RedisInfo {
  private let values: [Substring: Substring]

  init(_ text: String) {
    var values: [Substring: Substring] = [:]
    let lines = CombiningMarks.areTooMany(in: text) ? [] : text.split(whereSeparator: \.isNewline)
    for line in lines {
      guard let colon = line.firstIndex(of: ":"), line[..<colon].utf8.count <= 128 else { continue }
      values[line[..<colon]] = line[line.index(after: colon)...]
    }
    self.values = values
  }

  private func number(_ name: Substring) -> Int64 { max(0, values[name].flatMap { Int64($0) } ?? 0) }

  var memory: CacheMemoryResult {
    var keys: Int64 = 0
    var expiring: Int64 = 0
    // db0:keys=12,expires=3,avg_ttl=0
    for (name, value) in values where name.hasPrefix("db") && value.hasPrefix("keys=") {
      for pair in value.split(separator: ",") {
        let parts = pair.split(separator: "=")
        guard parts.count == 2, let count = Int64(parts[1]), count >= 0 else { continue }
        if parts[0] == "keys" { keys &+= count }
        if parts[0] == "expires" { expiring &+= count }
      }
    }
    let ratio = values["mem_fragmentation_ratio"].flatMap { Double($0) } ?? 0
    return CacheMemoryResult(
      usedBytes: number("used_memory"), maximumBytes: number("maxmemory"),
      fragmentation: ratio.isFinite && ratio > 0 ? ratio : 0,
      policy: values["maxmemory_policy"].map(String.init) ?? "unknown",
      evictedKeys: number("evicted_keys"), keys: keys, expiringKeys: expiring)
  }
}
