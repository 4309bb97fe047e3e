package import IncidentModel
package import Settings

/// Holds a series against its own recent past: trouble is a value more than so many standard deviations from the mean.
///
/// The past is a rolling window (``RollingMoments``). These laws keep it honest:
/// - **Short history**: nothing is said before `minimumSamples`.
/// - **Flat history**: the spread counts at least as `minimumDeviation` and as 1 % of the mean's size.
/// - **Outliers** are winsorised: a value enters the past at most three deviations (or as many as the rule
///   allows, if more) from its mean (the idea of P. J. Huber, 1964, as in S. Gelper, R. Fried, C. Croux, "Robust
///   forecasting with exponential and Holt-Winters smoothing", 2010). Clamping at the very bound that raises would
///   shrink the spread step by step until ordinary noise raises.
/// - **While raised** what breaches does not enter the past and the bounds stay frozen, so the trouble can't become
///   its own normal and anyone can measure again by the bounds in the signal.
/// - **A lasting level shift** becomes usual: when the window's half (at least `minimumSamples`) has passed since
///   raising and the value lies well within the bounds of those newer samples alone, they become the past, and the
///   trouble counts as gone by the *new* bounds. A value that goes on climbing is not adopted.
/// - **Hysteresis**: raised after `forSamples` in a row beyond the bound, gone after as many in a row within half the
///   deviations.
package struct BaselineDetector: Hashable, Sendable {
  /// How many standard deviations are too many.
  package let deviations: Double
  /// How many samples make a history.
  package let minimumSamples: Int
  /// How many samples the past reaches back.
  package let windowSamples: Int
  /// A spread smaller than this counts as this.
  package let minimumDeviation: Double
  /// So many samples in a row raise, and so many clear.
  package let forSamples: Int
  /// On which side trouble lies; `equals` means either side here.
  package let condition: Condition

  /// The spread is never taken smaller than this part of the mean's size.
  package static let relativeFloor = 0.01

  /// What is usual, and where that ends.
  package struct Bounds: Hashable, Sendable, Codable {
    /// The mean of the past.
    package var mean: Double
    /// Its standard deviation, floors included.
    package var spread: Double
    /// On which side of ``threshold`` the trouble lies; `above` or `below`.
    package var condition: Condition
    /// The bound that was passed.
    package var threshold: Double
    /// The bound on whose good side the trouble counts as gone.
    package var clear: Double

    func isBreached(_ value: Double) -> Bool { condition.holds(value, threshold) }
    func isRecovered(_ value: Double) -> Bool {
      condition == .above ? value <= clear : value >= clear
    }
  }

  /// The time from raising to clearing.
  package struct Episode: Hashable, Sendable, Codable {
    var bounds: Bounds
    var since: Timestamp
    var goodInARow = 0
    /// What was seen since: the past of the new level, should it last.
    var newer: RollingMoments
  }

  /// What a detector remembers of a series.
  package struct State: Hashable, Sendable, Codable {
    var past: RollingMoments
    var badInARow = 0
    var badSide = Condition.above
    var badSince: Timestamp?
    var episode: Episode?

    /// How many samples the past holds.
    package var historyCount: Int { past.count }

    /// Forgets everything but the past: a later deviation starts from nothing.
    package mutating func rearm() {
      badInARow = 0
      badSince = nil
      episode = nil
    }
  }

  /// What a sample means.
  package enum Verdict: Hashable, Sendable {
    /// The history is too short to say anything.
    case learning
    /// As usual.
    case quiet
    /// Unusual, but not often enough in a row.
    case waiting(since: Timestamp)
    /// Unusual for long enough.
    case breaching(Bounds, since: Timestamp)
    /// Raised before; this sample does not breach, or not enough of them are back to normal.
    case held(Bounds, since: Timestamp)
    /// Raised before and now back to what was usual.
    case recovered(Bounds, since: Timestamp)
    /// Raised before; the new level has lasted and these are its bounds.
    case adopted(Bounds, since: Timestamp)
  }

  /// A detector by the settings of a rule; numbers out of their range count as the nearest within.
  package init(_ settings: BaselineSettings) {
    deviations = settings.deviations.isFinite ? max(settings.deviations, 0.1) : 2
    windowSamples = min(max(settings.windowSamples, 4), 100_000)
    minimumSamples = min(max(settings.minimumSamples, 2), windowSamples)
    minimumDeviation = settings.minimumDeviation.isFinite ? max(settings.minimumDeviation, 0) : 1
    forSamples = max(settings.forSamples, 1)
    condition = settings.condition
  }

  /// Nothing seen yet.
  package func freshState() -> State { State(past: RollingMoments(capacity: windowSamples)) }

  /// Takes the next sample of a series.
  /// - Parameters:
  ///   - value: a finite value.
  ///   - time: when it was measured.
  ///   - state: what is remembered of the series.
  package func judge(_ value: Double, at time: Timestamp, _ state: inout State) -> Verdict {
    if state.episode != nil { return judgeRaised(value, &state) }
    guard let usual = usual(state.past) else {
      state.past.append(value)
      return .learning
    }
    // Only after the sample was held against the past does it become a part of it.
    defer { admit(value, usual, &state) }
    guard let side = deviatingSide(value, usual) else {
      state.badInARow = 0
      state.badSince = nil
      return .quiet
    }
    if state.badSide != side { state.badInARow = 0 }
    let since = state.badInARow > 0 ? state.badSince ?? time : time
    state.badInARow += 1
    state.badSide = side
    state.badSince = since
    guard state.badInARow >= forSamples else { return .waiting(since: since) }
    let bounds = bounds(usual, on: side)
    state.rearm()
    state.episode = Episode(
      bounds: bounds, since: since, newer: RollingMoments(capacity: windowSamples))
    return .breaching(bounds, since: since)
  }

  /// Lets a value into the past, no further from the mean than outliers may be.
  private func admit(_ value: Double, _ usual: Usual, _ state: inout State) {
    let fence = max(3, deviations) * usual.spread
    state.past.append(min(max(value, usual.mean - fence), usual.mean + fence))
  }

  private func judgeRaised(_ value: Double, _ state: inout State) -> Verdict {
    guard var episode = state.episode else { return .quiet }
    state.episode = nil  // so that the ring below has one owner and is not copied
    episode.newer.append(value)
    let bounds = episode.bounds
    let since = episode.since
    if !bounds.isBreached(value) { admit(value, (bounds.mean, bounds.spread), &state) }
    if bounds.isRecovered(value) {
      episode.goodInARow += 1
      if episode.goodInARow >= forSamples { return .recovered(bounds, since: since) }
    } else {
      episode.goodInARow = 0
      if episode.newer.count >= max(minimumSamples, windowSamples / 2),
        let usual = usual(episode.newer)
      {
        let shifted = self.bounds(usual, on: bounds.condition)
        if shifted.isRecovered(value) {
          state.past = episode.newer
          return .adopted(shifted, since: since)
        }
      }
    }
    state.episode = episode
    return bounds.isBreached(value) ? .breaching(bounds, since: since) : .held(bounds, since: since)
  }

  private typealias Usual = (mean: Double, spread: Double)

  /// Mean and floored spread; `nil` when there is too little history, or numbers too large to say.
  private func usual(_ past: RollingMoments) -> Usual? {
    guard past.count >= minimumSamples else { return nil }
    let moments = past.moments
    let floor = max(minimumDeviation, abs(moments.mean) * Self.relativeFloor)
    let spread = max(moments.deviation, floor)
    // Both floors may be 0: then a past without any spread says nothing of what is unusual.
    guard moments.mean.isFinite, moments.deviation.isFinite, spread.isFinite, spread > 0 else { return nil }
    return (moments.mean, spread)
  }

  private func bounds(_ usual: Usual, on side: Condition) -> Bounds {
    let sign = side == .below ? -1.0 : 1.0
    return Bounds(
      mean: usual.mean, spread: usual.spread, condition: side,
      threshold: usual.mean + sign * deviations * usual.spread,
      clear: usual.mean + sign * deviations / 2 * usual.spread)
  }

  private func deviatingSide(_ value: Double, _ usual: Usual) -> Condition? {
    if condition != .below, bounds(usual, on: .above).isBreached(value) { return .above }
    if condition != .above, bounds(usual, on: .below).isBreached(value) { return .below }
    return nil
  }
}
