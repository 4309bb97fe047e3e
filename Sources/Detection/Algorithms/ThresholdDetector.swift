package import IncidentModel
package import Settings

/// Holds a series against a fixed bound, with a waiting time and hysteresis.
///
/// A breach counts when every sample of `forSeconds` (measured between the samples' own
/// timestamps) was past the bound; one sample within it starts the wait anew. Once raised it stays so
/// until a sample is on the good side of ``clear``: between the two bounds nothing changes, so a
/// series that swings there can't flap.
package struct ThresholdDetector: Hashable, Sendable {
  /// On which side of ``threshold`` the trouble lies.
  package let condition: Condition
  /// The bound.
  package let threshold: Double
  /// The bound that counts as gone; never on the bad side of ``threshold``.
  package let clear: Double
  /// How long the trouble must last, in milliseconds between samples.
  package let waitMilliseconds: Int64
  /// The configured severity; `nil` takes it from the ratio of value and bound.
  package let severity: Severity?

  /// What a detector remembers of a series.
  package enum State: Hashable, Sendable, Codable {
    case quiet
    case waiting(since: Timestamp)
    case raised(since: Timestamp)
  }

  /// What a sample means.
  package enum Verdict: Hashable, Sendable {
    /// Within the bound.
    case quiet
    /// Past the bound, but not for long enough.
    case waiting(since: Timestamp)
    /// Past the bound for long enough.
    case breaching(since: Timestamp)
    /// Raised before and now between the bounds.
    case held(since: Timestamp)
    /// Raised before and now on the good side.
    case recovered(since: Timestamp)
  }

  /// A detector by the settings of a rule.
  ///
  /// Settings that contradict themselves are bent to a sane meaning rather than believed: a clear bound on
  /// the bad side of the threshold counts as the threshold itself, and a wait that is negative or no number as none.
  package init(_ settings: ThresholdSettings) {
    condition = settings.condition
    threshold = settings.value
    severity = settings.severity
    // The default leaves 5 percent of room on the good side for negative bounds too.
    let room = abs(settings.value) * 0.05
    clear =
      switch settings.condition {
      case .above: min(settings.clear ?? (settings.value - room), settings.value)
      case .below: max(settings.clear ?? (settings.value + room), settings.value)
      case .equals: settings.value
      }
    let seconds = settings.forSeconds.isFinite ? min(max(settings.forSeconds, 0), 1e9) : 0
    waitMilliseconds = Int64((seconds * 1000).rounded(.up))
  }

  /// Takes the next sample of a series.
  /// - Parameters:
  ///   - value: a finite value.
  ///   - time: when it was measured; later than the one before.
  ///   - state: what is remembered of the series.
  package func judge(_ value: Double, at time: Timestamp, _ state: inout State) -> Verdict {
    let breaches = condition.holds(value, threshold)
    switch state {
    case .raised(let since):
      if breaches { return .breaching(since: since) }
      guard isRecovered(value) else { return .held(since: since) }
      state = .quiet
      return .recovered(since: since)
    case .waiting(let since) where breaches:
      return judgeBreach(since: since, at: time, &state)
    case .quiet where breaches:
      return judgeBreach(since: time, at: time, &state)
    case .quiet, .waiting:
      state = .quiet
      return .quiet
    }
  }

  private func judgeBreach(since: Timestamp, at time: Timestamp, _ state: inout State) -> Verdict {
    guard time.milliseconds - since.milliseconds >= waitMilliseconds else {
      state = .waiting(since: since)
      return .waiting(since: since)
    }
    state = .raised(since: since)
    return .breaching(since: since)
  }

  /// Whether `value` is on the good side of ``clear``.
  package func isRecovered(_ value: Double) -> Bool {
    rule(kind: .threshold, text: "").isRecovered(value)
  }

  /// The rule as signals carry it.
  package func rule(kind: SignalRule.Kind, text: String) -> SignalRule {
    SignalRule(
      kind: kind, condition: condition, threshold: threshold, clearThreshold: clear, text: text)
  }

  /// How bad `value` is.
  package func severity(of value: Double) -> Severity {
    severity ?? Severity(value: value, threshold: threshold, condition: condition)
  }

  /// The rule for people: `above 80 percent for 60 s`.
  package func text(unit: String) -> String {
    let wait = waitMilliseconds == 0 ? "" : " for \((Double(waitMilliseconds) / 1000).brief) s"
    let unit = unit.isEmpty || unit == "bool" ? "" : " \(unit)"
    return "\(condition.rawValue) \(threshold.brief)\(unit)\(wait)"
  }
}
