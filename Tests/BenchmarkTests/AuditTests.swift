import IncidentEngine
import IncidentModel
import Testing

@testable import Benchmarks

/// A record of an incident that is escalated, told of twice and resolved, and a second one that a step was run on.
private struct Story {
  static let start = Timestamp(seconds: 1_800_000_000)
  static let first = IncidentID(number: 1)
  static let second = IncidentID(number: 2)

  var evidence: AuditEvidence

  init() {
    evidence = AuditEvidence(
      plan: EscalationPlan(
        stages: [.init(wait: .zero, name: "first"), .init(wait: .seconds(6), name: "second")],
        last: .init(wait: .seconds(8), name: "second")), markStep: "mark it")
    add(0, Self.first, .opened(signal: Self.signal("s-1", 201), autonomy: .auto))
    add(1, Self.first, .escalated(reason: "nobody knows"))
    tell(1, "first", key: "k-1")
    add(2, Self.second, .opened(signal: Self.signal("s-2", 202), autonomy: .auto), epoch: 2)
    add(3, Self.second, .stepIntended(index: 1, name: "mark it", token: 7), epoch: 2)
    add(5, Self.second, .stepConcluded(outcome: .init(index: 1, state: .succeeded, detail: "done")), epoch: 2)
    tell(7, "second", key: "k-2")
    add(8, Self.second, .resolved(auto: true, reason: "gone"), epoch: 2)
    add(9, Self.first, .resolved(auto: false, reason: "by ann"), by: "ann", epoch: 2)
    evidence.end = Self.start + .seconds(60)
    evidence.alerts = [201]
    evidence.signals = ["s-2"]
    evidence.words = [("ann", Self.first.text)]
    evidence.marks = [.init(incident: Self.second.text, step: 1, token: 7, at: Self.start + .seconds(4))]
    evidence.touches = evidence.marks
    evidence.replayed = [Self.first.text: "{}", Self.second.text: "{\"a\":1}"]
    evidence.shown = [evidence.replayed, evidence.replayed]
  }

  static func signal(_ id: String, _ value: Double) -> Signal {
    Signal(
      id: id, fingerprint: Fingerprint(source: "alert", metric: "m", labels: ["id": id]), state: .raised,
      metric: "m", source: "alert", labels: [:], value: value, unit: "",
      rule: SignalRule(kind: .alert, condition: .above, threshold: 100, clearThreshold: 100, text: "above"),
      score: 1, severity: .high, observedAt: start, breachedSince: start, detector: "alert")
  }

  mutating func add(
    _ second: Double, _ incident: IncidentID, _ fact: Fact, by actor: String = "coordinator", epoch: Int64 = 1
  ) {
    let event = EngineEvent(
      sequence: UInt64(evidence.events.count + 1), at: Self.start + .seconds(second), incident: incident,
      actor: actor, fact: fact)
    evidence.events.append(JournaledEvent(event: event, epoch: max(epoch, evidence.events.last?.epoch ?? 1)))
  }

  mutating func tell(_ second: Double, _ name: String, key: String) {
    let at = Self.start + .seconds(second)
    let announcement = Announcement(
      key: key, kind: .escalation, incident: Self.first, audience: name, sinks: ["pager"], severity: .high,
      title: "t", text: "x", at: at)
    add(second, Self.first, .announced(announcement: announcement))
    evidence.pages.append(Page(at: at + .milliseconds(50), key: key, event: "escalation"))
    add(second + 0.1, Self.first, .announcementSettled(key: key, outcome: "delivered"))
  }

  var violations: [String] { Audit(evidence).findings.flatMap(\.violations) }

  /// Moves an event in time.
  mutating func move(_ index: Int, to second: Double) {
    evidence.events[index].event.at = Self.start + .seconds(second)
  }
}

@Suite("The audit after a chaos")
struct AuditTests {
  @Test("finds nothing where there is nothing")
  func clean() {
    let findings = Audit(Story().evidence).findings
    #expect(findings.flatMap(\.violations) == [])
    #expect(findings.allSatisfy { $0.checked > 0 })
  }

  @Test("finds a hole in the journal, and one who wrote without leading any more")
  func journal() {
    var hole = Story()
    hole.evidence.events.remove(at: 3)
    #expect(
      hole.violations.contains("after event 3 comes 5") || hole.violations.contains("after event 4 comes 6"))
    var late = Story()
    late.evidence.events[8].epoch = 1
    #expect(late.violations.count == 1 && late.violations[0].contains("of epoch 1"))
  }

  @Test("finds what was acknowledged and lost: an alert, a signal, a word")
  func loss() {
    var story = Story()
    story.evidence.alerts.append(203)
    story.evidence.signals.append("s-3")
    story.evidence.words.append(("bob", Story.first.text))
    #expect(story.violations.count == 3)
  }

  @Test(
    "finds a step that ran twice, without an intent, before it, or under another lease; and one that never ran"
  )
  func execution() {
    var twice = Story()
    twice.evidence.marks.append(twice.evidence.marks[0])
    #expect(twice.violations.count == 1 && twice.violations[0].contains("ran 2 times"))
    var early = Story()
    early.evidence.marks[0].at = Story.start + .seconds(2)
    #expect(early.violations.count == 1 && early.violations[0].contains("intended only"))
    var stranger = Story()
    stranger.evidence.touches[0].token = 6
    #expect(stranger.violations.count == 1 && stranger.violations[0].contains("never intended"))
    // What puts a step back needs its lease, and what would put it back, in the journal.
    var undo = Story()
    undo.evidence.touches[0].isUndo = true
    #expect(undo.violations.count == 1 && undo.violations[0].contains("was put back"))
    var never = Story()
    never.evidence.marks = []
    #expect(never.violations.count == 1 && never.violations[0].contains("never ran"))
  }

  /// The place of the second telling in the journal.
  private func second(_ story: Story) -> Int {
    story.evidence.events.firstIndex {
      if case .announced(let announcement) = $0.event.fact { announcement.key == "k-2" } else { false }
    } ?? 0
  }

  @Test("finds who was told early, late, in another's place, twice, or never")
  func escalation() {
    var early = Story()
    early.move(second(early), to: 5)
    early.evidence.pages[1].at = Story.start + .seconds(5)
    #expect(early.violations.count == 1 && early.violations[0].contains("due at"))
    var late = Story()
    for index in second(late)..<late.evidence.events.count { late.move(index, to: 20) }
    late.evidence.pages[1].at = Story.start + .seconds(20)
    #expect(late.violations.count == 1 && late.violations[0].contains("13.0 s late"))
    // The same after a trouble is none.
    late.evidence.troubles = [
      Trouble(from: Story.start + .seconds(6), until: Story.start + .seconds(12), what: "kill")
    ]
    #expect(late.violations == [])
    var never = Story()
    let index = second(never)
    never.evidence.events.removeSubrange(index...)
    never.evidence.pages.removeLast()
    never.evidence.words = []
    #expect(never.violations.contains { $0.contains("never told") })
    var twice = Story()
    twice.evidence.events.removeLast()
    twice.tell(7.5, "second", key: "k-3")
    twice.add(9, Story.first, .resolved(auto: false, reason: "by ann"), by: "ann")
    #expect(twice.violations.count == 1 && twice.violations[0].contains("due at"))
    var other = Story()
    other.evidence.plan.stages[1].name = "third"
    #expect(other.violations.count == 1 && other.violations[0].contains("but third was due"))
  }

  @Test("finds what never arrived, what was never settled, and what came unannounced")
  func telling() {
    var missing = Story()
    missing.evidence.pages.removeLast()
    #expect(missing.violations.count == 1 && missing.violations[0].contains("never arrived"))
    var unsettled = Story()
    let index = second(unsettled) + 1
    unsettled.evidence.events[index].event.fact = .escalated(reason: "x")
    #expect(unsettled.violations.contains { $0.contains("never settled") })
    var stranger = Story()
    stranger.evidence.pages.append(Page(at: Story.start, key: "k-9", event: "escalation"))
    #expect(stranger.violations.count == 1 && stranger.violations[0].contains("never announced"))
    // Out of band: it is about the journal itself.
    stranger.evidence.pages[2].key = "journal/x/1"
    #expect(stranger.violations == [])
  }

  @Test("finds a coordinator that shows something else, an incident that is stuck, and accidents")
  func others() {
    var story = Story()
    story.evidence.shown[1][Story.first.text] = "{\"b\":1}"
    story.evidence.shown[0][Story.second.text] = nil
    story.evidence.stuck = ["INC-1 is identified, without a deadline"]
    story.evidence.accidents = ["resolver-1 ended by itself"]
    #expect(story.violations.count == 5)
  }
}

@Suite("The plan of a chaos")
struct ChaosPlanTests {
  private func plan(_ seed: UInt64, canCut: Bool = true) -> ChaosPlan {
    ChaosPlan(seed: seed, seconds: 600, agents: ["resolver-1", "detector-1"], canCut: canCut)
  }

  @Test("is the same for the same seed, and another for another")
  func seeded() {
    #expect(plan(1).blows.map(\.what) == plan(1).blows.map(\.what))
    #expect(plan(1).blows.map(\.at) == plan(1).blows.map(\.at))
    #expect(plan(1).blows.map(\.what) != plan(2).blows.map(\.what))
  }

  @Test("has every kind of fault and of blow in ten minutes, and no cut where none can be")
  func complete() {
    let plan = plan(3)
    #expect(Set(plan.faults.map(\.what)) == Set(Fault.allCases))
    let blows = Set(plan.blows.map(\.what))
    for blow in [
      Blow.kill(.leader), .freeze(.leader), .restart(.leader), .kill(.standby), .freeze(.standby),
      .storeCrash, .storeKill, .storeRestart, .storeFreeze, .cut, .receiverAway,
    ] { #expect(blows.contains(blow)) }
    #expect(plan.blows.allSatisfy { $0.at < 600 && (0.1...10).contains($0.seconds) })
    #expect(!self.plan(3, canCut: false).blows.map(\.what).contains(.cut))
  }

  @Test("takeovers are counted where nothing else was wrong")
  func takeOvers() async throws {
    let diary = Diary()
    diary.leads(under: 1)
    let from = Timestamp.now
    try await Task.sleep(for: .milliseconds(20))
    diary.leads(under: 2)
    diary.leads(under: 2)
    diary.dealt(.kill(.leader), from: from, epoch: 1)
    #expect(diary.takeOvers.count == 1)
    #expect((0.01...5).contains(diary.takeOvers[0]))
    diary.dealt(.storeCrash, from: from + .milliseconds(1), epoch: 1)
    #expect(diary.takeOvers.isEmpty)
  }
}
