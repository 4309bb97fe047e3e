package import IncidentModel

/// One symptom measured once.
package enum SymptomReading: Sendable, Equatable {
  /// The value that was seen, in the signal's unit.
  case value(Double)
  /// It could not be measured; the reason is for people.
  case unmeasured(reason: String)
  /// What is counted over a span of time is being counted: neither good nor bad yet.
  case pending
}

/// Judges, measurement by measurement, whether every symptom is gone.
///
/// A value: the clock and the measuring are outside. `recovered` needs every symptom on the good side
/// of its bound, hysteresis included, in ``Bounds/consecutive`` measurements in a row, the last ones.
/// What could not be measured is never good.
package struct RecoveryWatch: Sendable, Equatable {
  /// How long and how closely to look.
  package struct Bounds: Sendable, Equatable {
    /// Looks for at most so long.
    package var window = Duration.seconds(30)
    /// Measures every so often.
    package var interval = Duration.seconds(2)
    /// So many good measurements in a row show recovery.
    package var consecutive = 2
    /// So many measurements in a row that are clearly worse end the watch.
    package var consecutiveWorse = 2
    /// Worse is beyond the value before by more than this part of it.
    package var worseBy = 0.1

    /// The defaults: 30 s, every 2 s, 2 in a row.
    package init() {}
  }

  /// What the measurements say so far.
  package enum Judgement: Sendable, Equatable {
    case lookAgain
    case settled(Verification, worse: Bool)
  }

  /// Measurements that are kept at the most; the oldest go first.
  static let maxMeasurements = 100
  /// What is good at the end of the window but not yet often enough gets so many rounds more.
  static let maxExtraRounds = 20

  private struct Track: Sendable, Equatable {
    let signal: Signal
    var good = 0
    var worse = 0
    /// The last reading that says something.
    var last: SymptomReading?
  }

  private let bounds: Bounds
  private var tracks: [Track]
  private var measurements: [HealthMetric] = []
  private var extraRounds = 0

  /// A watch over these signals, which hold the rule and the value before.
  package init(_ signals: [Signal], bounds: Bounds = Bounds()) {
    self.bounds = bounds
    tracks = signals.map { Track(signal: $0) }
  }

  /// Takes in one round: a reading for each signal, in their order.
  /// - Parameters:
  ///   - isOver: whether the window has ended, so that a judgement is due.
  package mutating func take(_ round: [SymptomReading], at now: Timestamp, isOver: Bool) -> Judgement {
    for index in tracks.indices {
      let reading = index < round.count ? round[index] : .unmeasured(reason: "no reading")
      note(reading, of: index, at: now)
    }
    guard !tracks.isEmpty else {
      return settle(.unknown, "the incident has no symptom that could be measured", at: now)
    }
    if tracks.allSatisfy({ $0.good >= bounds.consecutive }) {
      return settle(.recovered, summary, at: now)
    }
    if tracks.contains(where: { $0.worse >= bounds.consecutiveWorse }) {
      return settle(.notRecovered, summary, worse: true, at: now)
    }
    guard isOver else { return .lookAgain }
    if tracks.contains(where: isBad) { return settle(.notRecovered, summary, at: now) }
    if tracks.contains(where: isUnmeasured) { return settle(.unknown, summary, at: now) }
    // All are good but not yet often enough: the next readings decide, one way or the other.
    extraRounds += 1
    return extraRounds > Self.maxExtraRounds ? settle(.unknown, summary, at: now) : .lookAgain
  }

  private mutating func note(_ reading: SymptomReading, of index: Int, at now: Timestamp) {
    let signal = tracks[index].signal
    if reading == .pending { return }
    tracks[index].last = reading
    guard case .value(let value) = reading, value.isFinite else {
      if case .value = reading { tracks[index].last = .unmeasured(reason: "the value is not a number") }
      tracks[index].good = 0
      tracks[index].worse = 0
      return
    }
    let isGood = signal.rule.isRecovered(value)
    tracks[index].good = isGood ? tracks[index].good + 1 : 0
    tracks[index].worse = isWorse(value, signal) ? tracks[index].worse + 1 : 0
    measurements.append(
      HealthMetric(
        name: signal.metric, value: value, threshold: signal.rule.threshold, unit: signal.unit,
        timestamp: now, source: signal.source, healthy: isGood))
    if measurements.count > Self.maxMeasurements { measurements.removeFirst() }
  }

  private func isWorse(_ value: Double, _ signal: Signal) -> Bool {
    guard signal.rule.isBreached(value), signal.value.isFinite else { return false }
    let margin = abs(signal.value) * bounds.worseBy
    switch signal.rule.condition {
    case .above: return value > signal.value + margin
    case .below: return value < signal.value - margin
    case .equals: return false
    }
  }

  private func isBad(_ track: Track) -> Bool {
    if case .value(let value) = track.last { !track.signal.rule.isRecovered(value) } else { false }
  }

  private func isUnmeasured(_ track: Track) -> Bool {
    if case .value = track.last { false } else { true }
  }

  private func settle(
    _ verdict: Verification.Verdict, _ detail: String, worse: Bool = false, at now: Timestamp
  ) -> Judgement {
    .settled(
      Verification(verdict: verdict, detail: detail, measurements: measurements, at: now), worse: worse)
  }

  /// Each symptom with the value before and the last one.
  private var summary: String {
    let shown = tracks.prefix(5).map { track in
      let signal = track.signal
      let unit = signal.unit.isEmpty || signal.unit == "bool" ? "" : " \(signal.unit)"
      let before = Figures.short(signal.value)
      let bound = "bound \(Figures.short(signal.rule.clearThreshold))"
      switch track.last {
      case .value(let value):
        return "\(signal.metric) went from \(before) to \(Figures.short(value))\(unit) (\(bound))"
      case .unmeasured(let reason):
        return "\(signal.metric) could not be measured: \(PlainLine.of(reason, 300))"
      case .pending, nil:
        return "\(signal.metric) was not measured"
      }
    }
    let more = tracks.count - shown.count
    return shown.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
  }
}
