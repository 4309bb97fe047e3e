import IncidentModel
import Resolution
import Testing

/// Runs crews that die at any point against a journal that does not, as the coordinator keeps it.
private struct History {
  var random: Seeded
  let steps: [PlannedStep]
  var records: [Int: StepRecord] = [:]
  var runs: [Int: Int] = [:]
  var lastVerdict: Verification.Verdict?
  var violations: [String] = []

  init(seed: UInt64) {
    random = Seeded(seed)
    var steps: [PlannedStep] = []
    for index in 0..<Int.random(in: 1...4, using: &random) {
      steps.append(
        Make.step(
          "s\(index)", retries: Int.random(in: 0...2, using: &random), idempotent: random.chance(0.5),
          rollback: random.chance(0.7)))
    }
    self.steps = steps
  }

  /// One crew's life; `nil` when it died.
  mutating func life(deadly: Double) -> JobResult? {
    var crew = Crew(
      CrewPlan(incident: Make.incident(records: records.values.sorted { $0.index < $1.index }), steps: steps))
    var event = CrewEvent.begun
    var permitted: Int?
    var lastUndo = Int.max
    lastVerdict = nil
    for _ in 0..<300 {
      if random.chance(deadly) { return nil }
      switch crew.handle(event, at: Make.start) {
      case .intend(let step, _):
        var record = records[step] ?? Make.record(step, "s\(step)", .intended, attempts: 0)
        record.state = .intended
        record.attempts += 1
        records[step] = record
        permitted = step
        event = .intended
      case .run(let step):
        if permitted != step { violations.append("step \(step) ran before its intent was durable") }
        permitted = nil
        runs[step, default: 0] += 1
        if !steps[step].idempotent, runs[step] != 1 { violations.append("step \(step) ran twice") }
        let undo = random.chance(0.5) ? Make.undo(Int64(step)) : nil
        event = .ran(
          random.chance(0.3) ? .failed(detail: "f", undo: undo) : .succeeded(detail: "s", undo: undo))
      case .conclude(let outcome):
        records[outcome.index]?.state = outcome.state
        records[outcome.index]?.undo = outcome.undo
        event = .concluded
      case .verify:
        for (index, step) in steps.enumerated() where records[index]?.state != .succeeded {
          violations.append("\(step.name) had not succeeded before the symptom was measured")
        }
        let verdict = [Verification.Verdict.recovered, .notRecovered, .unknown].randomElement(using: &random)
        lastVerdict = verdict
        event = .verified(Make.verification(verdict ?? .unknown), worse: random.chance(0.2))
      case .undo(let step, let action):
        if step > lastUndo { violations.append("step \(step) was put back after step \(lastUndo)") }
        if !steps[step].rollback { violations.append("step \(step) must not be put back") }
        if action != records[step]?.undo { violations.append("step \(step) was put back to something else") }
        if lastVerdict == .recovered { violations.append("put back although recovered") }
        lastUndo = step
        event = .undone(
          random.chance(0.2) ? .failed(detail: "u", undo: nil) : .succeeded(detail: "u", undo: nil))
      case .finish(let result): return result
      }
    }
    violations.append("the crew did not end")
    return nil
  }
}

@Suite("A crew whose predecessors died anywhere")
struct CrewHistoryTests {
  @Test(
    "runs nothing twice that must not, nothing without an intent, puts back in reverse, and tells the truth",
    arguments: [0.0, 0.05, 0.2, 0.4])
  func invariants(deadly: Double) {
    var recovered = 0
    var failed = 0
    for seed in 0..<1_500 as Range<UInt64> {
      var history = History(seed: seed)
      var result: JobResult?
      for life in 0..<12 where result == nil {
        // The last one lives, so that every history has an end.
        result = history.life(deadly: life < 11 ? deadly : 0)
      }
      switch result {
      case .remedied(let verification, _):
        #expect(verification.verdict == history.lastVerdict, "seed \(seed)")
        if verification.verdict == .recovered { recovered += 1 }
      case .failed: failed += 1
      default: Issue.record("seed \(seed) did not end")
      }
      #expect(history.violations.isEmpty, "seed \(seed)")
    }
    // Both ends must have been seen, else the test proves nothing.
    #expect(recovered > 5 && failed > 5)
  }
}
