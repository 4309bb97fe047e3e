import IncidentEngine
import IncidentModel
import Testing

@Suite("What time will bring")
struct OutlookTests {
  @Test(
    "are the deadlines of all records, in order, and among them those that tell somebody",
    arguments: 1...10 as ClosedRange<UInt64>)
  func soonest(seed: UInt64) {
    let engine = JournalTests.life(seed: seed).engine
    let all = engine.nextDeadlines(1_000)
    let (some, telling) = engine.outlooks(5, telling: 1_000)
    #expect(some.map(\.at) == all.prefix(5).map(\.at))
    for outlook in telling {
      #expect(outlook.telling?.targets.isEmpty == false)
      #expect(
        all.contains { $0.incident == outlook.incident && $0.at == outlook.at && $0.what == outlook.what })
    }
    #expect(telling.map(\.at) == telling.map(\.at).sorted())
  }

  @Test("whom an escalation will tell is whom it tells", arguments: 1...60 as ClosedRange<UInt64>)
  func told(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let policy = RandomPolicy.make(&random)
    var world = EngineWorld { $0.escalation = policy }
    world.tell(.signals([world.signal()]))
    // First that nobody diagnosed it, then one step after the other.
    for _ in 0..<12 {
      let outlook = try #require(world.engine.outlook(of: world.only.id))
      let before = world.announcements.count
      world.now = outlook.at
      world.tell(.tick)
      let told = world.announcements.dropFirst(before)
      let expected = outlook.telling?.targets ?? []
      #expect(told.map(\.audience) == expected.map(\.name))
      #expect(told.map(\.sinks) == expected.map(\.sinks))
    }
  }

  @Test("what wakes nobody is written to the log")
  func quiet() throws {
    var world = EngineWorld()
    var signal = world.signal()
    signal.severity = .low
    world.tell(.signals([signal]))
    let telling = try #require(world.engine.outlook(of: world.only.id)?.telling)
    #expect(telling.targets.map(\.sinks) == [["log"]])
  }

  @Test("a job says why it waits")
  func waiting() throws {
    var world = EngineWorld()
    world.tell(.signals([world.signal()]))
    #expect(world.engine.oldestWaiting()?.reason == .noWorker)
    world.join(.diagnoser, "far", slots: 0, targets: ["bank-db"])
    #expect(world.engine.oldestWaiting()?.reason == .noneFits)
    world.join(.diagnoser, "near", slots: 0, targets: ["shop-db"])
    #expect(world.engine.oldestWaiting()?.reason == .allBusy)
    world.beat("near", slots: 1)
    #expect(world.engine.oldestWaiting() == nil)
    let out = try #require(world.engine.lease(on: world.only.id))
    #expect(out.lease.worker == "near" && out.lease.since == world.now && out.attempt == 1)
    #expect(world.engine.state.leased == [world.only.id])
  }

  @Test("the leases that are out are known whatever happens", arguments: 1...20 as ClosedRange<UInt64>)
  func leases(seed: UInt64) {
    let world = JournalTests.life(seed: seed)
    for engine in [world.engine, world.replayed()] {
      let out = engine.state.records.values.filter { $0.job?.lease != nil }.map(\.incident.id)
      #expect(engine.state.leased == Set(out))
    }
  }
}
