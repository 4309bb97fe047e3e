import Detection
import IncidentModel
import Settings
import Testing

/// What is said about one series, and when.
@Suite("Signals of a series")
struct SignalTests {
  private var both: RuleSettings {
    var rule = threshold(80)
    rule.baseline = BaselineSettings()
    return rule
  }

  @Test("while the sample breaches it is said again each minute, with a new id; between the bounds it is not")
  func refresh() throws {
    var journey = try Journey(threshold(80), every: 10)
    for step in 0...18 { journey.take(90, at: Double(step) * 10) }
    #expect(journey.signals.map(\.observedAt) == [.at(0), .at(60), .at(120), .at(180)])
    #expect(Set(journey.signals.map(\.id)).count == 4)
    #expect(journey.signals.map(\.id).first == "test-1")
    #expect(journey.signals.allSatisfy { $0.state == .raised && $0.breachedSince == .at(0) })
    for step in 19...40 { journey.take(78, at: Double(step) * 10) }
    #expect(journey.signals.count == 4)
    #expect(journey.take(90, at: 410).count == 1)
  }

  @Test("milliseconds of jitter do not skip a refresh")
  func jitter() throws {
    var journey = try Journey(threshold(80))
    for (step, jitter) in [0, 0.004, -0.003, 0.002, -0.005].enumerated() {
      journey.take(90, at: Double(step) * 30 + jitter)
    }
    #expect(journey.signals.count == 3)
  }

  @Test("becoming worse is said at once, becoming milder is not")
  func escalation() throws {
    var journey = try Journey(threshold(80), every: 1)
    journey.take(81, at: 0)
    journey.take(100, at: 1)
    journey.take(81, at: 2)
    journey.take(100, at: 3)
    journey.take(130, at: 4)
    #expect(journey.signals.map(\.severity) == [.medium, .high, .critical])
    let cleared = try #require(journey.take(10, at: 5).first)
    #expect(cleared.state == .cleared)
    #expect(cleared.severity == .critical)
    #expect(cleared.breachedSince == .at(0))
    #expect(cleared.value == 10)
  }

  @Test("the threshold takes over from the baseline, keeps the time of the first breach, and clears for both")
  func thresholdWins() throws {
    var journey = try Journey(both)
    for step in 0..<100 { journey.take(Double(20 + step % 3), at: Double(step) * 30) }
    #expect(journey.signals.isEmpty)
    for step in 100..<104 { journey.take(60, at: Double(step) * 30) }
    #expect(journey.signals.map(\.rule.kind) == [.baseline])
    let taken = try #require(journey.take(90, at: 3120).first)
    #expect(taken.state == .raised)
    #expect(taken.rule.kind == .threshold)
    #expect(taken.breachedSince == .at(3000))
    #expect(taken.fingerprint == journey.signals.first?.fingerprint)
    // Still unusual, but within the bound: that incident is over by its own rule.
    let cleared = try #require(journey.take(60, at: 3150).first)
    #expect(cleared.state == .cleared)
    #expect(cleared.rule.kind == .threshold)
    // The baseline starts from nothing and says so anew.
    #expect(journey.take(60, at: 3180).isEmpty)
    #expect(journey.take(60, at: 3210).isEmpty)
    let again = try #require(journey.take(60, at: 3240).first)
    #expect(again.rule.kind == .baseline)
    #expect(again.breachedSince == .at(3180))
  }

  @Test("one statement for each fingerprint: never two raised rules, whatever comes", arguments: 1...20)
  func oneStatement(seed: UInt64) throws {
    var random = Seeded(seed)
    var journey = try Journey(both)
    var level = 40.0
    for step in 0..<2000 {
      if Int.random(in: 0..<50, using: &random) == 0 { level = Double.random(in: 20...90, using: &random) }
      let said = journey.take(random.normal(mean: level, deviation: 3), at: Double(step) * 30)
      #expect(said.count <= 1)
    }
    var kind: SignalRule.Kind?
    for signal in journey.signals {
      if signal.state == .cleared {
        #expect(kind == signal.rule.kind)
        #expect(signal.rule.isRecovered(signal.value))
        kind = nil
      } else {
        if kind == .threshold { #expect(signal.rule.kind == .threshold) }
        #expect(signal.rule.isBreached(signal.value))
        kind = signal.rule.kind
      }
    }
    #expect(journey.signals.contains { $0.rule.kind == .threshold })
  }

  @Test(
    "what can't be judged changes nothing: no signal, no memory",
    arguments: [
      (Double.nan, 30.0, 30.0), (.infinity, 30, 30), (-.infinity, 30, 30), (.signalingNaN, 30, 30),
      (50, 0, 30),
      (50, -30, 30), (50, 30, 7200), (50, 7200, 30), (50, 9e15, 30), (50, -9e15, 30),
    ])
  func refused(value: Double, time: Double, now: Double) throws {
    var journey = try Journey(both)
    journey.take(90, at: 0)
    let before = journey.state
    #expect(journey.take(value, at: time, now: now).isEmpty)
    #expect(journey.state == before)
    #expect(journey.take(90, at: now + 60).map(\.state) == [.raised])
  }

  @Test("when the detector's clock is set back it goes on, and nothing is cleared")
  func clockSetBack() throws {
    var journey = try Journey(threshold(80))
    journey.take(90, at: 7200)
    #expect(journey.take(90, at: 0).isEmpty)
    #expect(journey.take(90, at: 60).map(\.state) == [.raised])
    #expect(journey.take(10, at: 90).map(\.state) == [.cleared])
  }

  @Test("the same samples give the same signals", arguments: 1...5)
  func deterministic(seed: UInt64) throws {
    func run() throws -> [Signal] {
      var random = Seeded(seed)
      var journey = try Journey(both)
      for step in 0..<1000 {
        let value =
          Int.random(in: 0..<20, using: &random) == 0 ? Double.nan : random.normal(mean: 75, deviation: 10)
        journey.take(value, at: Double(step) * 30 + random.normal(deviation: 10))
      }
      return journey.signals
    }
    let signals = try run()
    #expect(!signals.isEmpty)
    #expect(try run() == signals)
  }
}
