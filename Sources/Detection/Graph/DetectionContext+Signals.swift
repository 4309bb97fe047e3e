import IncidentModel

extension DetectionContext {
  /// Says what stands: for the first time, again, or that it became worse.
  mutating func say() {
    guard let standing else { return }
    let since = min(standing.since, state.alarm?.since ?? standing.since)
    let signal = Signal(
      id: ids.next(), fingerprint: fingerprint, state: .raised, metric: sample.name,
      source: sample.source, labels: sample.labels, value: sample.value, unit: sample.unit,
      rule: standing.rule, score: standing.score, severity: standing.severity,
      observedAt: sample.timestamp, breachedSince: since, detector: detector)
    state.alarm = Alarm(
      rule: standing.rule, since: since, saidAt: sample.timestamp,
      worst: max(standing.severity, state.alarm?.worst ?? standing.severity), last: signal)
    state.hasSpoken = true
    signals.append(signal)
  }

  /// Says that the trouble is gone, by the bounds that were said when it came.
  mutating func sayCleared() {
    guard let alarm = state.alarm else { return sayFirstGood() }
    var rule = alarm.rule
    if let detector = self.rule.baseline, case .adopted(let bounds, _) = baseline {
      // The value did not come back: it is well within the bounds of the level that has become usual.
      rule = detector.rule(bounds, text: detector.adoptionText(bounds, unit: sample.unit))
    }
    signals.append(
      Signal(
        id: ids.next(), fingerprint: fingerprint, state: .cleared, metric: sample.name,
        source: sample.source, labels: sample.labels, value: sample.value, unit: sample.unit,
        rule: rule, score: 1, severity: alarm.worst, observedAt: sample.timestamp,
        breachedSince: alarm.since, detector: detector))
    state.alarm = nil
  }

  /// Says that all is well although nothing was raised since the start: an earlier run may have raised it.
  private mutating func sayFirstGood() {
    guard let detector = rule.threshold else { return }
    state.hasSpoken = true
    signals.append(
      Signal(
        id: ids.next(), fingerprint: fingerprint, state: .cleared, metric: sample.name,
        source: sample.source, labels: sample.labels, value: sample.value, unit: sample.unit,
        rule: detector.rule(kind: rule.kind, text: detector.text(unit: sample.unit)), score: 1,
        severity: detector.severity(of: sample.value), observedAt: sample.timestamp,
        breachedSince: sample.timestamp, detector: self.detector))
  }
}
