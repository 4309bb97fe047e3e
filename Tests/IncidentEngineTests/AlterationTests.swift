import IncidentModel
import Testing

@testable import IncidentEngine

@Suite("What an event changed, for the audit")
struct AlterationTests {
  /// The change of the latest event of a kind.
  private func change(_ world: EngineWorld, _ matches: (Fact) -> Bool) -> Alteration? {
    world.journal.last { matches($0.fact) }?.change
  }

  @Test("a person's word tells what was before it and what is after it")
  func people() throws {
    var world = EngineWorld()
    world.tell(.signals([world.signal(target: "museum-db")]))
    let id = world.only.id
    world.join(.diagnoser, "sherlock")
    let job = try #require(world.jobs.last)
    #expect(
      change(world) { if case .leased = $0 { true } else { false } }
        == Alteration(
          before: ["status": "detected"], after: ["status": "investigating", "worker": "sherlock"]))
    world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), job.lease, instance: "sherlock"))
    #expect(world.only.status == .escalated)
    world.tell(.person(.acknowledge, id, by: "ann", note: "mine"))
    #expect(
      change(world) { if case .acknowledged = $0 { true } else { false } }
        == Alteration(before: [:], after: ["acknowledged_by": "ann"]))
    world.tell(.person(.snooze(.seconds(600)), id, by: "bob", note: nil))
    let until = (world.now + .seconds(600)).rfc3339
    #expect(
      change(world) { if case .snoozed = $0 { true } else { false } }
        == Alteration(before: ["acknowledged_by": "ann"], after: ["snoozed_until": until]))
    world.tell(.person(.resolve, id, by: "bob", note: "by hand"))
    #expect(
      change(world) { if case .resolved = $0 { true } else { false } }
        == Alteration(before: ["status": "escalated", "snoozed_until": until], after: ["status": "resolved"]))
  }

  @Test("an approval and the work after it tell why")
  func approval() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.tell(.signals([world.signal(target: "bank-db")]))
    let job = try #require(world.jobs.last)
    world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), job.lease, instance: "sherlock"))
    world.tell(.person(.approve, world.only.id, by: "ann", note: nil))
    #expect(
      change(world) { if case .approved = $0 { true } else { false } }
        == Alteration(before: [:], after: ["approved_by": "ann"]))
    #expect(
      change(world) { if case .queued(.resolve, _) = $0 { true } else { false } }?.why == "approved by ann")
    world.tell(.person(.falsePositive, world.only.id, by: "ann", note: nil))
    #expect(
      change(world) { if case .markedFalsePositive = $0 { true } else { false } }
        == Alteration(before: ["status": "identified"], after: ["status": "false_positive"]))
  }

  @Test("a step tells what it set and what was set before, also when it is put back")
  func steps() throws {
    var diagnosis = EngineWorld.diagnosis(runbook: "grow-the-pool")
    let action = Action.setPoolSize(PoolSize(database: "shop", size: 40))
    diagnosis.remedy?.steps[0] = PlannedStep(
      name: "grow", action: action, target: "shop-db", timeoutSeconds: 30, retries: 0, idempotent: true,
      rollback: true)
    var world = try LifecycleTests.resolving(diagnosis)
    let lease = try #require(world.jobs.last?.lease)
    world.tell(.intend(step: 0, name: "grow", lease, instance: "wolf"))
    let intended = change(world) { if case .stepIntended = $0 { true } else { false } }
    #expect(intended?.after == ["step": "intended", "pool": "shop", "pool_size": "40"])
    #expect(intended?.why == "runbook grow-the-pool")
    let undo = Action.setPoolSize(PoolSize(database: "shop", size: 20))
    world.tell(
      .concluded(
        StepOutcome(index: 0, state: .succeeded, detail: "done", undo: undo), lease, instance: "wolf"))
    let concluded = { (world: EngineWorld) in
      self.change(world) { if case .stepConcluded = $0 { true } else { false } }
    }
    #expect(
      concluded(world)
        == Alteration(
          before: ["step": "intended", "pool": "shop", "pool_size": "20"],
          after: ["step": "succeeded", "pool": "shop", "pool_size": "40"], why: "runbook grow-the-pool"))
    world.tell(
      .concluded(
        StepOutcome(index: 0, state: .rolledBack, detail: "done; put back", undo: undo), lease,
        instance: "wolf"))
    #expect(concluded(world)?.before["pool_size"] == "40")
    #expect(concluded(world)?.after["pool_size"] == "20")
    #expect(world.journal.last { if case .stepConcluded = $0.fact { true } else { false } }?.actor == "wolf")
  }

  @Test("signals that make it worse tell so, and those that change nothing say nothing")
  func severity() {
    var world = EngineWorld()
    world.tell(.signals([world.signal(value: 90)]))
    world.tell(.signals([world.signal(value: 91)]))
    #expect(world.journal.last?.change == nil)
    world.tell(.signals([world.signal(value: 130)]))
    #expect(
      world.journal.last?.change
        == Alteration(before: ["severity": "medium"], after: ["severity": "critical"]))
  }

  @Test("every word of a person has an author, and changes what it says it changes")
  func everyVerb() {
    let verbs: [(PersonVerb, String)] = [
      (.acknowledge, "acknowledged_by"), (.snooze(.seconds(60)), "snoozed_until"), (.resolve, "status"),
      (.falsePositive, "status"),
    ]
    for (verb, name) in verbs {
      var world = EngineWorld { $0.diagnosisLimit = .seconds(1) }
      world.tell(.signals([world.signal()]))
      world.pass(.seconds(2))
      world.tell(.person(verb, world.only.id, by: "ann", note: "n"))
      let event = world.journal.last { $0.actor == "ann" }
      #expect(event?.change?.after[name] != nil, "\(verb)")
    }
  }
}
