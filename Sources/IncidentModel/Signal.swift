/// A detector's statement about a series: raised or cleared, and why.
package struct Signal: Hashable, Sendable, Codable {
  /// Whether the trouble is there or gone.
  package enum State: String, Codable, Sendable { case raised, cleared }

  /// Unique for ever; a resent signal keeps its id, so that it counts once.
  package var id: String
  /// What the signal is about.
  package var fingerprint: Fingerprint
  /// Raised or cleared.
  package var state: State
  /// The metric's name.
  package var metric: String
  /// The kind of system that was measured.
  package var source: String
  /// The labels of the series.
  package var labels: [String: String]
  /// What was measured, in ``unit``.
  package var value: Double
  /// The unit of value and bounds.
  package var unit: String
  /// Which rule saw it, with the bounds by which anyone can measure again.
  package var rule: SignalRule
  /// How sure the detector is, 0…1.
  package var score: Double
  /// How bad it is.
  package var severity: Severity
  /// When the value was measured.
  package var observedAt: Timestamp
  /// When the series first left its bounds, before any waiting time of the rule.
  package var breachedSince: Timestamp
  /// The name of the detector that says so.
  package var detector: String

  /// A signal; see the fields.
  package init(
    id: String, fingerprint: Fingerprint, state: State, metric: String, source: String,
    labels: [String: String], value: Double, unit: String, rule: SignalRule, score: Double,
    severity: Severity, observedAt: Timestamp, breachedSince: Timestamp, detector: String
  ) {
    self.id = id
    self.fingerprint = fingerprint
    self.state = state
    self.metric = metric
    self.source = source
    self.labels = labels
    self.value = value
    self.unit = unit
    self.rule = rule
    self.score = score
    self.severity = severity
    self.observedAt = observedAt
    self.breachedSince = breachedSince
    self.detector = detector
  }

  /// The configured source that the series came from, where there is one.
  package var target: String? { labels[Label.target] }

  /// The machine that it is about, by the first part of its name; `nil` where any can measure it, or nothing says.
  package var machine: String? {
    guard source == "host" || source == "alert" else { return nil }
    return labels[Label.host].map { String($0.prefix { $0 != "." }) }
  }

  /// The query of its source that can't be measured; `nil` for anything else.
  package var failedQuery: String? { rule.kind == .sourceFailure ? labels[Label.query] : nil }
}

/// The rule behind a signal, complete enough to measure the symptom again.
package struct SignalRule: Hashable, Sendable, Codable {
  /// What kind of detector saw it.
  package enum Kind: String, Codable, Sendable {
    /// A value past a fixed bound.
    case threshold
    /// A value away from what the series usually does.
    case baseline
    /// A source that cannot be measured.
    case sourceFailure = "source_failure"
    /// The word of an outside monitor.
    case alert
  }

  /// What kind of detector saw it.
  package var kind: Kind
  /// On which side of ``threshold`` the trouble lies.
  package var condition: Condition
  /// The bound that was passed.
  package var threshold: Double
  /// The bound on whose good side the symptom counts as gone (hysteresis); equal to the threshold where there is none.
  package var clearThreshold: Double
  /// For people: `above 80 percent for 2 samples`.
  package var text: String

  /// A rule; see the fields.
  package init(
    kind: Kind, condition: Condition, threshold: Double, clearThreshold: Double, text: String
  ) {
    self.kind = kind
    self.condition = condition
    self.threshold = threshold
    self.clearThreshold = clearThreshold
    self.text = text
  }

  /// Whether `value` shows the symptom gone, hysteresis included. NaN never does.
  package func isRecovered(_ value: Double) -> Bool {
    switch condition {
    case .above: value <= clearThreshold
    case .below: value >= clearThreshold
    case .equals: value.isFinite && value != threshold
    }
  }

  /// Whether `value` shows the trouble.
  package func isBreached(_ value: Double) -> Bool { condition.holds(value, threshold) }
}
