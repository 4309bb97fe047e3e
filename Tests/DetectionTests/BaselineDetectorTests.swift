import Detection
import IncidentModel
import Settings
import Testing

@Suite("Baseline")
struct BaselineDetectorTests {
  private func rule(_ change: (inout BaselineSettings) -> Void = { _ in }) -> RuleSettings {
    var settings = BaselineSettings()
    change(&settings)
    return RuleSettings(metric: "usage", baseline: settings)
  }

  /// A journey that has seen `count` samples of noise around 50 ± 5.
  private func warm(
    _ rule: RuleSettings, seed: UInt64 = 1, count: Int = 240
  ) throws -> (Journey, Seeded) {
    var journey = try Journey(rule)
    var random = Seeded(seed)
    for step in 0..<count {
      // Cut at the bound: the past of these tests is known to be quiet.
      let noise = min(max(random.normal(), -1.9), 1.9)
      journey.take(50 + 5 * noise, at: Double(step - count) * 30)
    }
    return (journey, random)
  }

  @Test(
    "stationary noise is quiet: 100,000 samples at the defaults raise at most a few times",
    arguments: [1, 2, 3])
  func falsePositives(seed: UInt64) throws {
    var journey = try Journey(rule())
    var random = Seeded(seed)
    for step in 0..<100_000 {
      journey.take(random.normal(mean: 50, deviation: 5), at: Double(step) * 30)
    }
    let raised = journey.signals.filter { $0.state == .raised }
    let episodes = Set(raised.map(\.breachedSince)).count
    // Three in a row past 2 deviations by chance: 0.0228³ ≈ 1.2 in 100,000.
    #expect(episodes <= 8)
    #expect(raised.allSatisfy { $0.severity <= .medium })
  }

  @Test(
    "holding trouble out of the past does not narrow it: single samples deviate as often as normal ones should"
  )
  func unbiased() {
    var settings = BaselineSettings()
    settings.forSamples = 1
    let detector = BaselineDetector(settings)
    var state = detector.freshState()
    var random = Seeded(4)
    var deviating = 0
    for step in 0..<50_000 {
      let value = random.normal(mean: 50, deviation: 5)
      if case .breaching = detector.judge(value, at: .at(Double(step)), &state) { deviating += 1 }
    }
    // 2.28 % past two deviations on one side.
    #expect((0.020...0.030).contains(Double(deviating) / 50_000))
  }

  @Test("short history says nothing, whatever comes", arguments: 1...10)
  func shortHistory(seed: UInt64) throws {
    var journey = try Journey(rule())
    var random = Seeded(seed)
    for step in 0..<30 {
      journey.take(random.normal(mean: 0, deviation: 1000), at: Double(step) * 30)
    }
    #expect(journey.signals.isEmpty)
  }

  @Test("a flat past bears small changes: the floors hold", arguments: [0.0, 20, -20, 1e6])
  func flat(level: Double) throws {
    var journey = try Journey(rule())
    for step in 0..<300 { journey.take(level, at: Double(step) * 30) }
    // Within two of the floor's deviations: 1 in the metric's unit, or 1 % of the mean.
    let room = 2 * max(1, abs(level) * 0.01)
    for step in 300..<320 { journey.take(level + room * 0.99, at: Double(step) * 30) }
    #expect(journey.signals.isEmpty)
    for step in 320..<324 { journey.take(level + room * 3, at: Double(step) * 30) }
    #expect(journey.signals.map(\.state) == [.raised])
  }

  @Test("a past without any spread and without floors says nothing")
  func noSpread() throws {
    var journey = try Journey(rule { $0.minimumDeviation = 0 })
    for step in 0..<100 { journey.take(0, at: Double(step) * 30) }
    journey.take(0.001, at: 3000)
    #expect(journey.signals.isEmpty)
  }

  @Test(
    "a level shift of six deviations is seen after forSamples, with the first one's time", arguments: 1...20)
  func shift(seed: UInt64) throws {
    var (journey, random) = try warm(rule(), seed: seed)
    journey.take(80 + random.normal(), at: 0)
    journey.take(80 + random.normal(), at: 30)
    #expect(journey.signals.isEmpty)
    let signal = try #require(journey.take(80 + random.normal(), at: 60).first)
    #expect(signal.state == .raised)
    #expect(signal.rule.kind == .baseline)
    #expect(signal.rule.condition == .above)
    #expect(signal.breachedSince == .at(0))
    #expect(signal.score > 0.8 && signal.score < 1)
    #expect(signal.severity <= .medium)
    #expect(signal.rule.isBreached(signal.value))
    #expect(!signal.rule.isRecovered(signal.value))
    #expect(signal.rule.isRecovered(50))
  }

  @Test("a spike of one sample is seen with forSamples 1 and not with 3", arguments: 1...10)
  func spike(seed: UInt64) throws {
    for (samples, count) in [(1, 1), (3, 0)] {
      var (journey, _) = try warm(rule { $0.forSamples = samples }, seed: seed)
      #expect(journey.take(85, at: 0).count == count)
      journey.take(50, at: 30)
      #expect(journey.state.alarm == nil)
    }
  }

  @Test("spikes do not poison the past: after twenty of them a shift is still seen")
  func poison() throws {
    var (journey, random) = try warm(rule())
    for step in 0..<400 {
      let value = step % 20 == 0 ? 5000 : 50 + 5 * min(max(random.normal(), -1.9), 1.9)
      journey.take(value, at: Double(step) * 30)
    }
    #expect(journey.signals.isEmpty)
    for step in 400..<403 { journey.take(85, at: Double(step) * 30) }
    #expect(journey.signals.map(\.state) == [.raised])
  }

  @Test(
    "the bounds stay frozen while raised, and clearing takes as many good samples as raising took bad ones")
  func frozen() throws {
    var (journey, _) = try warm(rule())
    for step in 0..<60 { journey.take(80 + Double(step), at: Double(step) * 30) }
    let raised = journey.signals
    #expect(Set(raised.map(\.rule)).count == 1)
    journey.take(50, at: 1800)
    journey.take(50, at: 1830)
    #expect(journey.state.alarm != nil)
    let cleared = try #require(journey.take(50, at: 1860).first)
    #expect(cleared.state == .cleared)
    #expect(cleared.rule == raised.first?.rule)
    #expect(cleared.breachedSince == .at(0))
  }

  @Test(
    "a lasting shift becomes usual after half a window, and is cleared by the new bounds", arguments: 1...10)
  func adopts(seed: UInt64) throws {
    var (journey, random) = try warm(rule(), seed: seed)
    var count = 0
    while journey.signals.last?.state != .cleared, count < 400 {
      journey.take(80 + 5 * random.normal(), at: Double(count) * 30)
      count += 1
    }
    #expect((120..<160).contains(count))
    let cleared = try #require(journey.signals.last)
    #expect(cleared.rule.isRecovered(cleared.value))
    #expect(cleared.rule.text.contains("counts as usual now"))
    #expect(abs(cleared.rule.threshold - 90) < 4)
    // The old level is the unusual one now, but not on the side that is watched.
    for step in 0..<20 { journey.take(50, at: Double(count + step) * 30) }
    #expect(journey.state.alarm == nil)
  }

  @Test("a climb without end is never taken for a new level")
  func ramp() throws {
    var (journey, _) = try warm(rule())
    for step in 0..<2000 { journey.take(60 + Double(step), at: Double(step) * 30) }
    #expect(journey.signals.allSatisfy { $0.state == .raised })
    #expect(journey.state.alarm != nil)
  }

  @Test(
    "each condition watches its side, equals both",
    arguments: [
      (Condition.above, 85.0, 1), (.above, 15, 0), (.below, 85, 0), (.below, 15, 1), (.equals, 85, 1),
      (.equals, 15, 1),
    ])
  func sides(condition: Condition, value: Double, count: Int) throws {
    var (journey, _) = try warm(rule { $0.condition = condition })
    for step in 0..<3 { journey.take(value, at: Double(step)) }
    #expect(journey.signals.count == count)
    #expect(journey.signals.allSatisfy { $0.rule.condition == (value > 50 ? .above : .below) })
  }

  @Test(
    "severity is low, medium from three times the bound on, never worse",
    arguments: [
      (65.0, Severity.low), (1e12, .medium),
    ])
  func severity(value: Double, severity: Severity) throws {
    var (journey, _) = try warm(rule())
    for step in 0..<3 { journey.take(value, at: Double(step)) }
    #expect(journey.signals.map(\.severity) == [severity])
  }

  @Test("numbers of any size never crash nor make the state useless", arguments: 1...10)
  func anyNumber(seed: UInt64) throws {
    var journey = try Journey(rule { $0.windowSamples = 40 })
    var random = Seeded(seed)
    let monsters = [
      Double.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0, 1e160,
    ]
    for step in 0..<300 {
      let value =
        Bool.random(using: &random) ? monsters[Int.random(in: 0..<5, using: &random)] : random.normal()
      journey.take(value, at: Double(step) * 30)
    }
    for step in 300..<500 { journey.take(5, at: Double(step) * 30) }
    let before = journey.signals.count
    for step in 500..<503 { journey.take(50, at: Double(step) * 30) }
    #expect(journey.signals.count == before + 1)
    #expect(journey.signals.last?.state == .raised)
  }
}
