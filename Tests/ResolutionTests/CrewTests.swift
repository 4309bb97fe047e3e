import IncidentModel
import Resolution
import Testing

/// Drives a crew with canned answers and notes what it asked for.
private struct Drive {
  var crew: Crew
  var asked: [String] = []
  var verification = Make.verification(.recovered)
  var worse = false
  /// What the runs of a step come to, in order; then success without undo.
  var runs: [Int: [StepRun]] = [:]
  var undos: [Int: [StepRun]] = [:]
  var now = Make.start + .seconds(34)

  init(_ steps: [PlannedStep], records: [StepRecord] = []) {
    crew = Crew(CrewPlan(incident: Make.incident(records: records), steps: steps))
  }

  mutating func toTheEnd() -> JobResult? {
    var event = CrewEvent.begun
    for _ in 0..<200 {
      switch crew.handle(event, at: now) {
      case .intend(let step, let attempt):
        asked.append("intend \(step) \(attempt)")
        event = .intended
      case .run(let step):
        asked.append("run \(step)")
        event = .ran(take(&runs, step))
      case .conclude(let outcome):
        asked.append("conclude \(outcome.index) \(outcome.state.rawValue)")
        event = .concluded
      case .verify:
        asked.append("verify")
        event = .verified(verification, worse: worse)
      case .undo(let step, let action):
        asked.append("undo \(step) \(action.kind.rawValue)")
        event = .undone(take(&undos, step))
      case .finish(let result): return result
      }
    }
    return nil
  }

  private func take(_ answers: inout [Int: [StepRun]], _ step: Int) -> StepRun {
    guard var left = answers[step], !left.isEmpty else { return .succeeded(detail: "did \(step)", undo: nil) }
    let first = left.removeFirst()
    answers[step] = left
    return first
  }
}

private func reason(_ result: JobResult?) -> String {
  switch result {
  case .failed(let reason): reason
  case .remedied(_, let message): message
  default: ""
  }
}

@Suite("The crew")
struct CrewTests {
  @Test("states the intent, runs, states the outcome, and measures after the last step")
  func order() {
    var drive = Drive([Make.step("a"), Make.step("b")])
    guard case .remedied(let verification, let message) = drive.toTheEnd() else {
      Issue.record("not remedied")
      return
    }
    #expect(
      drive.asked == [
        "intend 0 1", "run 0", "conclude 0 succeeded", "intend 1 1", "run 1", "conclude 1 succeeded",
        "verify",
      ])
    #expect(verification.verdict == .recovered)
    #expect(
      message
        == "INC-1A2B3C4D auto-resolved in 34 seconds: 37 of 40 connections are idle in transaction; "
        + "did 0, then did 1; measured")
  }

  @Test("a step that succeeded in an earlier attempt is not run again")
  func resumes() {
    var drive = Drive(
      [Make.step("a", idempotent: false), Make.step("b")], records: [Make.record(0, "a", .succeeded)])
    _ = drive.toTheEnd()
    #expect(drive.asked == ["intend 1 1", "run 1", "conclude 1 succeeded", "verify"])
  }

  @Test("a step of unknown fate is run again when it is idempotent")
  func rerunsIdempotent() {
    var drive = Drive([Make.step("a")], records: [Make.record(0, "a", .intended)])
    _ = drive.toTheEnd()
    #expect(drive.asked.first == "intend 0 2")
  }

  @Test("a step of unknown fate that is not idempotent is left to a human")
  func humanDecides() {
    var drive = Drive([Make.step("a", idempotent: false)], records: [Make.record(0, "a", .intended)])
    let result = drive.toTheEnd()
    #expect(drive.asked.isEmpty)
    guard case .failed(let reason) = result else {
      Issue.record("not failed")
      return
    }
    #expect(reason.contains("a human decides"))
  }

  @Test("an idempotent step that keeps being cut off is not begun for ever")
  func interruptionsAreBounded() {
    var drive = Drive([Make.step("a", retries: 1)], records: [Make.record(0, "a", .intended, attempts: 5)])
    #expect(reason(drive.toTheEnd()).contains("a human decides"))
    #expect(drive.asked.isEmpty)
  }

  @Test("a failed step is tried again as often as its retries say, each time with an intent")
  func retries() {
    var drive = Drive([Make.step("a", retries: 2)])
    drive.runs[0] = [.failed(detail: "x", undo: nil), .failed(detail: "y", undo: nil)]
    _ = drive.toTheEnd()
    #expect(
      drive.asked == [
        "intend 0 1", "run 0", "conclude 0 failed", "intend 0 2", "run 0", "conclude 0 failed", "intend 0 3",
        "run 0", "conclude 0 succeeded", "verify",
      ])
  }

  @Test("a failed step that is not idempotent is not tried again, whatever its retries say")
  func noRetry() {
    var drive = Drive([Make.step("a", retries: 5, idempotent: false)])
    drive.runs[0] = [.failed(detail: "exploded", undo: nil)]
    let result = drive.toTheEnd()
    #expect(drive.asked == ["intend 0 1", "run 0", "conclude 0 failed"])
    #expect(reason(result).contains("exploded"))
  }

  @Test("when the symptom stays, steps are put back from the last to the first, those that say so only")
  func rollbackOrder() {
    var drive = Drive([
      Make.step("a"), Make.step("b", rollback: false), Make.step("c"), Make.step("d"),
    ])
    for (step, bytes) in [0: 1, 1: 2, 3: 4] as [Int: Int64] {
      drive.runs[step] = [.succeeded(detail: "set \(step)", undo: Make.undo(bytes))]
    }
    drive.verification = Make.verification(.notRecovered)
    let result = drive.toTheEnd()
    #expect(
      drive.asked.drop { $0 != "verify" }.dropFirst() == [
        "undo 3 cache.set_max_memory", "conclude 3 rolled_back", "undo 0 cache.set_max_memory",
        "conclude 0 rolled_back",
      ])
    guard case .remedied(let verification, let message) = result else {
      Issue.record("not remedied")
      return
    }
    #expect(verification.verdict == .notRecovered)
    #expect(message.contains("the symptom stays") && message.contains("put back"))
  }

  @Test("a step that failed for good puts back those before it")
  func failureRollsBack() {
    var drive = Drive([Make.step("a"), Make.step("b")])
    drive.runs[0] = [.succeeded(detail: "set", undo: Make.undo(1))]
    drive.runs[1] = [.failed(detail: "broke", undo: Make.undo(2))]
    let result = drive.toTheEnd()
    #expect(
      drive.asked.suffix(4) == [
        "undo 1 cache.set_max_memory", "conclude 1 rolled_back", "undo 0 cache.set_max_memory",
        "conclude 0 rolled_back",
      ])
    #expect(reason(result).contains("step 2 \"b\" failed: broke"))
  }

  @Test("an undo that fails is tried once more, then named, and the others still run")
  func undoFails() {
    var drive = Drive([Make.step("a"), Make.step("b")])
    drive.runs[0] = [.succeeded(detail: "set a", undo: Make.undo(1))]
    drive.runs[1] = [.succeeded(detail: "set b", undo: Make.undo(2))]
    drive.undos[1] = [.failed(detail: "no", undo: nil), .failed(detail: "no again", undo: nil)]
    drive.verification = Make.verification(.notRecovered)
    let result = drive.toTheEnd()
    #expect(
      drive.asked.suffix(4) == [
        "undo 1 cache.set_max_memory", "undo 1 cache.set_max_memory", "undo 0 cache.set_max_memory",
        "conclude 0 rolled_back",
      ])
    #expect(reason(result).contains("could not be put back: no again"))
  }

  @Test("the first undo stays when a second run no longer sees the old value")
  func firstUndoStays() {
    var drive = Drive([Make.step("a", retries: 1)])
    drive.runs[0] = [
      .failed(detail: "no answer", undo: Make.undo(1)), .succeeded(detail: "set", undo: Make.undo(2)),
    ]
    drive.verification = Make.verification(.notRecovered)
    var crew = drive.crew
    _ = drive.toTheEnd()
    // The same once more by hand, to see the undo itself.
    _ = crew.handle(.begun, at: Make.start)
    _ = crew.handle(.intended, at: Make.start)
    _ = crew.handle(.ran(.failed(detail: "", undo: Make.undo(1))), at: Make.start)
    _ = crew.handle(.concluded, at: Make.start)
    _ = crew.handle(.intended, at: Make.start)
    _ = crew.handle(.ran(.succeeded(detail: "", undo: Make.undo(2))), at: Make.start)
    _ = crew.handle(.concluded, at: Make.start)
    let next = crew.handle(.verified(Make.verification(.notRecovered), worse: false), at: Make.start)
    #expect(next == .undo(step: 0, Make.undo(1)))
  }

  @Test("an unknown verdict neither resolves nor puts anything back")
  func unknownStays() {
    var drive = Drive([Make.step("a")])
    drive.runs[0] = [.succeeded(detail: "set", undo: Make.undo(1))]
    drive.verification = Make.verification(.unknown)
    guard case .remedied(let verification, let message) = drive.toTheEnd() else {
      Issue.record("not remedied")
      return
    }
    #expect(verification.verdict == .unknown)
    #expect(message.contains("needs a person"))
    #expect(drive.asked.last == "verify")
  }

  @Test("recovered without a single measurement in order is unknown")
  func recoveredNeedsMeasurement() {
    var drive = Drive([Make.step("a")])
    drive.verification = Verification(verdict: .recovered, detail: "", measurements: [], at: Make.start)
    guard case .remedied(let verification, _) = drive.toTheEnd() else {
      Issue.record("not remedied")
      return
    }
    #expect(verification.verdict == .unknown)
  }

  @Test("putting back goes on where an earlier attempt was cut off, and nothing runs again")
  func resumesRollback() {
    var drive = Drive(
      [Make.step("a"), Make.step("b")],
      records: [
        Make.record(0, "a", .succeeded, undo: Make.undo(1)),
        Make.record(1, "b", .rolledBack, undo: Make.undo(2)),
      ])
    let result = drive.toTheEnd()
    #expect(drive.asked == ["undo 0 cache.set_max_memory", "conclude 0 rolled_back"])
    guard case .failed = result else {
      Issue.record("not failed")
      return
    }
  }

  @Test("records of another remedy stop the crew")
  func foreignRecords() {
    var drive = Drive([Make.step("a")], records: [Make.record(0, "z", .succeeded)])
    #expect(reason(drive.toTheEnd()).contains("not in this remedy"))
    #expect(drive.asked.isEmpty)
  }

  @Test("an event out of place runs nothing")
  func outOfPlace() {
    var crew = Crew(CrewPlan(incident: Make.incident(), steps: [Make.step("a")]))
    guard case .finish(.failed) = crew.handle(.intended, at: Make.start) else {
      Issue.record("it went on")
      return
    }
    guard case .finish(.failed) = crew.handle(.begun, at: Make.start) else {
      Issue.record("it went on")
      return
    }
  }

  @Test("hostile text stays on one line and within bounds")
  func hostileText() {
    var drive = Drive([Make.step("a")])
    drive.runs[0] = [
      .failed(detail: "x\n\u{1B}[31m\u{202E}evil " + String(repeating: "long ", count: 100_000), undo: nil)
    ]
    let text = reason(drive.toTheEnd())
    #expect(text.unicodeScalars.count <= 4_001)
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
  }
}
