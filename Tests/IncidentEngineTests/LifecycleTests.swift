import IncidentEngine
import IncidentModel
import Testing

@Suite("An incident's way from detected to its end")
struct LifecycleTests {
  @Test("a raised signal is diagnosed, remedied, verified and resolved without a person")
  func wholeWay() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.join(.resolver, "wolf")
    world.tell(.signals([world.signal()]))
    #expect(world.only.status == .investigating)
    let diagnose = try #require(world.jobs.last)
    #expect(diagnose.lease.kind == .diagnose)
    world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), diagnose.lease, instance: "sherlock"))
    #expect(world.only.status == .resolving)
    #expect(world.only.rootCause?.contains("checkout") == true)

    let resolve = try #require(world.jobs.last)
    #expect(resolve.lease.token > diagnose.lease.token)
    #expect(world.tell(.intend(step: 0, name: "step-0", resolve.lease, instance: "wolf")) == .granted)
    let outcome = StepOutcome(index: 0, state: .succeeded, detail: "33 sessions ended")
    #expect(world.tell(.concluded(outcome, resolve.lease, instance: "wolf")) == .granted)
    world.now = world.now + .seconds(20)
    let verdict = EngineWorld.verification(.recovered, at: world.now)
    world.tell(
      .finished(.remedied(verdict, message: "auto-resolved in 20 seconds"), resolve.lease, instance: "wolf"))

    let incident = world.only
    #expect(incident.status == .resolved)
    #expect(incident.autoResolved)
    #expect(incident.resolvedAt == world.now)
    #expect(incident.steps.map(\.state) == [.succeeded])
    #expect(incident.logs.contains { $0.contains("33 sessions ended") })
    #expect(world.announcements.map(\.kind) == [.resolved])
  }

  @Test("an unknown cause goes to the on-call engineer", arguments: ["shop-db", "bank-db", "museum-db"])
  func unknownEscalates(target: String) throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.tell(.signals([world.signal(target: target)]))
    let job = try #require(world.jobs.last)
    world.tell(.finished(.diagnosed(.unknown(evidence: [])), job.lease, instance: "sherlock"))
    #expect(world.only.status == .escalated)
    #expect(world.only.escalatedTo == "on-call engineer")
    #expect(world.only.rootCause == Diagnosis.unknownCause)
    #expect(world.announcements.map(\.kind) == [.escalation])
  }

  @Test("a remedy on a source set to suggest runs only after a person approved it")
  func suggestWaits() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.join(.resolver, "wolf")
    world.tell(.signals([world.signal(target: "bank-db")]))
    let job = try #require(world.jobs.last)
    world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), job.lease, instance: "sherlock"))
    #expect(world.only.status == .identified)
    #expect(world.only.awaitingApproval)
    #expect(world.jobs.count == 1)
    #expect(world.announcements.map(\.kind) == [.approvalNeeded])

    guard case .incident(let approved) = world.tell(.person(.approve, world.only.id, by: "ann", note: nil))
    else {
      Issue.record("the approval was not taken")
      return
    }
    #expect(approved.approved?.by == "ann")
    #expect(world.only.status == .resolving)
    #expect(world.jobs.last?.lease.kind == .resolve)
  }

  @Test("a source that is only observed is diagnosed, handed to people, and never acted on")
  func observeHandsOver() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.join(.resolver, "wolf")
    world.tell(.signals([world.signal(target: "museum-db")]))
    let job = try #require(world.jobs.last)
    world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), job.lease, instance: "sherlock"))
    #expect(world.only.status == .escalated)
    #expect(world.only.diagnosis != nil)
    world.pass(.seconds(3600))
    guard case .conflict = world.tell(.person(.approve, world.only.id, by: "ann", note: nil)) else {
      Issue.record("an observed source was approved")
      return
    }
    #expect(world.jobs.allSatisfy { $0.lease.kind == .diagnose })
  }

  @Test(
    "only a recovered verdict resolves",
    arguments: [
      (Verification.Verdict.recovered, IncidentStatus.resolved), (.notRecovered, .escalated),
      (.unknown, .escalated),
    ])
  func verdicts(verdict: Verification.Verdict, status: IncidentStatus) throws {
    var (world, lease) = try Self.steppedOnce(.succeeded, "done")
    let verification = EngineWorld.verification(verdict, at: world.now)
    world.tell(.finished(.remedied(verification, message: "m"), lease, instance: "wolf"))
    #expect(world.only.status == status)
  }

  @Test("a failed step escalates even when the symptom is gone")
  func failedStepEscalates() throws {
    var (world, lease) = try Self.steppedOnce(.failed, "no right")
    let verification = EngineWorld.verification(.recovered, at: world.now)
    world.tell(.finished(.remedied(verification, message: "m"), lease, instance: "wolf"))
    #expect(world.only.status == .escalated)
    #expect(world.announcements.last?.text.contains("no right") == true)
  }

  @Test("a symptom that joined while the remedy ran was measured by nobody, so nothing is resolved")
  func joinedMeanwhile() throws {
    var world = try Self.resolving()
    let lease = try #require(world.jobs.last?.lease)
    world.tell(.intend(step: 0, name: "step-0", lease, instance: "wolf"))
    world.tell(.concluded(StepOutcome(index: 0, state: .succeeded, detail: "done"), lease, instance: "wolf"))
    world.tell(.signals([world.signal("database_longest_transaction")]))
    let verification = EngineWorld.verification(.recovered, at: world.now)
    world.tell(.finished(.remedied(verification, message: "m"), lease, instance: "wolf"))
    #expect(world.only.status == .escalated)
    #expect(world.only.escalationReason?.contains("database_longest_transaction") == true)
  }

  @Test("symptoms that go away and stay away end the incident; one that comes back does not")
  func settling() {
    var world = EngineWorld()
    world.tell(.signals([world.signal()]))
    world.now = world.now + .seconds(5)
    world.tell(.signals([world.signal(value: 20, state: .cleared)]))
    world.pass(.seconds(20))
    world.tell(.signals([world.signal(value: 95)]))
    world.pass(.seconds(20))
    #expect(world.only.status == .detected)
    world.tell(.signals([world.signal(value: 20, state: .cleared)]))
    world.pass(.seconds(31))
    #expect(world.only.status == .resolved)
    #expect(!world.only.autoResolved)
    #expect(world.only.count == 4)
  }

  /// A remedy whose first step has ended, and its lease.
  private static func steppedOnce(
    _ state: StepRecord.State, _ detail: String
  ) throws -> (world: EngineWorld, lease: Lease) {
    var world = try resolving()
    let lease = try #require(world.jobs.last?.lease)
    world.tell(.intend(step: 0, name: "step-0", lease, instance: "wolf"))
    world.tell(.concluded(StepOutcome(index: 0, state: state, detail: detail), lease, instance: "wolf"))
    return (world, lease)
  }

  /// A statement on one of many series of a family.
  private static func series(
    _ number: Int, _ state: Signal.State = .raised, in world: inout EngineWorld
  ) -> Signal {
    var signal = world.signal(value: state == .raised ? 92 : 20, state: state)
    signal.labels["pool"] = "p\(number)"
    signal.fingerprint = Fingerprint(source: signal.source, metric: signal.metric, labels: signal.labels)
    return signal
  }

  @Test("series beyond those that are kept as symptoms must be gone too before it is over")
  func beyondTheSymptoms() {
    var world = EngineWorld { $0.diagnosisLimit = .seconds(1_000) }
    for number in 1...60 { world.tell(.signals([Self.series(number, in: &world)])) }
    #expect(world.incidents.count == 1)
    #expect(world.only.symptoms.count == Incident.maxSymptoms)
    world.now = world.now + .seconds(1)
    let old = Self.series(60, .cleared, in: &world)
    for number in 1...50 { world.tell(.signals([Self.series(number, .cleared, in: &world)])) }
    world.pass(.seconds(40))
    #expect(world.only.status == .detected)
    for number in 51...59 { world.tell(.signals([Self.series(number, .cleared, in: &world)])) }
    // Again in trouble, and then an older word that it is not.
    world.tell(.signals([Self.series(60, in: &world)]))
    world.tell(.signals([old]))
    world.pass(.seconds(40))
    #expect(world.only.status == .detected)
    #expect(world.replayed().state.difference(from: world.engine.state) == nil)
    world.tell(.signals([Self.series(60, .cleared, in: &world)]))
    world.pass(.seconds(10))
    // One that comes back while it settles.
    world.tell(.signals([Self.series(55, in: &world)]))
    world.pass(.seconds(29))
    #expect(world.only.status == .detected)
    world.tell(.signals([Self.series(55, .cleared, in: &world)]))
    world.pass(.seconds(31))
    #expect(world.incidents.count == 1)
    #expect(world.only.status == .resolved)
    #expect(world.replayed().state.difference(from: world.engine.state) == nil)
  }

  @Test("a remedy after which series beyond the symptoms are still raised has not ended it")
  func beyondTheMeasured() throws {
    var (world, lease) = try Self.steppedOnce(.succeeded, "done")
    for number in 1...60 { world.tell(.signals([Self.series(number, in: &world)])) }
    world.now = world.now + .seconds(1)
    for number in 1...49 { world.tell(.signals([Self.series(number, .cleared, in: &world)])) }
    let verification = EngineWorld.verification(.recovered, at: world.now)
    world.tell(.finished(.remedied(verification, message: "m"), lease, instance: "wolf"))
    #expect(world.incidents.count == 1)
    #expect(world.only.status == .escalated)
    #expect(world.only.escalationReason?.contains("11 further series") == true)
    // A person's word ends it; what is late of its series opens nothing.
    let late = Self.series(60, in: &world)
    world.now = world.now + .seconds(1)
    world.tell(.person(.resolve, world.only.id, by: "ann", note: nil))
    world.tell(.signals([late]))
    #expect(world.incidents.count == 1)
    #expect(world.replayed().state.difference(from: world.engine.state) == nil)
  }

  @Test("where more series are in trouble than can be kept, only people end the incident")
  func beyondAll() {
    var world = EngineWorld()
    let all = 1...(Incident.maxSymptoms + 10_001)
    world.tell(.signals(all.map { Self.series($0, in: &world) }))
    world.now = world.now + .seconds(1)
    world.tell(.signals(all.map { Self.series($0, .cleared, in: &world) }))
    world.pass(.seconds(40))
    #expect(world.incidents.count == 1)
    #expect(world.only.status == .detected)
    world.tell(.person(.resolve, world.only.id, by: "ann", note: nil))
    #expect(world.only.status == .resolved)
  }

  @Test("a remedy that keeps being needed trips the breaker and goes to people")
  func breaker() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.join(.resolver, "wolf")
    for round in 0..<4 {
      world.now = world.now + .seconds(60)
      world.beat("sherlock")
      world.beat("wolf")
      world.tell(.signals([world.signal()]))
      let diagnose = try #require(world.jobs.last)
      world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), diagnose.lease, instance: "sherlock"))
      guard round < 3 else { break }
      let lease = try #require(world.jobs.last?.lease)
      world.tell(.intend(step: 0, name: "", lease, instance: "wolf"))
      world.tell(.concluded(StepOutcome(index: 0, state: .succeeded, detail: ""), lease, instance: "wolf"))
      let verification = EngineWorld.verification(.recovered, at: world.now)
      world.tell(.finished(.remedied(verification, message: ""), lease, instance: "wolf"))
    }
    #expect(world.incidents.count { $0.status == .resolved } == 3)
    #expect(world.incidents.count { $0.status == .escalated } == 1)
    #expect(world.announcements.last?.text.contains("does not last") == true)
  }

  /// A world whose only incident is with the resolver `wolf`.
  static func resolving(_ diagnosis: Diagnosis = EngineWorld.diagnosis()) throws -> EngineWorld {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.join(.resolver, "wolf")
    world.tell(.signals([world.signal()]))
    let job = try #require(world.jobs.last)
    world.tell(.finished(.diagnosed(diagnosis), job.lease, instance: "sherlock"))
    return world
  }
}
