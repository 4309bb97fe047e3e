import Detection
import IncidentModel
import Settings
import Testing

@Suite("Detector of many series")
struct DetectorTests {
  private func detector(
    _ name: String = "d1", rules: [RuleSettings] = [threshold(80)],
    limits: Detector.Limits = Detector.Limits(), saysFirstGood: Bool = false
  ) throws -> Detector {
    Detector(
      name: name, instance: name + "-run", sources: [source(rules: rules), source("other", rules: rules)],
      limits: limits, saysFirstGood: saysFirstGood, graph: try .standard())
  }

  private func mounts(_ values: [Double], at seconds: Double) -> [Sample] {
    values.enumerated().map { sample($1, at: seconds, labels: ["mount": "/\($0)"]) }
  }

  @Test("each series has a memory of its own, and signals come in the samples' order")
  func series() throws {
    var detector = try detector()
    let signals = detector.absorb(mounts([90, 10, 130], at: 0), from: "shop", at: .at(0))
    #expect(signals.map(\.value) == [90, 130])
    #expect(signals.map(\.id) == ["d1-run-1", "d1-run-2"])
    #expect(signals.map(\.detector) == ["d1", "d1"])
    #expect(detector.raised == signals.map(\.fingerprint))
    #expect(detector.seriesCount == 3)
  }

  @Test("two detectors give the same fingerprints and different ids for the same samples")
  func sameFingerprints() throws {
    var one = try detector("d1")
    var two = try detector("d2")
    let first = one.absorb(mounts([90, 99], at: 0), from: "shop", at: .at(0))
    let second = two.absorb(mounts([90, 99], at: 0), from: "shop", at: .at(0))
    #expect(first.map(\.fingerprint) == second.map(\.fingerprint))
    #expect(Set(first.map(\.id)).isDisjoint(with: second.map(\.id)))
    let failures = [one.fail("shop", because: "x", at: .at(1)), two.fail("shop", because: "y", at: .at(1))]
    #expect(Set(failures.joined().map(\.fingerprint)).count == 1)
  }

  @Test(
    "after a start the first good sample of a series is said as cleared: once, and not between the bounds")
  func firstGood() throws {
    var detector = try detector(saysFirstGood: true)
    let first = detector.absorb(mounts([10, 78, 90], at: 0), from: "shop", at: .at(0))
    #expect(first.map(\.metric) == ["source_up", "usage", "usage"])
    #expect(first.map(\.state) == [.cleared, .cleared, .raised])
    #expect(first.map(\.value) == [1, 10, 90])
    #expect(first.allSatisfy { $0.state == .raised || $0.rule.isRecovered($0.value) })
    // What was between the bounds is good now; the others have spoken.
    let second = detector.absorb(mounts([10, 10, 10], at: 30), from: "shop", at: .at(30))
    #expect(second.map(\.labels["mount"]) == ["/1", "/2"])
    #expect(second.allSatisfy { $0.state == .cleared })
    #expect(detector.absorb(mounts([10, 10, 10], at: 60), from: "shop", at: .at(60)).isEmpty)
    #expect(detector.raised.isEmpty)
    // A source that failed first has spoken: its success clears that, and no more.
    #expect(detector.fail("other", because: "x", at: .at(0)).map(\.state) == [.raised])
    #expect(detector.absorb([], from: "other", at: .at(30)).map(\.state) == [.cleared])
    #expect(detector.absorb([], from: "other", at: .at(60)).isEmpty)
  }

  @Test("a metric without a rule takes no memory, one of an unknown source nothing at all")
  func unruled() throws {
    var detector = try detector()
    #expect(detector.absorb([sample(1e9, at: 0, "free")], from: "shop", at: .at(0)).isEmpty)
    #expect(detector.absorb([sample(1e9, at: 0)], from: "nobody", at: .at(0)).isEmpty)
    #expect(detector.seriesCount == 0)
  }

  @Test("a source that fails is a critical signal; its other series are neither cleared nor said again")
  func sourceFailure() throws {
    var detector = try detector()
    #expect(detector.absorb([sample(90, at: 0)], from: "shop", at: .at(0)).count == 1)
    let failed = try #require(
      detector.fail("shop", because: "connection refused\nby 127.0.0.1", at: .at(30)).first)
    #expect(failed.metric == "source_up")
    #expect(failed.fingerprint.text == "host/source_up{target=\"shop\"}")
    #expect(failed.state == .raised)
    #expect(failed.severity == .critical)
    #expect(failed.value == 0)
    #expect(
      failed.rule
        == SignalRule(
          kind: .sourceFailure, condition: .below, threshold: 1, clearThreshold: 1,
          text: "connection refused by 127.0.0.1"))
    let again = detector.fail("shop", because: "still", at: .at(90))
    #expect(again.map(\.metric) == ["source_up"])
    #expect(again.first?.breachedSince == .at(30))
    for step in 2...10 { _ = detector.fail("shop", because: "still", at: .at(30 + Double(step) * 60)) }
    #expect(detector.raised.count == 2)
    let back = detector.absorb([sample(90, at: 700)], from: "shop", at: .at(700))
    #expect(back.map(\.metric) == ["source_up", "usage"])
    #expect(back.map(\.state) == [.cleared, .raised])
    #expect(back.first?.breachedSince == .at(30))
    #expect(detector.raised.map(\.text) == ["host/usage{target=\"shop\"}"])
  }

  @Test("a source's failure says nothing of another, and a long error is cut")
  func failureIsBounded() throws {
    var detector = try detector()
    let reason = String(repeating: "x", count: 1_000_000)
    let signal = try #require(detector.fail("shop", because: reason, at: .at(0)).first)
    #expect(signal.rule.text.count == 301)
    #expect(detector.absorb([sample(1, at: 0, target: "other")], from: "other", at: .at(0)).isEmpty)
    #expect(detector.fail("nobody", because: "x", at: .at(0)).isEmpty)
  }

  @Test("severity and patience of source_up can be set by a rule of that name")
  func sourceUpRule() throws {
    var rule = RuleSettings(metric: "source_up")
    rule.threshold = ThresholdSettings(condition: .below, value: 1, forSeconds: 60, severity: .medium)
    var detector = try detector(rules: [rule])
    #expect(detector.fail("shop", because: "x", at: .at(0)).isEmpty)
    #expect(detector.fail("shop", because: "x", at: .at(60)).map(\.severity) == [.medium])
  }

  @Test("a raised series that its source reports no more is unknown: said once, never cleared")
  func vanished() throws {
    var detector = try detector()
    _ = detector.absorb(mounts([90, 10], at: 0), from: "shop", at: .at(0))
    var said: [Signal] = []
    for step in 1...20 {
      let time = Double(step) * 30
      // The other series goes on; a NaN is no report either.
      let reported = step < 3 ? [] : [sample(.nan, at: time, labels: ["mount": "/0"])]
      said += detector.absorb(
        reported + [sample(10, at: time, labels: ["mount": "/1"])], from: "shop", at: .at(time))
    }
    let signal = try #require(said.first)
    #expect(said.count == 1)
    #expect(signal.state == .raised)
    #expect(signal.value == 90)
    #expect(signal.observedAt == .at(0))
    #expect(signal.rule.text.hasSuffix("the last time at 2026-11-23T12:00:00.000Z: unknown, not recovered"))
    #expect(signal.id != "d1-run-1")
    #expect(detector.raised.count == 1)
    // Seen again, it is judged as if it had never been away.
    let back = detector.absorb(mounts([10], at: 660), from: "shop", at: .at(660))
    #expect(back.map(\.state) == [.cleared])
    #expect(back.first?.breachedSince == .at(0))
  }

  @Test("a failing source makes no series vanish")
  func failureIsNotVanishing() throws {
    var detector = try detector()
    _ = detector.absorb(mounts([90], at: 0), from: "shop", at: .at(0))
    for step in 1...10 {
      let signals = detector.fail("shop", because: "x", at: .at(Double(step) * 60))
      #expect(signals.allSatisfy { $0.metric == "source_up" })
    }
  }

  @Test("series are bounded over all sources; new ones beyond are refused and counted, known ones go on")
  func bounded() throws {
    var limits = Detector.Limits()
    limits.series = 10
    var detector = try detector(limits: limits)
    _ = detector.absorb(mounts(Array(repeating: 10, count: 8), at: 0), from: "shop", at: .at(0))
    _ = detector.absorb(mounts(Array(repeating: 90, count: 5), at: 0), from: "other", at: .at(0))
    #expect(detector.seriesCount == 10)
    #expect(detector.takeStatistics().noRoom == 3)
    #expect(detector.takeStatistics().noRoom == 0)
    #expect(detector.raised.count == 2)
    let known = detector.absorb(mounts(Array(repeating: 90, count: 8), at: 30), from: "shop", at: .at(30))
    #expect(known.count == 8)
    #expect(detector.fail("other", because: "x", at: .at(30)).count == 1)
  }

  @Test("a series with an absurdly long name or labels is refused, and takes no room")
  func oversized() throws {
    var detector = try detector()
    let long = String(repeating: "x", count: 5000)
    let samples = [sample(90, at: 0, labels: ["mount": long]), sample(90, at: 0, labels: [long: ""])]
    #expect(detector.absorb(samples, from: "shop", at: .at(0)).isEmpty)
    #expect(detector.seriesCount == 0)
    #expect(detector.takeStatistics().refused == [.oversized: 2])
  }

  @Test("names that come and go do not fill the memory; a raised one is kept longer and never cleared")
  func forgets() throws {
    var detector = try detector()
    _ = detector.absorb(mounts([90], at: 0), from: "shop", at: .at(0))
    var cleared = 0
    for step in 1...3000 {
      let time = Double(step) * 30
      let signals = detector.absorb(
        [sample(10, at: time, labels: ["interface": "veth\(step)"])], from: "shop", at: .at(time))
      cleared += signals.count { $0.state == .cleared }
      #expect(detector.seriesCount <= 124)
    }
    #expect(cleared == 0)
    #expect(detector.takeStatistics().forgotten.map(\.text) == ["host/usage{mount=\"/0\",target=\"shop\"}"])
    #expect(detector.raised.isEmpty)
  }

  @Test("what can't be judged is counted by reason")
  func statistics() throws {
    var detector = try detector()
    _ = detector.absorb([sample(1, at: 0), sample(1, at: 0), sample(.nan, at: 1)], from: "shop", at: .at(0))
    _ = detector.absorb([sample(1, at: -9999), sample(1, at: 9999)], from: "shop", at: .at(1))
    let statistics = detector.takeStatistics()
    #expect(statistics.refused == [.outOfOrder: 1, .notFinite: 1, .stale: 1, .future: 1])
    #expect(statistics.samples == 5)
  }

  @Test("the same collections give the same signals", arguments: 1...5)
  func deterministic(seed: UInt64) throws {
    func run() throws -> [Signal] {
      var random = Seeded(seed)
      var detector = try detector()
      var signals: [Signal] = []
      for step in 0..<300 {
        let time = Double(step) * 30
        if Int.random(in: 0..<10, using: &random) == 0 {
          signals += detector.fail("shop", because: "x", at: .at(time))
        } else {
          let values = (0..<20).map { _ in random.normal(mean: 76, deviation: 5) }
          let kept = Int.random(in: 0...20, using: &random)
          signals += detector.absorb(
            Array(mounts(values, at: time).prefix(kept)), from: "shop", at: .at(time))
        }
      }
      return signals
    }
    let signals = try run()
    #expect(!signals.isEmpty)
    #expect(try run() == signals)
  }
}
