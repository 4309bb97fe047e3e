import IncidentModel
import Logging
import MessageBus
import Resolution
import Settings
import Testing

private struct Scene {
  var settings: SystemSettings
  var incident: Incident
  var readings: [SymptomReading] = [.value(40)]
  var answer: @Sendable (Action, ActionContext) -> StepRun = { _, _ in .succeeded(detail: "done", undo: nil) }
  var lostAt: Int?
  var span = Duration.zero
  let time = TestTime()

  init(
    _ steps: [RunbookStep] = [Catalogue.limit("a", megabytes: 10), Catalogue.limit("b", megabytes: 20)],
    autonomy: Autonomy = .auto
  ) throws {
    let (settings, remedy) = try Catalogue.settings(steps, autonomy: autonomy)
    self.settings = settings
    incident = Make.incident(autonomy: autonomy, remedy: remedy)
  }

  func perform() async throws -> (JobResult?, [String], LeaseError?) {
    let reporter = RecordingReporter(lostAt: lostAt)
    let meter = ScriptedMeter(readings, span: span)
    let worker = ResolutionWorker(
      settings: settings, runner: ScriptedRunner(reporter: reporter, answer: answer), pace: time.pace,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    ) { meter }
    do throws(LeaseError) {
      let result = try await worker.perform(Make.job(incident), reporter: reporter)
      return (result, await reporter.statements, nil)
    } catch {
      return (nil, await reporter.statements, error)
    }
  }
}

private func failure(_ result: JobResult?) -> String {
  if case .failed(let reason) = result { reason } else { "not failed: \(String(describing: result))" }
}

@Suite("The resolver's worker")
struct WorkerTests {
  @Test("states each intent before its run and each outcome after it, then measures and tells")
  func order() async throws {
    let (result, statements, _) = try await Scene().perform()
    #expect(
      statements == [
        "intend 0 a", "run 0", "concluded 0 succeeded", "intend 1 b", "run 1", "concluded 1 succeeded",
      ])
    guard case .remedied(let verification, let message) = result else {
      Issue.record("\(String(describing: result))")
      return
    }
    #expect(verification.verdict == .recovered && verification.measurements.count == 2)
    #expect(message.hasPrefix("INC-1A2B3C4D auto-resolved in 33 seconds: 37 of 40 connections"), "\(message)")
    #expect(message.contains("database_connection_usage went from 92 to 40 percent (bound 76)"), "\(message)")
  }

  @Test("trouble of another machine is refused with the reason, and nothing runs")
  func otherMachine() async throws {
    let steps = [Catalogue.limit("a", megabytes: 10)]
    let (settings, remedy) = try Catalogue.settings(steps, kind: .host(HostSourceSettings()))
    var signal = Make.signal("host_disk_usage", source: "host")
    signal.labels[Label.host] = "web-1"
    let incident = Make.incident([signal], remedy: remedy)
    #expect(try Mandate.steps(for: Make.job(incident), under: settings, on: "web-1").count == 1)
    let reporter = RecordingReporter()
    let worker = ResolutionWorker(
      settings: settings,
      runner: ScriptedRunner(reporter: reporter) { _, _ in .succeeded(detail: "done", undo: nil) },
      host: "web-2", logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    ) { ScriptedMeter([.value(40)], span: .zero) }
    let reason = failure(try await worker.perform(Make.job(incident), reporter: reporter))
    #expect(reason.contains("web-1") && reason.contains("web-2") && reason.contains("Nothing was run"))
    #expect(await reporter.statements.isEmpty)
  }

  @Test("a lease that is lost stops the work before the next run", arguments: 0..<6)
  func leaseLost(at statement: Int) async throws {
    var scene = try Scene()
    scene.lostAt = statement
    let (result, statements, error) = try await scene.perform()
    if [1, 4].contains(statement) { return }  // The runner's own note; it cannot lose a lease.
    #expect(result == nil && error == .lost(reason: "another has it"))
    #expect(statements.count == statement)
  }

  @Test("a symptom that stays until the window ends is not recovered, and changes are put back in reverse")
  func notRecovered() async throws {
    var scene = try Scene()
    scene.readings = [.value(93)]
    scene.answer = { _, context in
      .succeeded(
        detail: "set", undo: context.purpose == .remedy ? Make.undo(Int64(context.step + 1)) : nil)
    }
    let (result, statements, _) = try await scene.perform()
    #expect(
      statements.suffix(4) == ["undo 1", "concluded 1 rolled_back", "undo 0", "concluded 0 rolled_back"])
    guard case .remedied(let verification, _) = result else {
      Issue.record("\(String(describing: result))")
      return
    }
    #expect(verification.verdict == .notRecovered)
    #expect(scene.time.passed >= .seconds(28) && scene.time.passed <= .seconds(34))
  }

  @Test("a symptom that takes longer to be known is watched for longer")
  func longerSpan() async throws {
    var scene = try Scene()
    scene.readings = [.pending]
    scene.span = .seconds(68)
    guard case (.remedied(let verification, _)?, _, _) = try await scene.perform() else {
      Issue.record("not remedied")
      return
    }
    #expect(verification.verdict == .unknown)
    #expect(scene.time.passed >= .seconds(66) && scene.time.passed < .seconds(72))
  }

  @Test("worse is put back at once, not at the end of the window")
  func worse() async throws {
    var scene = try Scene()
    scene.readings = [.value(150)]
    scene.answer = { _, _ in .succeeded(detail: "set", undo: Make.undo(1)) }
    let (result, statements, _) = try await scene.perform()
    #expect(statements.last == "concluded 0 rolled_back")
    #expect(scene.time.passed < .seconds(6))
    guard case .remedied(let verification, let message) = result else { return }
    #expect(verification.verdict == .notRecovered && message.contains("got worse"))
  }

  @Test("a symptom that can't be measured is unknown, never recovered")
  func unknown() async throws {
    var scene = try Scene()
    scene.readings = [.unmeasured(reason: "the server is away")]
    guard case (.remedied(let verification, let message)?, _, _) = try await scene.perform() else {
      Issue.record("not remedied")
      return
    }
    #expect(verification.verdict == .unknown)
    #expect(message.contains("the server is away"))
  }

  @Test("an undo that is about something else is not run")
  func foreignUndo() async throws {
    var scene = try Scene([Catalogue.limit("a", megabytes: 10)])
    scene.readings = [.value(93)]
    scene.answer = { _, _ in
      .succeeded(detail: "set", undo: .runCommand(CommandCall(command: "rm", arguments: [])))
    }
    let (_, statements, _) = try await scene.perform()
    #expect(!statements.contains { $0.hasPrefix("undo") })
  }

  @Test("an agent that stops states what was done and begins nothing new")
  func stops() async throws {
    var scene = try Scene()
    scene.answer = { _, _ in
      withUnsafeCurrentTask { $0?.cancel() }
      return .succeeded(detail: "done", undo: nil)
    }
    let stopping = scene
    let (result, statements, error) = try await Task { try await stopping.perform() }.value
    #expect(statements == ["intend 0 a", "run 0", "concluded 0 succeeded"])
    #expect(result == nil && error == .lost(reason: "the work was cancelled"))
  }

  @Test("retries wait a little, and state an intent each time")
  func retries() async throws {
    var scene = try Scene([Catalogue.limit("a", megabytes: 10, retries: 2)])
    scene.answer = { _, _ in .failed(detail: "no", undo: nil) }
    let (result, statements, _) = try await scene.perform()
    #expect(statements.count { $0 == "intend 0 a" } == 3 && statements.count { $0 == "run 0" } == 3)
    #expect(failure(result).contains("failed: no"))
    #expect(scene.time.passed == .seconds(3))
  }
}

@Suite("What a resolver refuses")
struct MandateTests {
  private func refusal(_ change: (inout Scene) throws -> Void) async throws -> String {
    var scene = try Scene()
    try change(&scene)
    let (result, statements, _) = try await scene.perform()
    #expect(statements.isEmpty)
    return failure(result)
  }

  @Test("observe never acts, whoever says it")
  func observe() async throws {
    #expect(try await refusal { $0.settings.sources[0].autonomy = .observe }.contains("observe"))
    #expect(try await refusal { $0.incident.autonomy = .observe }.contains("observe"))
    let approved = try await refusal {
      $0.settings.sources[0].autonomy = .observe
      $0.incident.approved = PersonMark(by: "ada", at: Make.start)
    }
    #expect(approved.contains("observe"))
  }

  @Test("suggest needs a person's approval, whoever says it")
  func suggest() async throws {
    #expect(try await refusal { $0.settings.sources[0].autonomy = .suggest }.contains("approved"))
    #expect(try await refusal { $0.incident.autonomy = .suggest }.contains("approved"))
    var scene = try Scene(autonomy: .suggest)
    scene.incident.approved = PersonMark(by: "ada", at: Make.start)
    guard case (.remedied(_, let message)?, _, _) = try await scene.perform() else {
      Issue.record("refused")
      return
    }
    #expect(message.contains("approved by ada"))
  }

  @Test("steps that the resolver's own catalogue does not render are refused")
  func otherSteps() async throws {
    let changed = try await refusal {
      $0.incident.diagnosis?.remedy?.steps[0].action = .setMaxMemory(MemoryLimit(bytes: 1 << 40))
    }
    #expect(changed.contains("other steps"))
    #expect(
      try await refusal { $0.incident.diagnosis?.remedy?.steps[0].timeoutSeconds = 9 }.contains("other steps")
    )
    #expect(try await refusal { $0.incident.diagnosis?.remedy?.runbook = "gone" }.contains("no runbook"))
    #expect(
      try await refusal { $0.incident.diagnosis?.remedy?.parameters = ["x": .number(1)] }.contains("rendered")
    )
    #expect(try await refusal { $0.incident.diagnosis?.remedy = nil }.contains("no runbook"))
    #expect(try await refusal { $0.incident.diagnosis?.remedy?.steps = [] }.contains("no steps"))
    #expect(try await refusal { $0.settings.runbooks = [] }.contains("no runbook"))
  }

  @Test("a target that is not the incident's, or not known here, is refused")
  func otherTarget() async throws {
    #expect(try await refusal { $0.incident.affectedSystems = ["other"] }.contains("not about"))
    #expect(try await refusal { $0.settings.sources = [] }.contains("no source"))
    #expect(try await refusal { $0.incident.status = .resolved }.contains("nothing to resolve"))
  }
}
