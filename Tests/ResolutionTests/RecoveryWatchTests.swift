import IncidentModel
import Resolution
import Testing

private func verdict(_ judgement: RecoveryWatch.Judgement) -> Verification.Verdict? {
  if case .settled(let verification, _) = judgement { verification.verdict } else { nil }
}

@Suite("The watch over symptoms")
struct RecoveryWatchTests {
  @Test("recovered needs two good measurements in a row, hysteresis included")
  func twoInARow() {
    var watch = RecoveryWatch([Make.signal()])
    #expect(verdict(watch.take([.value(50)], at: Make.start, isOver: false)) == nil)
    // Below the threshold of 80 but above the clear bound of 76: not yet good.
    #expect(verdict(watch.take([.value(78)], at: Make.start, isOver: false)) == nil)
    #expect(verdict(watch.take([.value(50)], at: Make.start, isOver: false)) == nil)
    #expect(verdict(watch.take([.value(76)], at: Make.start, isOver: false)) == .recovered)
  }

  @Test("no data, NaN and infinity are never good")
  func noDataIsNotGood() {
    for reading in [SymptomReading.unmeasured(reason: "away"), .value(.nan), .value(-.infinity)] {
      var watch = RecoveryWatch([Make.signal()])
      #expect(verdict(watch.take([.value(10)], at: Make.start, isOver: false)) == nil)
      #expect(verdict(watch.take([reading], at: Make.start, isOver: false)) == nil)
      #expect(verdict(watch.take([reading], at: Make.start, isOver: true)) == .unknown)
    }
    var short = RecoveryWatch([Make.signal(), Make.signal("database_deadlocks")])
    #expect(verdict(short.take([.value(10)], at: Make.start, isOver: true)) == .unknown)
  }

  @Test("a watch over nothing knows nothing")
  func nothing() {
    var watch = RecoveryWatch([])
    #expect(verdict(watch.take([], at: Make.start, isOver: false)) == .unknown)
  }

  @Test("one symptom that is still bad outweighs others that are gone or away")
  func oneBad() {
    let signals = [Make.signal(), Make.signal("database_longest_query", value: 60, above: 30, clear: 28)]
    var watch = RecoveryWatch(signals)
    #expect(verdict(watch.take([.value(10), .value(50)], at: Make.start, isOver: false)) == nil)
    #expect(verdict(watch.take([.value(10), .value(50)], at: Make.start, isOver: true)) == .notRecovered)
    var other = RecoveryWatch(signals)
    let round = [SymptomReading.unmeasured(reason: "away"), .value(50)]
    #expect(verdict(other.take(round, at: Make.start, isOver: true)) == .notRecovered)
  }

  @Test("clearly worse twice in a row ends the watch at once, and says so")
  func worse() {
    var watch = RecoveryWatch([Make.signal(value: 85)])
    #expect(watch.take([.value(99)], at: Make.start, isOver: false) == .lookAgain)
    guard case .settled(let verification, let worse) = watch.take([.value(98)], at: Make.start, isOver: false)
    else {
      Issue.record("it looked on")
      return
    }
    #expect(worse && verification.verdict == .notRecovered)
    #expect(verification.detail.contains("from 85 to 98 percent"))
  }

  @Test("a little more is not worse, and a single jump is not either")
  func notWorse() {
    var watch = RecoveryWatch([Make.signal(value: 90)])
    for value in [98.0, 94, 99.5, 93, 98.9] {
      #expect(watch.take([.value(value)], at: Make.start, isOver: false) == .lookAgain)
    }
  }

  @Test("good at the end of the window but once only: the next measurement decides")
  func lateRecovery() {
    for (next, expected) in [(60.0, Verification.Verdict.recovered), (90, .notRecovered)] {
      var watch = RecoveryWatch([Make.signal()])
      #expect(verdict(watch.take([.value(90)], at: Make.start, isOver: false)) == nil)
      #expect(verdict(watch.take([.value(60)], at: Make.start, isOver: true)) == nil)
      #expect(verdict(watch.take([.value(next)], at: Make.start, isOver: true)) == expected)
    }
  }

  @Test("what is still being counted is neither good nor bad, and does not hold the watch up for ever")
  func pending() {
    var watch = RecoveryWatch([Make.signal()])
    let rounds: [SymptomReading] = [.pending, .value(50), .pending, .pending, .value(50)]
    let verdicts = rounds.map { verdict(watch.take([$0], at: Make.start, isOver: false)) }
    #expect(verdicts == [nil, nil, nil, nil, .recovered])

    var never = RecoveryWatch([Make.signal()])
    #expect(verdict(never.take([.pending], at: Make.start, isOver: false)) == nil)
    #expect(verdict(never.take([.pending], at: Make.start, isOver: true)) == .unknown)

    var once = RecoveryWatch([Make.signal()])
    _ = once.take([.value(50)], at: Make.start, isOver: false)
    let last = (0..<30).lazy.compactMap { _ in verdict(once.take([.pending], at: Make.start, isOver: true)) }
      .first
    #expect(last == .unknown)
  }

  @Test("a lower bound is watched the other way round")
  func below() {
    let signal = Make.signal(
      "cache_hit_ratio", value: 40, above: 60, clear: 65, unit: "percent", condition: .below)
    var watch = RecoveryWatch([signal])
    #expect(verdict(watch.take([.value(64)], at: Make.start, isOver: false)) == nil)
    #expect(verdict(watch.take([.value(66)], at: Make.start, isOver: false)) == nil)
    #expect(verdict(watch.take([.value(70)], at: Make.start, isOver: false)) == .recovered)
  }

  @Test("whatever is measured, recovered means that every symptom's last two readings were good")
  func property() {
    var recoveries = 0
    for seed in 0..<4_000 as Range<UInt64> {
      var random = Seeded(seed)
      let signals = (0..<Int.random(in: 1...3, using: &random)).map { Make.signal("m\($0)") }
      var watch = RecoveryWatch(signals)
      var rounds: [[SymptomReading]] = []
      var settled: Verification?
      for round in 0..<40 where settled == nil {
        let readings = signals.map { _ -> SymptomReading in
          random.chance(0.15) ? .unmeasured(reason: "x") : .value(Double.random(in: 30...110, using: &random))
        }
        rounds.append(readings)
        if case .settled(let verification, _) = watch.take(readings, at: Make.start, isOver: round > 12) {
          settled = verification
        }
      }
      let lastTwo = rounds.suffix(2)
      let allGood =
        lastTwo.count == 2
        && lastTwo.joined().allSatisfy { if case .value(let value) = $0 { value <= 76 } else { false } }
      #expect((settled?.verdict == .recovered) == allGood, "seed \(seed)")
      #expect(settled != nil, "seed \(seed)")
      if allGood { recoveries += 1 }
    }
    #expect(recoveries > 100)
  }
}
