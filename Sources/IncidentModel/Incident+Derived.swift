extension Incident {
  // What an incident is read with from elsewhere may say something else than what follows from its
  // symptoms and its timeline here; only then it is kept.

  /// `Anomaly: <metric>`.
  package var name: String {
    get { progress?.value.name ?? opening.map { "Anomaly: \($0.value.metric)" } ?? "" }
    set { if newValue != name { change { $0.name = newValue } } }
  }

  /// The value and unit that opened it, and what outside monitors said.
  package var description: String {
    get {
      if let text = progress?.value.description { return text }
      guard let signal = opening?.value else { return "" }
      return "\(signal.metric) is \(ParameterValue.number(signal.value))"
        + (signal.unit.isEmpty ? "" : " \(signal.unit)") + ", \(signal.rule.text)"
    }
    set { if newValue != description { change { $0.description = newValue } } }
  }

  /// The latest value of each symptom.
  package var metrics: [HealthMetric] {
    get { progress?.value.metrics ?? symptoms.map { HealthMetric($0.latest) } }
    set { if newValue != metrics { change { $0.metrics = newValue } } }
  }

  /// The execution log.
  package var logs: [String] {
    get {
      progress?.value.logs
        ?? timeline.filter(\.isLogged).suffix(Self.maxLogs).map { "\($0.at.rfc3339) \($0.text)" }
    }
    set { if newValue != logs { change { $0.logs = newValue } } }
  }
}

extension HealthMetric {
  /// What a signal says of its series.
  init(_ signal: Signal) {
    self.init(
      name: signal.metric, value: signal.value, threshold: signal.rule.threshold, unit: signal.unit,
      timestamp: signal.observedAt, source: signal.source, healthy: signal.state == .cleared)
  }
}
