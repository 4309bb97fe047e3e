import IncidentEngine
import IncidentModel
import Testing

@Suite("The next deadlines")
struct DeadlineTests {
  @Test(
    "are the soonest of all records, in order, whatever happened to them",
    arguments: 1...10 as ClosedRange<UInt64>)
  func soonest(seed: UInt64) {
    let world = JournalTests.life(seed: seed)
    let all = world.engine.state.records.values
      .compactMap { record in record.nextDeadline.map { ($0.at, record.incident.id) } }
      .sorted { $0 < $1 }
    for limit in [0, 1, 5, 1_000] {
      let next = world.engine.nextDeadlines(limit)
      #expect(next.map(\.at) == all.prefix(limit).map(\.0))
      #expect(Set(next.map(\.incident)).count == next.count)
      #expect(next.allSatisfy { due in all.contains { $0 == (due.at, due.incident) } && !due.what.isEmpty })
    }
  }

  @Test("that come by the thousand are handled a thousand at a time, and none is left out")
  func many() {
    var world = EngineWorld()
    for number in 0..<2_500 { world.tell(.signals([world.signal("m\(number)", target: "t\(number)")])) }
    world.now = world.now + .seconds(3_600)
    var escalated: [Int] = []
    while world.engine.isBehind(at: world.now), escalated.count < 20 {
      world.tell(.tick)
      escalated.append(world.incidents.count { $0.status == .escalated })
    }
    #expect(escalated.first == 1_000 && escalated.last == 2_500)
    #expect(!world.engine.isBehind(at: world.now))
  }
}
