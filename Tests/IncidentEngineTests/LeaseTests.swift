import IncidentEngine
import IncidentModel
import Testing

@Suite("Leases, fencing and steps")
struct LeaseTests {
  @Test("a worker that falls silent loses its job to another, and its late result is refused")
  func silentWorker() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.tell(.signals([world.signal()]))
    let first = try #require(world.jobs.last)
    world.join(.diagnoser, "poirot")
    for _ in 0..<6 {
      world.beat("poirot")
      world.pass(.seconds(2))
    }
    let second = try #require(world.jobs.last)
    #expect(second.attempt == 2)
    #expect(second.lease.token > first.lease.token)
    guard
      case .refused = world.tell(
        .finished(.diagnosed(EngineWorld.diagnosis()), first.lease, instance: "sherlock"))
    else {
      Issue.record("a stale result was taken")
      return
    }
    #expect(world.only.diagnosis == nil)
    #expect(
      world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), second.lease, instance: "poirot")) == .granted
    )
    #expect(world.only.diagnosis != nil)
  }

  @Test("heartbeats keep a lease alive")
  func renewal() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.tell(.signals([world.signal()]))
    for _ in 0..<40 {
      world.beat("sherlock")
      world.pass(.seconds(2))
    }
    #expect(world.jobs.count == 1)
  }

  @Test("a goodbye gives the job back at once")
  func goodbye() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.tell(.signals([world.signal()]))
    world.join(.diagnoser, "poirot")
    world.tell(.left(instance: "sherlock"))
    #expect(world.leases(of: "poirot").count == 1)
  }

  @Test("three workers lost means people get it")
  func giveUp() {
    var world = EngineWorld()
    world.tell(.signals([world.signal()]))
    for number in 0..<3 {
      world.join(.diagnoser, "d\(number)")
      world.tell(.left(instance: "d\(number)"))
    }
    #expect(world.only.status == .escalated)
  }

  @Test("a step that is not idempotent is never granted twice, whoever asks")
  func atMostOnce() throws {
    var world = try LifecycleTests.resolving(EngineWorld.diagnosis(steps: 2, idempotent: false))
    let first = try #require(world.jobs.last?.lease)
    #expect(world.tell(.intend(step: 0, name: "", first, instance: "wolf")) == .granted)
    // The same message again is the same intent.
    #expect(world.tell(.intend(step: 0, name: "", first, instance: "wolf")) == .granted)
    #expect(world.only.steps[0].attempts == 1)
    world.join(.resolver, "fox")
    world.tell(.left(instance: "wolf"))
    let second = try #require(world.jobs.last?.lease)
    guard case .refused(let reason) = world.tell(.intend(step: 0, name: "", second, instance: "fox")) else {
      Issue.record("a step of unknown fate ran twice")
      return
    }
    #expect(reason.contains("a person decides"))
  }

  @Test("an idempotent step of unknown fate may run again under the new lease only")
  func idempotentAgain() throws {
    var world = try LifecycleTests.resolving()
    let first = try #require(world.jobs.last?.lease)
    world.tell(.intend(step: 0, name: "", first, instance: "wolf"))
    world.join(.resolver, "fox")
    world.tell(.left(instance: "wolf"))
    let job = try #require(world.jobs.last)
    #expect(job.incident.steps.map(\.state) == [.intended])
    #expect(world.tell(.intend(step: 0, name: "", job.lease, instance: "fox")) == .granted)
    guard
      case .refused = world.tell(
        .concluded(StepOutcome(index: 0, state: .succeeded, detail: ""), first, instance: "wolf"))
    else {
      Issue.record("a stale outcome was taken")
      return
    }
  }

  @Test("a person's word ends the work and takes the lease back")
  func personEnds() throws {
    var world = try LifecycleTests.resolving()
    let lease = try #require(world.jobs.last?.lease)
    world.tell(.person(.resolve, world.only.id, by: "ann", note: "rebooted"))
    #expect(world.only.status == .resolved)
    #expect(world.sent.contains(.revoke(lease, instance: "wolf", reason: "resolved by ann")))
    guard case .refused = world.tell(.intend(step: 0, name: "", lease, instance: "wolf")) else {
      Issue.record("a step was granted on an ended incident")
      return
    }
    let late = JobResult.failed(reason: "too late")
    guard case .refused = world.tell(.finished(late, lease, instance: "wolf")) else {
      Issue.record("a late result was taken")
      return
    }
  }

  @Test("jobs go to the least loaded worker that can reach the target")
  func fitness() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "far", slots: 9, targets: ["other"])
    world.join(.diagnoser, "near", slots: 2, targets: ["shop-db", "bank-db", "museum-db"])
    world.tell(
      .signals([world.signal(), world.signal(target: "bank-db"), world.signal(target: "museum-db")]))
    #expect(world.leases(of: "near").count == 2)
    // The third waits for somebody who can reach its target.
    #expect(world.leases(of: "far").isEmpty)
    world.tell(.left(instance: "near"))
    #expect(world.leases(of: "far").count == 3)
  }

  @Test("however many jobs wait for a worker that is full, they hold up no others")
  func fullTarget() {
    var world = EngineWorld { $0.correlationWindow = .zero }
    world.join(.diagnoser, "full", slots: 1, targets: ["shop-db"])
    for number in 0..<200 { world.tell(.signals([world.signal("metric_\(number)")])) }
    #expect(world.leases(of: "full").count == 1)
    world.join(.diagnoser, "free", slots: 2, targets: ["bank-db"])
    #expect(world.leases(of: "free").isEmpty)
    for number in 0..<3 { world.tell(.signals([world.signal("metric_\(number)", target: "bank-db")])) }
    #expect(world.leases(of: "free").count == 2)
    #expect(world.leases(of: "full").count == 1)
    #expect(world.engine.state.waitingCount(.diagnose) == 200)
  }

  @Test("a job that does not reach its worker goes to one that is heard, and takes none of its other work")
  func undelivered() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.tell(.signals([world.signal()]))
    let held = try #require(world.jobs.last).lease
    world.tell(.signals([world.signal(target: "bank-db")]))
    let lost = try #require(world.jobs.last)
    world.tell(.undelivered(lost.lease, instance: "sherlock", forGood: false))
    #expect(world.leases(of: "sherlock") == [held])
    world.beat("sherlock")
    let again = try #require(world.jobs.last)
    #expect(again.lease.incident == lost.lease.incident && again.attempt == 2)
    #expect(world.leases(of: "sherlock").count == 2)
  }

  @Test("a job that no message can carry goes to people")
  func unsendable() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.tell(.signals([world.signal()]))
    world.tell(.undelivered(try #require(world.jobs.last).lease, instance: "sherlock", forGood: true))
    #expect(world.only.status == .escalated)
  }
}
