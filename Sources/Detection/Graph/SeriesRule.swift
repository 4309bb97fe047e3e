package import IncidentModel
package import Settings

/// All that is held against one metric of one source, ready for use.
package struct SeriesRule: Hashable, Sendable {
  /// What a threshold's signals say they are.
  package var kind: SignalRule.Kind = .threshold
  /// A fixed bound; `nil` for none.
  package var threshold: ThresholdDetector?
  /// A deviation from what is usual; `nil` for none.
  package var baseline: BaselineDetector?
  /// While the trouble lasts it is said again so often, in milliseconds.
  package var refreshMilliseconds: Int64 = 60_000
  /// After a longer silence between two samples what was waited for is not believed, in milliseconds.
  package var gapMilliseconds: Int64 = 600_000
  /// Older samples are refused, in milliseconds.
  package var staleMilliseconds: Int64 = 300_000
  /// Samples that are further in the future are refused, in milliseconds.
  package var futureMilliseconds: Int64 = 60_000
  /// Whether the first good sample of a series is said as cleared, once: what was raised before the detector
  /// was restarted is not remembered, and would never be cleared otherwise.
  package var saysFirstGood = false

  /// Whether nothing is held against the metric.
  package var isEmpty: Bool { threshold == nil && baseline == nil }

  /// Nothing held against a metric.
  package init() {}

  /// The rule by settings.
  /// - Parameters:
  ///   - settings: what is wrong with the metric.
  ///   - source: the source it comes from, whose rhythm says what a long silence is.
  ///   - refreshSeconds: while trouble lasts it is said again so often.
  package init(_ settings: RuleSettings, of source: SourceSettings, refreshSeconds: Double = 60) {
    threshold = settings.threshold.map(ThresholdDetector.init)
    baseline = settings.baseline.map(BaselineDetector.init)
    setRhythm(of: source, refreshSeconds: refreshSeconds)
  }

  /// The rule that a source must be measurable: `source_up` below 1 is trouble.
  ///
  /// A rule of that name in the settings may change its severity and waiting time.
  package init(measurabilityOf source: SourceSettings, refreshSeconds: Double = 60) {
    let configured = source.rules.last { $0.metric == SourceUp.metric }?.threshold
    kind = .sourceFailure
    threshold = ThresholdDetector(
      ThresholdSettings(
        condition: .below, value: 1, clear: 1, forSeconds: configured?.forSeconds ?? 0,
        severity: configured?.severity))
    setRhythm(of: source, refreshSeconds: refreshSeconds)
  }

  private mutating func setRhythm(of source: SourceSettings, refreshSeconds: Double) {
    refreshMilliseconds = Self.milliseconds(refreshSeconds)
    gapMilliseconds = Self.milliseconds(3 * max(source.intervalSeconds, source.retrySeconds))
    staleMilliseconds = max(staleMilliseconds, Self.milliseconds(3 * source.intervalSeconds))
  }

  private static func milliseconds(_ seconds: Double) -> Int64 {
    guard seconds.isFinite else { return 0 }
    return Int64(min(max(seconds, 0), 1e9) * 1000)
  }
}

/// The series that every source has, and each of its parts that is watched alone: whether it can be measured at all.
package enum SourceUp {
  /// The metric's name; 1 when the source was measured, else 0.
  package static let metric = "source_up"

  /// What was seen of a source.
  /// - Parameters:
  ///   - isUp: whether it could be measured.
  ///   - source: the source.
  ///   - query: the metric of the one query that it is about; `nil` for the whole source.
  ///   - host: this machine, which a `host` source's series name; `nil` for an unnamed one.
  ///   - time: when it was seen.
  package static func sample(
    _ isUp: Bool, of source: SourceSettings, query: String? = nil, host: String? = nil, at time: Timestamp
  ) -> Sample {
    var labels = [Label.target: source.name]
    if let query { labels[Label.query] = query }
    if let host, case .host = source.kind { labels[Label.host] = host }
    return Sample(
      name: metric, labels: labels, value: isUp ? 1 : 0, unit: "bool", source: source.kind.system,
      timestamp: time)
  }
}

extension SourceSettings.Kind {
  /// The kind of system as samples name it.
  package var system: String {
    switch self {
    case .host: "host"
    case .postgres: "postgresql"
    case .redis: "redis"
    case .prometheus: "prometheus"
    case .http: "http"
    }
  }
}
