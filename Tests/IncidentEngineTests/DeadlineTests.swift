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
}
