import Detection
import IncidentModel
import Settings
import Testing

@Suite("Threshold")
struct ThresholdDetectorTests {
  @Test(
    "a value past the bound raises, with the severity of its ratio",
    arguments: [
      (81.0, Severity.medium), (97, .high), (121, .critical),
    ])
  func raises(value: Double, severity: Severity) throws {
    var journey = try Journey(threshold(80))
    #expect(journey.take(80, at: 0).isEmpty)
    let signal = try #require(journey.take(value, at: 30).first)
    #expect(signal.state == .raised)
    #expect(signal.severity == severity)
    #expect(
      signal.rule
        == SignalRule(
          kind: .threshold, condition: .above, threshold: 80, clearThreshold: 76, text: "above 80 percent"))
    #expect(signal.fingerprint.text == "host/usage{target=\"shop\"}")
    #expect(signal.breachedSince == .at(30))
  }

  @Test("a configured severity overrides the ratio")
  func severityOverride() throws {
    var journey = try Journey(threshold(80, severity: .low))
    #expect(journey.take(500, at: 0).first?.severity == .low)
  }

  @Test("between clear and bound nothing ever changes", arguments: 1...20)
  func neverFlaps(seed: UInt64) throws {
    var random = Seeded(seed)
    let condition = Bool.random(using: &random) ? Condition.above : .below
    let bound = Double.random(in: -100...100, using: &random)
    let rule = condition == .above ? bound - 10 : bound + 10
    var journey = try Journey(threshold(bound, condition, clear: rule))
    func between() -> Double {
      Double.random(in: min(bound, rule).nextUp...max(bound, rule).nextDown, using: &random)
    }
    var time = 0.0
    for _ in 0..<200 {
      time += 30
      journey.take(between(), at: time)
    }
    #expect(journey.signals.isEmpty)
    journey.take(condition == .above ? bound + 1 : bound - 1, at: time + 30)
    time += 30
    for _ in 0..<200 {
      time += 30
      journey.take(between(), at: time)
    }
    #expect(journey.signals.count == 1)
    let cleared = journey.take(rule, at: time + 30)
    #expect(cleared.map(\.state) == [.cleared])
  }

  @Test("raised and cleared alternate, whatever comes", arguments: 1...20)
  func alternates(seed: UInt64) throws {
    var random = Seeded(seed)
    let seconds = [0.0, 30, 60][Int(seed) % 3]
    var journey = try Journey(threshold(80, for: seconds))
    for step in 0..<600 {
      journey.take(random.normal(mean: 79, deviation: 4), at: Double(step) * 30)
    }
    var isRaised = false
    for signal in journey.signals {
      if signal.state == .cleared { #expect(isRaised) }
      isRaised = signal.state == .raised
    }
    #expect(journey.signals.contains { $0.state == .cleared })
  }

  @Test("trouble counts only after forSeconds between samples, one good sample starts anew")
  func waits() throws {
    var journey = try Journey(threshold(80, for: 60))
    journey.take(90, at: 0)
    journey.take(90, at: 30)
    journey.take(79, at: 50)
    journey.take(90, at: 60)
    journey.take(90, at: 90)
    journey.take(90, at: 119.999)
    #expect(journey.signals.isEmpty)
    let signal = try #require(journey.take(90, at: 120).first)
    #expect(signal.breachedSince == .at(60))
    #expect(signal.rule.text == "above 80 percent for 60 s")
  }

  @Test(
    "forSeconds holds for any rhythm: never raised earlier, at the next sample afterwards", arguments: 1...20)
  func waitsProperty(seed: UInt64) throws {
    var random = Seeded(seed)
    let seconds = Double.random(in: 0...300, using: &random)
    var journey = try Journey(threshold(80, for: seconds))
    var since: Double?
    var time = 0.0
    for _ in 0..<400 {
      time += Double(Int.random(in: 1...90, using: &random))
      let value = Double.random(in: 0..<1, using: &random) < 0.95 ? 90.0 : 50
      let wasRaised = journey.state.alarm != nil
      journey.take(value, at: time)
      if value == 50 { since = nil } else if since == nil { since = time }
      let isDue = since.map { (time - $0) * 1000 >= (seconds * 1000).rounded(.up) } ?? false
      #expect((journey.state.alarm != nil) == isDue, "at \(time), raised before: \(wasRaised)")
    }
  }

  @Test("a breach across a long silence does not count as lasting")
  func gap() throws {
    var journey = try Journey(threshold(80, for: 60))
    journey.take(90, at: 0)
    #expect(journey.take(90, at: 3600).isEmpty)
    #expect(journey.take(90, at: 3660).first?.breachedSince == .at(3600))
  }

  @Test(
    "a clear bound on the wrong side counts as the bound itself",
    arguments: [
      (ThresholdSettings(condition: .above, value: 80, clear: 90), 80),
      (ThresholdSettings(condition: .below, value: 10, clear: 5), 10),
      (ThresholdSettings(condition: .above, value: -10), -10.5),
      (ThresholdSettings(condition: .below, value: -10), -9.5),
      (ThresholdSettings(condition: .above, value: 0), 0),
      (ThresholdSettings(condition: .equals, value: 3, clear: 9), 3),
    ] as [(ThresholdSettings, Double)])
  func saneClear(settings: ThresholdSettings, clear: Double) {
    #expect(ThresholdDetector(settings).clear == clear)
  }

  @Test("equals raises on the value and clears on any other")
  func equals() throws {
    var journey = try Journey(threshold(0, .equals))
    #expect(journey.take(1, at: 0).isEmpty)
    #expect(journey.take(0, at: 30).map(\.state) == [.raised])
    #expect(journey.take(1, at: 60).map(\.state) == [.cleared])
  }

  @Test(
    "numbers are short and plain",
    arguments: [
      (80, "80"), (81.2345, "81.23"), (0.000123456, "0.0001235"), (1234.6, "1235"), (-0.5, "-0.5"),
      (0, "0"), (99.999, "100"), (1e20, "1e+20"), (.nan, "NaN"), (.infinity, "inf"),
    ] as [(Double, String)])
  func brief(number: Double, text: String) { #expect(number.brief == text) }
}
