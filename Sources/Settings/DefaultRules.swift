import IncidentModel

/// What is wrong with a metric when the config says nothing of it, and which metrics a kind of source has.
package enum DefaultRules {
  /// The built-in rules of a kind of source.
  package static func rules(for kind: SourceSettings.Kind) -> [RuleSettings] {
    switch kind {
    case .host: host
    case .postgres: postgres
    case .redis: redis
    case .prometheus: []
    case .http: http
    }
  }

  /// The metrics that a kind of source has.
  package static func metrics(of kind: SourceSettings.Kind) -> [String] {
    switch kind {
    case .host:
      [
        "host_cpu_usage", "host_memory_usage", "host_swap_usage", "host_load_per_core",
        "host_disk_usage", "host_disk_inodes_usage", "host_folder_usage", "host_network_receive_rate",
        "host_network_transmit_rate", "host_network_errors",
      ]
    case .postgres:
      [
        "database_connection_usage", "database_slow_queries", "database_longest_query",
        "database_longest_transaction", "database_idle_in_transaction", "database_deadlocks",
        "database_cache_hit_ratio", "database_replication_lag",
      ]
    case .redis:
      [
        "cache_memory_usage", "cache_fill", "cache_hit_ratio", "cache_evictions", "cache_clients",
        "cache_latency",
      ]
    case .prometheus(let settings): settings.queries.map(\.metric)
    case .http: ["http_up", "http_latency", "http_status"]
    }
  }

  private static func above(
    _ metric: String, _ value: Double, clear: Double? = nil, for seconds: Double = 0,
    usualWithin minimumDeviation: Double? = nil
  ) -> RuleSettings {
    var rule = RuleSettings(
      metric: metric, threshold: ThresholdSettings(value: value, clear: clear, forSeconds: seconds))
    if let minimumDeviation {
      var baseline = BaselineSettings()
      baseline.minimumDeviation = minimumDeviation
      rule.baseline = baseline
    }
    return rule
  }

  // None for swap: a full one is no trouble while memory is left.
  private static let host = [
    above("host_cpu_usage", 90, for: 120),
    above("host_memory_usage", 90, for: 60),
    above("host_disk_usage", 90),
    above("host_disk_inodes_usage", 90),
    above("host_folder_usage", 90),
    above("host_load_per_core", 4, for: 300),
  ]

  private static let postgres = [
    above("database_connection_usage", 80, clear: 75, usualWithin: 5),
    above("database_slow_queries", 10),
    above("database_longest_transaction", 300),
    above("database_longest_query", 300),
    above("database_deadlocks", 5),
    above("database_replication_lag", 30),
  ]

  private static let redis = [
    above("cache_memory_usage", 90, clear: 85),
    above("cache_latency", 0.1, for: 30),
  ]

  private static let http = [
    RuleSettings(
      metric: "http_up", threshold: ThresholdSettings(condition: .below, value: 1, clear: 1, forSeconds: 30)),
    above("http_latency", 2, for: 60, usualWithin: 0.1),
  ]
}
