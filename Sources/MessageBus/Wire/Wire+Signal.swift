import IncidentModel

extension PBSignalRule: WirePart {
  init(_ rule: SignalRule) {
    kind = rule.kind.number
    condition = rule.condition.number
    threshold = rule.threshold
    recoveryThreshold = rule.clearThreshold
    text = WireRules.cut(rule.text)
  }

  func model() throws(WireError) -> SignalRule {
    SignalRule(
      kind: try SignalRule.Kind(kind, "rule.kind"),
      condition: try Condition(condition, "rule.condition"),
      threshold: try WireRules.finite(threshold, "rule.threshold"),
      clearThreshold: try WireRules.finite(recoveryThreshold, "rule.recovery_threshold"),
      text: try WireRules.prose(text, "rule.text"))
  }
}

extension PBSignal: WirePart {
  /// Labels of one series at the most.
  private static let maxLabels = 64

  init(_ signal: Signal) {
    id = signal.id
    fingerprint = signal.fingerprint.text
    state = signal.state.number
    metric = signal.metric
    source = signal.source
    labels = signal.labels
    value = signal.value
    unit = signal.unit
    rule = PBSignalRule(signal.rule)
    score = signal.score
    severity = signal.severity.number
    observedAt = signal.observedAt.milliseconds
    breachedSince = signal.breachedSince.milliseconds
    detector = signal.detector
  }

  func model() throws(WireError) -> Signal {
    for (name, value) in try WireRules.limited(labels, "signal.labels", limit: Self.maxLabels) {
      _ = try WireRules.word(name, "signal.labels")
      _ = try WireRules.word(value, "signal.labels")
    }
    return Signal(
      id: try WireRules.name(id, "signal.id"),
      fingerprint: try fingerprintModel(fingerprint, "signal.fingerprint"),
      state: try Signal.State(state, "signal.state"),
      metric: try WireRules.name(metric, "signal.metric"),
      source: try WireRules.word(source, "signal.source"),
      labels: labels,
      value: try WireRules.finite(value, "signal.value"),
      unit: try WireRules.word(unit, "signal.unit"),
      rule: try WireRules.required(hasRule, rule, "signal.rule"),
      score: try WireRules.share(score, "signal.score"),
      severity: try Severity(severity, "signal.severity"),
      observedAt: try WireRules.time(observedAt, "signal.observed_at"),
      breachedSince: try WireRules.time(breachedSince, "signal.breached_since"),
      detector: try WireRules.word(detector, "signal.detector"))
  }
}

/// A fingerprint holds all labels, so it may be as long as text.
func fingerprintModel(_ text: String, _ field: String) throws(WireError) -> Fingerprint {
  if text.isEmpty { throw .missing(field: field) }
  return Fingerprint(text: try WireRules.prose(text, field))
}

extension PBHealthMetric: WirePart {
  init(_ metric: HealthMetric) {
    name = metric.name
    value = metric.value
    threshold = metric.threshold
    unit = metric.unit
    timestamp = metric.timestamp.milliseconds
    source = metric.source
    healthy = metric.healthy
  }

  func model() throws(WireError) -> HealthMetric {
    HealthMetric(
      name: try WireRules.name(name, "metric.name"),
      value: try WireRules.finite(value, "metric.value"),
      threshold: try WireRules.finite(threshold, "metric.threshold"),
      unit: try WireRules.word(unit, "metric.unit"),
      timestamp: try WireRules.time(timestamp, "metric.timestamp"),
      source: try WireRules.word(source, "metric.source"),
      healthy: healthy)
  }
}
