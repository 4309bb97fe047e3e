import FoundationEssentials
import IncidentEngine
import IncidentModel
import Testing

@Suite("Answers to an escalation end")
struct SnoozeTests {
  /// A world with one incident that is escalated.
  static func escalated(_ change: (inout EnginePolicy) -> Void = { _ in }) -> EngineWorld {
    var world = EngineWorld(change)
    world.tell(.signals([world.signal()]))
    world.pass(.seconds(120))
    return world
  }

  @Test("a snooze tells nobody until it is over; then the policy begins anew, in a restarted engine too")
  func snooze() throws {
    var world = Self.escalated()
    let end = world.now + .seconds(1800)
    let reply = world.tell(.person(.snooze(.seconds(1800)), world.only.id, by: "ann", note: "backup"))
    guard case .incident(let incident) = reply else { return #expect(Bool(false), "\(reply)") }
    #expect(incident.snoozedUntil == end)
    #expect(incident.timeline.last?.text == "snoozed by ann until \(end.rfc3339): backup")
    #expect(world.announcements[0].isWanted(for: incident) == false)
    #expect(
      world.engine.nextDeadlines(1).first?.what == "the snooze ends: tell on-call engineer")
    world.engine = world.replayed()
    _ = world.engine.resume(at: world.now)
    for _ in 0..<5 { world.pass(.milliseconds(359_999)) }
    #expect(world.announcements.count == 1)
    world.pass(.milliseconds(5))
    #expect(world.only.snoozedUntil == nil)
    #expect(world.announcements.count == 2)
    #expect(world.announcements[1].text.contains("Why again: The snooze is over and it is still open."))
    #expect(world.announcements[1].isWanted(for: world.only))
    world.pass(.seconds(300))
    #expect(world.announcements.count == 3)
  }

  @Test("an acknowledgement ends a snooze, and a snooze an acknowledgement")
  func answers() throws {
    var world = Self.escalated()
    world.tell(.person(.acknowledge, world.only.id, by: "ann", note: nil))
    world.tell(.person(.snooze(.seconds(60)), world.only.id, by: "bob", note: nil))
    #expect(world.only.acknowledged == nil)
    world.pass(.seconds(60))
    #expect(world.announcements.count == 2)
    world.tell(.person(.snooze(.seconds(60)), world.only.id, by: "bob", note: nil))
    world.tell(.person(.acknowledge, world.only.id, by: "ann", note: nil))
    #expect(world.only.snoozedUntil == nil)
    world.pass(.seconds(86_400))
    #expect(world.announcements.count == 2)
    #expect(world.engine.state.records[world.only.id]?.nextDeadline == nil)
  }

  @Test("what becomes worse ends a snooze at once")
  func worse() throws {
    var world = Self.escalated()
    world.tell(.person(.snooze(.seconds(600)), world.only.id, by: "ann", note: nil))
    world.tell(.signals([world.signal(value: 130)]))
    #expect(world.only.snoozedUntil == nil)
    #expect(world.announcements.count == 2)
    world.pass(.seconds(299))
    #expect(world.announcements.count == 2)
  }

  @Test("the end of an incident ends its snooze", arguments: [PersonVerb.resolve, .falsePositive])
  func ended(verb: PersonVerb) throws {
    var world = Self.escalated()
    world.tell(.person(.snooze(.seconds(60)), world.only.id, by: "ann", note: nil))
    world.tell(.person(verb, world.only.id, by: "ann", note: nil))
    #expect(world.only.snoozedUntil == nil)
    world.pass(.seconds(600))
    #expect(world.announcements.filter { $0.kind == .escalation }.count == 1)
  }

  @Test("only what is escalated can be snoozed, for one minute to seven days")
  func refused() throws {
    var world = EngineWorld()
    world.tell(.signals([world.signal()]))
    let id = world.only.id
    #expect(
      world.tell(.person(.snooze(.seconds(60)), id, by: "ann", note: nil))
        == .conflict(reason: "\(id) is detected; only what is escalated can be snoozed"))
    world.pass(.seconds(120))
    for time in [Duration.zero, .seconds(59), .seconds(604_801)] {
      guard case .conflict = world.tell(.person(.snooze(time), id, by: "ann", note: nil)) else {
        Issue.record("snoozed for \(time)")
        return
      }
    }
    #expect(world.only.snoozedUntil == nil)
  }

  @Test("an acknowledgement lapses after its limit; whoever says it again has more time")
  func lapses() throws {
    var world = Self.escalated { $0.acknowledgementLimit = .seconds(600) }
    world.tell(.person(.acknowledge, world.only.id, by: "ann", note: nil))
    world.pass(.seconds(599))
    world.tell(.person(.acknowledge, world.only.id, by: "bob", note: nil))
    #expect(world.only.acknowledged?.by == "bob")
    #expect(world.engine.nextDeadlines(1).first?.what == "the acknowledgement lapses: tell on-call engineer")
    world.engine = world.replayed()
    _ = world.engine.resume(at: world.now)
    world.pass(.seconds(599))
    #expect(world.announcements.count == 1)
    world.pass(.seconds(1))
    #expect(world.only.acknowledged == nil)
    #expect(world.only.timeline.contains { $0.text == "the acknowledgement by bob lapsed: it is still open" })
    #expect(world.announcements.count == 2)
    #expect(world.announcements[1].text.contains("bob acknowledged it, but it is still open."))
    world.pass(.seconds(300))
    #expect(world.announcements.count == 3)
  }

  @Test("a target with a policy of its own follows that one")
  func ownPolicy() throws {
    let own = try EscalationPolicy(steps: [.notifyOnCall("databases", sinks: ["pager"]), .wait(.seconds(9))])
    let world = Self.escalated { $0.escalations["shop-db"] = own }
    #expect(world.announcements.map(\.audience) == ["on call: databases"])
    #expect(world.only.escalatedTo == "on call: databases")
  }

  @Test("a journal written before acknowledgements could end is still read")
  func oldJournal() throws {
    let old = Data(#"{"acknowledged":{"note":"mine"}}"#.utf8)
    #expect(
      try JSONCoding.decoder().decode(Fact.self, from: old)
        == .acknowledged(note: "mine", until: nil, name: nil))
  }
}
