import IncidentModel

/// What one detector knew of a series, in the hands of another.
extension SeriesState {
  /// Takes over what another detector knew. Where both know something, this one's is newer.
  mutating func take(_ other: SeriesState, by rule: SeriesRule, _ adopted: inout [Signal]) {
    let other = other.fitted(to: rule)
    if lastAccepted == nil, alarm == nil {
      self = other
      if let alarm { adopted.append(alarm.last) }
      return
    }
    if let theirs = other.baseline, let mine = baseline, mine.episode == nil,
      theirs.historyCount > mine.historyCount
    {
      baseline?.past = theirs.past
    }
    guard alarm == nil, let alarm = other.alarm else { return }
    self.alarm = alarm
    if alarm.rule.kind == .baseline {
      if baseline?.episode == nil { baseline?.episode = other.baseline?.episode }
    } else {
      threshold = other.threshold
    }
    adopted.append(alarm.last)
  }

  /// Takes over that a signal stands, by the rule that it says.
  mutating func take(_ signal: Signal, by rule: SeriesRule, _ adopted: inout [Signal]) {
    guard alarm == nil else { return }
    alarm = Alarm(
      rule: signal.rule, since: signal.breachedSince, saidAt: signal.observedAt, worst: signal.severity,
      last: signal)
    if signal.rule.kind != .baseline {
      threshold = rule.threshold == nil ? .quiet : .raised(since: signal.breachedSince)
    } else if let detector = rule.baseline, let bounds = detector.bounds(saidBy: signal.rule) {
      baseline?.episode = BaselineDetector.Episode(
        bounds: bounds, since: signal.breachedSince, newer: RollingMoments(capacity: detector.windowSamples))
    }
    hasSpoken = true
    adopted.append(signal)
  }

  /// The state with no time after `now`: the other machine's clock may be ahead, and samples from before what is
  /// taken for the latest would be refused.
  func notAfter(_ now: Timestamp) -> SeriesState {
    var state = self
    state.lastAccepted = lastAccepted.map { min($0, now) }
    if case .waiting(let since) = threshold { state.threshold = .waiting(since: min(since, now)) }
    if let alarm {
      state.alarm?.since = min(alarm.since, now)
      state.alarm?.saidAt = min(alarm.saidAt, now)
    }
    return state
  }

  /// The state without what the rule here has no use for.
  private func fitted(to rule: SeriesRule) -> SeriesState {
    var fitted = self
    if rule.threshold == nil { fitted.threshold = .quiet }
    let fresh = rule.baseline?.freshState()
    let fits =
      fitted.baseline.map { known in
        fresh?.past.capacity == known.past.capacity
          && known.episode.map { $0.newer.capacity == known.past.capacity } ?? true
      } ?? false
    if !fits { fitted.baseline = fresh }
    if let detector = rule.baseline { fitted.baseline?.bound(by: detector) }
    return fitted
  }
}

extension BaselineDetector.State {
  /// Keeps what is counted within what a detector counts to.
  fileprivate mutating func bound(by detector: BaselineDetector) {
    badInARow = min(max(badInARow, 0), detector.forSamples)
    if let good = episode?.goodInARow { episode?.goodInARow = min(max(good, 0), detector.forSamples) }
  }
}

extension BaselineDetector {
  /// The bounds that a signal of such a rule told: the bound is so many deviations from the mean, and the one
  /// that counts as gone half as many.
  func bounds(saidBy rule: SignalRule) -> Bounds? {
    let spread = abs(rule.threshold - rule.clearThreshold) * 2 / deviations
    let mean = 2 * rule.clearThreshold - rule.threshold
    guard rule.condition != .equals, spread.isFinite, mean.isFinite else { return nil }
    return Bounds(
      mean: mean, spread: spread, condition: rule.condition, threshold: rule.threshold,
      clear: rule.clearThreshold)
  }
}
