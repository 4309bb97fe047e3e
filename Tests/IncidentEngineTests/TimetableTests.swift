import IncidentEngine
import IncidentModel
import Testing

@Suite("The escalation timetable")
struct TimetableTests {
  /// What should be told next, by the book.
  private enum Expected {
    case told(moment: Int, due: Timestamp)
    case acknowledged(until: Timestamp?)
    case snoozed(until: Timestamp)
  }

  private struct Told: Equatable, CustomStringConvertible {
    var at: Timestamp
    var name: String
    var description: String { "\(name) at \(at.milliseconds)" }
  }

  @Test(
    "exactly whom the timetable names is told, when it says so, whatever people do and however often it restarts",
    arguments: 1...150 as ClosedRange<UInt64>)
  func followsTheBook(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let policy = RandomPolicy.make(&random)
    let limit: Duration? = Bool.random(using: &random) ? .seconds(45) : nil
    let book = Timetable(policy)
    var world = EngineWorld {
      $0.escalation = policy
      $0.acknowledgementLimit = limit
      $0.diagnosisLimit = .seconds(5)
    }
    world.tell(.signals([world.signal(value: 82)]))
    world.pass(.seconds(5))
    let id = world.only.id
    var expected: [Told] = []
    var shadow: Engine?

    func begin(_ moments: [Timetable.Moment], at now: Timestamp) -> Expected {
      expected += moments[0].told.map { Told(at: now, name: $0) }
      return .told(moment: 1, due: now + moments[1].after)
    }
    var state = begin(book.moments, at: world.now)
    var severity = world.only.severity

    for _ in 0..<300 {
      let input: EngineInput
      switch Int.random(in: 0..<40, using: &random) {
      case 0:
        input = .person(.acknowledge, id, by: "ann", note: nil)
        if case .acknowledged(nil) = state { break }
        state = .acknowledged(until: limit.map { world.now + $0 })
      case 1:
        let time = Duration.seconds(Int.random(in: 60...120, using: &random))
        input = .person(.snooze(time), id, by: "ann", note: nil)
        state = .snoozed(until: world.now + time)
      case 2:
        input = .signals([world.signal(value: Double(Int.random(in: 81...130, using: &random)))])
        if case .signals(let signals) = input, signals[0].severity > severity {
          severity = signals[0].severity
          state = begin(book.moments, at: world.now)
        }
      case 3:
        // Whoever takes over knows nothing but the journal, and does the same from here on.
        shadow = world.engine
        world.engine = world.replayed()
        _ = world.engine.resume(at: world.now)
        continue
      default:
        // Mostly regular ticks; now and then the coordinator was away.
        let away = Int.random(in: 0..<30, using: &random) == 0
        world.now =
          world.now + .milliseconds(Int.random(in: away ? 1...300_000 : 100...2_000, using: &random))
        input = .tick
        switch state {
        case .told(let moment, let due) where due <= world.now:
          expected += book.moments[moment].told.map { Told(at: world.now, name: $0) }
          state = .told(moment: moment + 1, due: world.now + book.moments[moment + 1].after)
        case .acknowledged(let until?) where until <= world.now: state = begin(book.moments, at: world.now)
        case .snoozed(let until) where until <= world.now: state = begin(book.moments, at: world.now)
        default: break
        }
      }
      let before = world.journal.count
      world.tell(input)
      if var other = shadow {
        #expect(other.handle(input, at: world.now).events == Array(world.journal[before...]))
        shadow = other
      }
      try #require(
        world.announcements.map { Told(at: $0.at, name: $0.audience) } == expected, "\(policy.steps)")
    }
    #expect(Set(world.announcements.map(\.key)).count == world.announcements.count)
  }

  @Test("a regular tick meets every moment of the policy in time")
  func inTime() throws {
    let policy = try EscalationPolicy(steps: [
      .notify("a", sinks: ["x"]), .notify("b", sinks: []), .wait(.seconds(60)),
      .notifyOnCall("rota", sinks: ["y"]), .wait(.seconds(30)), .repeatFrom(1, count: 1),
    ])
    var world = EngineWorld { $0.escalation = policy }
    world.tell(.signals([world.signal()]))
    for _ in 0..<(4 * 330) { world.pass(.milliseconds(250)) }
    let begin = Timestamp(milliseconds: 1_700_000_000_000) + .seconds(120)
    #expect(
      world.announcements.map { "\(Int(($0.at - begin).inSeconds)) \($0.audience) \($0.sinks)" } == [
        #"0 a ["x"]"#, #"0 b []"#, #"60 on call: rota ["y"]"#, #"90 a ["x"]"#, #"90 b []"#,
        #"150 on call: rota ["y"]"#, #"180 on call: rota ["y"]"#, #"210 on call: rota ["y"]"#,
      ])
  }

  @Test("after an outage what is due is told once, and the next wait counts from then")
  func late() throws {
    let policy = try EscalationPolicy(steps: [
      .notify("a", sinks: []), .wait(.seconds(60)), .notify("b", sinks: []), .wait(.seconds(60)),
      .notify("c", sinks: []), .wait(.seconds(60)),
    ])
    var world = EngineWorld { $0.escalation = policy }
    world.tell(.signals([world.signal()]))
    world.pass(.seconds(120))
    world.pass(.seconds(3600))
    #expect(world.announcements.map(\.audience) == ["a", "b"])
    world.pass(.milliseconds(59_999))
    #expect(world.announcements.count == 2)
    world.pass(.milliseconds(1))
    #expect(world.announcements.map(\.audience) == ["a", "b", "c"])
  }

  @Test("a policy that begins with a wait gives the machines' operators a moment")
  func waitFirst() throws {
    let policy = try EscalationPolicy(steps: [.wait(.seconds(30)), .notify("a", sinks: [])])
    var world = EngineWorld { $0.escalation = policy }
    world.tell(.signals([world.signal()]))
    world.pass(.seconds(120))
    #expect(world.only.status == .escalated && world.announcements.isEmpty)
    #expect(world.engine.nextDeadlines(1).first?.what == "tell a")
    world.pass(.seconds(30))
    #expect(world.announcements.map(\.audience) == ["a"])
  }

  @Test("a journal from under another policy goes on at the same step's number, or at the end")
  func otherPolicy() throws {
    let policy = try EscalationPolicy(steps: [.notify("a", sinks: []), .wait(.seconds(60))])
    for step in [-3, 0, 1, 2, 99] {
      let stage = policy.stage(at: EscalationPointer(step: step, round: -1))
      #expect(stage.next == EscalationPointer(step: 2, round: step > 1 ? 1 : 0))
      #expect(stage.told.map(\.name) == (step == 1 ? [] : ["a"]))
      #expect(stage.wait == .seconds(60))
    }
  }

  @Test(
    "steps that would tell nobody, never pause, or go nowhere are no policy",
    arguments: [
      ([], nil), ([.wait(.seconds(5))], nil),
      ([.notify("a", sinks: []), .wait(.milliseconds(999))], 2),
      ([.notify("a", sinks: []), .wait(.seconds(700_000))], 2),
      ([.repeatFrom(1, count: 1), .notify("a", sinks: [])], 1),
      ([.notify("a", sinks: []), .wait(.seconds(1)), .repeatFrom(3, count: nil)], 3),
      ([.notify("a", sinks: []), .wait(.seconds(1)), .repeatFrom(0, count: nil)], 3),
      ([.notify("a", sinks: []), .repeatFrom(1, count: nil)], 2),
      ([.notify("a", sinks: []), .wait(.seconds(1)), .repeatFrom(2, count: 3)], 3),
      ([.notify("a", sinks: []), .wait(.seconds(1)), .repeatFrom(1, count: 0)], 3),
      ([.notify("a", sinks: []), .wait(.seconds(1)), .repeatFrom(1, count: nil), .wait(.seconds(1))], 3),
      (
        [
          .notify("a", sinks: []), .wait(.seconds(1)), .repeatFrom(1, count: 2), .wait(.seconds(1)),
          .repeatFrom(1, count: 2),
        ], 5
      ),
      (Array(repeating: .notify("a", sinks: []), count: 101), nil),
    ] as [([EscalationPolicy.Step], Int?)])
  func flaws(steps: [EscalationPolicy.Step], step: Int?) {
    let error = #expect(throws: EscalationPolicy.Flaw.self) { try EscalationPolicy(steps: steps) }
    #expect(error?.step == step)
  }
}
