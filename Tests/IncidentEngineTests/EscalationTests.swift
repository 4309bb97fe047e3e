import IncidentEngine
import IncidentModel
import Testing

@Suite("Every incident ends or pages")
struct EscalationTests {
  @Test("without a diagnoser people are told in time, and why")
  func nobodyDiagnoses() {
    var world = EngineWorld()
    world.tell(.signals([world.signal()]))
    world.pass(.seconds(119))
    #expect(world.announcements.isEmpty)
    world.pass(.seconds(1))
    #expect(world.only.status == .escalated)
    #expect(world.announcements.last?.text.contains("is one running?") == true)
  }

  @Test("an unacknowledged escalation climbs at its times, then repeats, until somebody answers")
  func climbs() throws {
    let policy = try EscalationPolicy(steps: [
      .notify("first", sinks: []), .wait(.seconds(60)), .notify("second", sinks: []), .wait(.seconds(120)),
    ])
    var world = EngineWorld { $0.escalation = policy }
    world.tell(.signals([world.signal()]))
    world.pass(.seconds(120))
    #expect(world.announcements.map(\.audience) == ["first"])
    world.pass(.seconds(59))
    #expect(world.announcements.count == 1)
    world.pass(.seconds(1))
    #expect(world.announcements.map(\.audience) == ["first", "second"])
    for _ in 0..<3 { world.pass(.seconds(120)) }
    #expect(world.announcements.map(\.audience) == ["first", "second", "second", "second", "second"])
    #expect(Set(world.announcements.map(\.key)).count == 5)
    world.tell(.person(.acknowledge, world.only.id, by: "ann", note: nil))
    for _ in 0..<10 { world.pass(.seconds(120)) }
    #expect(world.announcements.count == 5)
  }

  @Test("what is merely unusual is written down once and wakes nobody")
  func low() {
    var world = EngineWorld()
    var signal = world.signal()
    signal.severity = .low
    world.tell(.signals([signal]))
    for _ in 0..<5 { world.pass(.seconds(300)) }
    #expect(world.only.status == .escalated)
    #expect(world.announcements.map(\.sinks) == [["log"]])
  }

  @Test("an acknowledgement speaks of what was known: worse, more, or a later failure tells people again")
  func acknowledgedTooEarly() throws {
    var world = EngineWorld()
    world.tell(.signals([world.signal()]))
    world.tell(.person(.acknowledge, world.only.id, by: "ann", note: nil))
    world.pass(.seconds(120))
    #expect(world.only.status == .escalated)
    #expect(world.announcements.count == 1)
    world.pass(.seconds(300))
    #expect(world.announcements.count == 2)

    world.tell(.person(.acknowledge, world.only.id, by: "ann", note: nil))
    world.tell(.signals([world.signal(value: 92)]))
    #expect(world.announcements.count == 2)
    world.tell(.signals([world.signal(value: 130)]))
    #expect(world.announcements.count == 3)
    #expect(world.only.acknowledged == nil)
    world.tell(.person(.acknowledge, world.only.id, by: "ann", note: nil))
    world.tell(.signals([world.signal("database_idle_in_transaction", value: 85)]))
    #expect(world.announcements.count == 4)
    #expect(world.announcements.last?.text.contains("database_idle_in_transaction") == true)
  }

  @Test("timers survive a restart, neither early nor twice")
  func restart() {
    var world = EngineWorld()
    world.tell(.signals([world.signal()]))
    world.pass(.seconds(100))
    world.engine = world.replayed()
    _ = world.engine.resume(at: world.now)
    world.pass(.seconds(19))
    #expect(world.announcements.isEmpty)
    world.pass(.seconds(1))
    #expect(world.announcements.count == 1)
    world.engine = world.replayed()
    let again = world.engine.resume(at: world.now)
    #expect(again == world.announcements)
    world.tell(.announcementSettled(key: again[0].key, outcome: "delivered"))
    world.engine = world.replayed()
    #expect(world.engine.resume(at: world.now).isEmpty)
    world.pass(.seconds(1))
    #expect(world.announcements.count == 1)
  }

  @Test("a remedy that nobody approves goes to people, who may still approve it")
  func lateApproval() throws {
    var world = EngineWorld()
    world.join(.diagnoser, "sherlock")
    world.tell(.signals([world.signal(target: "bank-db")]))
    let job = try #require(world.jobs.last)
    world.tell(.finished(.diagnosed(EngineWorld.diagnosis()), job.lease, instance: "sherlock"))
    world.pass(.seconds(900))
    #expect(world.only.status == .escalated)
    world.join(.resolver, "wolf")
    world.tell(.person(.approve, world.only.id, by: "ann", note: nil))
    #expect(world.only.status == .resolving)
  }
}
