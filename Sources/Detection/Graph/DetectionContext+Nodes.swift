import IncidentModel

extension DetectionContext {
  /// Forgets what an earlier journey found out.
  mutating func startJourney() {
    refusal = nil
    threshold = .quiet
    baseline = .quiet
    standing = nil
    transition = .quiet
  }

  /// Whether the sample can be judged; if so, it is the series' latest from here on.
  mutating func validate() {
    let time = sample.timestamp
    guard sample.value.isFinite else { return refuse(.notFinite) }
    guard sample.hasBoundedIdentity else { return refuse(.oversized) }
    // Compared, not subtracted: a time from outside may be anything. From here on it is near `now`.
    guard time.milliseconds <= now.milliseconds + rule.futureMilliseconds else { return refuse(.future) }
    guard time.milliseconds >= now.milliseconds - rule.staleMilliseconds else { return refuse(.stale) }
    if let last = state.lastAccepted {
      if last.milliseconds > now.milliseconds + rule.futureMilliseconds {
        // Our own clock was set back. Waiting until it catches up would leave us blind for as long.
        restartTime()
      } else if time <= last {
        return refuse(.outOfOrder)
      } else if time.milliseconds - last.milliseconds > rule.gapMilliseconds {
        forgetWaiting()
      }
    }
    state.lastAccepted = time
  }

  private mutating func refuse(_ refusal: SampleRefusal) { self.refusal = refusal }

  /// After a long silence nobody knows that a breach lasted, so what was waited for starts anew.
  private mutating func forgetWaiting() {
    if case .waiting = state.threshold { state.threshold = .quiet }
    if state.baseline?.episode == nil { state.baseline?.rearm() }
  }

  private mutating func restartTime() {
    forgetWaiting()
    guard var alarm = state.alarm else { return }
    alarm.saidAt = min(alarm.saidAt, sample.timestamp)
    alarm.since = min(alarm.since, sample.timestamp)
    state.alarm = alarm
  }

  mutating func judgeThreshold() {
    guard let detector = rule.threshold else { return }
    threshold = detector.judge(sample.value, at: sample.timestamp, &state.threshold)
    // What the baseline had raised is the threshold's now; after it the baseline starts from nothing.
    if threshold.decides { state.baseline?.rearm() }
  }

  mutating func judgeBaseline() {
    guard let detector = rule.baseline, var memory = state.baseline else { return }
    state.baseline = nil  // one owner: the window is changed in place, not copied
    baseline = detector.judge(sample.value, at: sample.timestamp, &memory)
    state.baseline = memory
  }

  /// Finds the one statement that holds and what changed about it.
  mutating func merge() {
    standing = thresholdStanding ?? baselineStanding
    guard let standing else {
      transition = state.alarm != nil || isFirstGood ? .clear : .quiet
      return
    }
    guard let alarm = state.alarm else {
      transition = .raise
      return
    }
    if alarm.rule.kind != standing.rule.kind || (standing.isBreaching && standing.severity > alarm.worst) {
      transition = .escalate
    } else if standing.isBreaching, isRefreshDue(alarm) {
      transition = .refresh
    } else {
      transition = .quiet
    }
  }

  /// Whether nothing was said of the series yet and its value is on the good side of the bound.
  private var isFirstGood: Bool {
    guard rule.saysFirstGood, !state.hasSpoken, let detector = rule.threshold else { return false }
    return detector.isRecovered(sample.value)
  }

  /// A source that is measured each 30 s is so within milliseconds: a hair too early counts as due.
  private func isRefreshDue(_ alarm: Alarm) -> Bool {
    let slack = min(1000, rule.refreshMilliseconds / 10)
    return sample.timestamp.milliseconds - alarm.saidAt.milliseconds >= rule.refreshMilliseconds - slack
  }

  private var thresholdStanding: Standing? {
    guard let detector = rule.threshold else { return nil }
    switch threshold {
    case .breaching(let since): return thresholdStanding(detector, since, isBreaching: true)
    case .held(let since): return thresholdStanding(detector, since, isBreaching: false)
    case .quiet, .waiting, .recovered: return nil
    }
  }

  private func thresholdStanding(
    _ detector: ThresholdDetector, _ since: Timestamp, isBreaching: Bool
  ) -> Standing {
    let text = note ?? detector.text(unit: sample.unit)
    return Standing(
      rule: detector.rule(kind: rule.kind, text: text), since: since,
      severity: detector.severity(of: sample.value), score: 1, isBreaching: isBreaching)
  }

  private var baselineStanding: Standing? {
    guard let detector = rule.baseline else { return nil }
    let bounds: BaselineDetector.Bounds
    let begin: Timestamp
    let isBreaching: Bool
    switch baseline {
    case .breaching(let frozen, let since): (bounds, begin, isBreaching) = (frozen, since, true)
    case .held(let frozen, let since): (bounds, begin, isBreaching) = (frozen, since, false)
    case .learning, .quiet, .waiting, .recovered, .adopted: return nil
    }
    return Standing(
      rule: detector.rule(bounds, text: detector.text(bounds, unit: sample.unit)), since: begin,
      severity: detector.severity(of: sample.value, bounds),
      score: detector.score(of: sample.value, bounds), isBreaching: isBreaching)
  }
}
