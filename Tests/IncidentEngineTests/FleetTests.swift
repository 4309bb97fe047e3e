import IncidentEngine
import IncidentModel
import TestKit
import Testing

/// Who gets the jobs.
@Suite("Jobs among the workers")
struct FleetTests {
  private struct Worker {
    var name: String
    var slots: Int
    var seconds: Double
    var reaches: Set<String>
    var isDead = false
    var busy: [(lease: Lease, until: Timestamp)] = []
    var done = 0
  }

  /// Lets a fleet work off a stream of jobs of `perSecond` for `seconds`; `look` sees every moment.
  private static func run(
    _ fleet: inout [Worker], perSecond: Double, seconds: Int, random: inout SeededRandom,
    _ look: ([Worker]) -> Void = { _ in }
  ) -> EngineWorld {
    var world = EngineWorld {
      $0.correlationWindow = .zero
      $0.diagnosisLimit = .seconds(1_000)
    }
    for worker in fleet {
      world.join(.diagnoser, worker.name, slots: worker.slots, targets: worker.reaches.sorted())
    }
    var owed = 0.0
    var number = 0
    for tick in 0..<(seconds * 4) {
      world.now = world.now + .milliseconds(250)
      owed += perSecond / 4
      while owed >= 1 {
        owed -= 1
        number += 1
        world.tell(
          .signals([world.signal("metric_\(number)", target: "t\(Int.random(in: 0..<3, using: &random))")]))
      }
      for place in fleet.indices {
        let name = fleet[place].name
        for lease in world.leases(of: name) where !fleet[place].busy.contains(where: { $0.lease == lease }) {
          let time = fleet[place].seconds * Double.random(in: 0.8...1.2, using: &random)
          fleet[place].busy.append((lease, world.now + .milliseconds(Int64(time * 1_000))))
        }
        guard !fleet[place].isDead else { continue }
        for job in fleet[place].busy where job.until <= world.now {
          world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), job.lease, instance: name))
          fleet[place].done += 1
        }
        fleet[place].busy.removeAll { $0.until <= world.now }
        if tick % 8 == 0 { world.beat(name, slots: fleet[place].slots) }
      }
      world.tell(.tick)
      look(fleet)
    }
    return world
  }

  @Test(
    "slots are never exceeded, and no job waits while somebody fit has room",
    arguments: 0..<30 as Range<UInt64>)
  func slots(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let targets = ["t0", "t1", "t2"]
    var fleet = (0..<Int.random(in: 1...6, using: &random)).map { number in
      Worker(
        name: "w\(number)", slots: Int.random(in: 1...4, using: &random),
        seconds: Double.random(in: 0.5...3, using: &random),
        reaches: Set(targets.filter { _ in number == 0 || Bool.random(using: &random) }))
    }
    let world = Self.run(
      &fleet, perSecond: Double.random(in: 0.2...4, using: &random), seconds: 60, random: &random
    ) {
      for worker in $0 { #expect(worker.busy.count <= worker.slots, "\(worker.name)") }
    }
    // Whoever reached a target got its jobs alone, unless nobody could.
    for record in world.engine.state.records.values {
      guard let lease = record.job?.lease, let target = record.incident.target else { continue }
      #expect(fleet.first { $0.name == lease.instance }?.reaches.contains(target) == true)
    }
    #expect(fleet.map(\.done).reduce(0, +) > 0)
  }

  @Test(
    "a slow worker gets as much less as it is slower, and the others are not kept waiting",
    arguments: 0..<10 as Range<UInt64>)
  func slow(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var fleet = (0..<4).map {
      Worker(name: "w\($0)", slots: 4, seconds: $0 == 0 ? 24 : 2, reaches: ["t0", "t1", "t2"])
    }
    let world = Self.run(&fleet, perSecond: 4, seconds: 180, random: &random)
    // Three others finish up to six a second; the slow one would hold four jobs for 24 s each.
    #expect(fleet[0].busy.count <= 1, "\(fleet[0].busy.count)")
    #expect(world.engine.state.waitingCount(.diagnose) <= 4)
    #expect(fleet[1...].map(\.done).reduce(0, +) > 600)
  }

  @Test("a fleet that is slow altogether is used altogether")
  func allSlow() {
    var random = SeededRandom(seed: 1)
    var fleet = (0..<3).map { Worker(name: "w\($0)", slots: 2, seconds: 20, reaches: ["t0", "t1", "t2"]) }
    var most = 0
    _ = Self.run(&fleet, perSecond: 2, seconds: 120, random: &random) {
      most = max(most, $0.map(\.busy.count).reduce(0, +))
    }
    #expect(most == 6)
  }

  @Test("a heartbeat that still names a job which has ended makes no room for another one")
  func endedLease() throws {
    var world = EngineWorld { $0.correlationWindow = .zero }
    world.join(.diagnoser, "sherlock", slots: 1)
    for metric in ["a", "b", "c"] { world.tell(.signals([world.signal(metric)])) }
    let first = try #require(world.jobs.last).lease
    world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), first, instance: "sherlock"))
    let second = try #require(world.jobs.last).lease
    #expect(second.token > first.token)
    world.tell(.heartbeat(instance: "sherlock", load: 0, freeSlots: 0, leases: [first, second]))
    #expect(world.leases(of: "sherlock") == [second])
  }

  @Test("one that let a lease lapse gets one job until it finishes one")
  func lapse() throws {
    var world = EngineWorld { $0.correlationWindow = .zero }
    world.join(.diagnoser, "sleeper", slots: 4)
    world.tell(.signals([world.signal("a")]))
    let first = try #require(world.jobs.last)
    // Silent for longer than the lease, then back.
    world.pass(.seconds(11))
    world.beat("sleeper", slots: 4, leases: [])
    for metric in ["b", "c", "d"] { world.tell(.signals([world.signal(metric)])) }
    #expect(world.leases(of: "sleeper").count == 1)
    let second = try #require(world.jobs.last)
    #expect(second.lease.token > first.lease.token)
    world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), second.lease, instance: "sleeper"))
    #expect(world.leases(of: "sleeper").count == 3)
  }
}
