import IncidentModel
import Testing

@testable import MessageBus

@Suite struct LinkHomeTests {
  private let ends = ["tcp://a:1", "tcp://b:1", "tcp://c:1"]

  private func job(_ token: UInt64) -> Job {
    var generator = Generator(seed: 9)
    return Job(
      lease: Lease(incident: IncidentID(number: 1), kind: .resolve, token: token),
      incident: generator.incident(), attempt: 1)
  }

  private func signals(_ count: Int) -> [Signal] {
    var generator = Generator(seed: 4)
    return (0..<count).map { _ in generator.signal() }
  }

  @Test("at the start every coordinator is asked, and the one that leads becomes home")
  func start() {
    var link = DrivenLink(endpoints: ends)
    let first = link.pass(.zero)
    for place in 0..<3 { #expect(first.names(to: place) == ["hello"]) }
    link.hear(.notLeading(leader: "tcp://b:1"), from: 0)
    #expect(link.core.home == nil)
    let welcomed = link.welcome(from: 1)
    #expect(link.core.home == 1)
    #expect(welcomed.names(to: 1) == ["heartbeat"])
    link.hear(.notLeading(leader: nil), from: 2)
    #expect(link.core.home == 1 && link.core.isConnected(at: link.now))
    // As long as home answers nobody else is bothered.
    let before = link.outputs.count
    link.live(.seconds(60), with: 1)
    #expect(Array(link.outputs[before...]).sent(to: 0).isEmpty)
  }

  @Test("a standby's word about another coordinator is acted on at once")
  func named() {
    var link = DrivenLink(endpoints: ends)
    link.pass(.zero)
    link.pass(.milliseconds(400))
    #expect(link.hear(.notLeading(leader: "tcp://c:1"), from: 0).names(to: 2) == ["hello"])
    // Not as often as it would have it.
    #expect(link.hear(.notLeading(leader: "tcp://c:1"), from: 0).isEmpty)
    link.pass(.milliseconds(300))
    #expect(link.hear(.notLeading(leader: "tcp://elsewhere:1"), from: 0).names(to: 1) == ["hello"])
  }

  @Test("when home dies the next leader is home within a second of leading, and hears everything at once")
  func failover() throws {
    var link = DrivenLink(endpoints: ends)
    link.pass(.zero)
    link.welcome()
    link.hear(.work(job(7)))
    link.live(.seconds(7))
    link.handle(.submit(signals(3)))
    link.handle(.request(id: 1, .intend(step: 0, name: "s"), job(7).lease))
    // Home is gone; b and c stand by until b leads, six seconds later.
    let died = link.now
    var asked: Duration?
    while link.now < died + .seconds(6) {
      let new = link.pass(.milliseconds(50))
      for place in 1...2 where new.names(to: place).contains("hello") {
        asked = asked ?? link.now - died
        link.hear(.notLeading(leader: "tcp://a:1"), from: place)
      }
    }
    // One heartbeat and half a second after it was last heard.
    #expect(try #require(asked) <= .milliseconds(2_550))
    #expect(link.core.validLeases == [job(7).lease])
    let leads = link.now
    while !link.pass(.milliseconds(50)).names(to: 1).contains("hello") {}
    let moved = link.welcome(from: 1, coordinator: "B", epoch: 2)
    #expect(link.now - leads <= .seconds(1))
    #expect(moved.names(to: 1) == ["heartbeat", "signals", "intend"])
    #expect(moved.beats(to: 1).first?.leases == [job(7).lease])
    #expect(moved.sent(to: 0).isEmpty)
    #expect(link.core.validLeases == [job(7).lease])
  }

  @Test("moving home does not lengthen a lease: it counts from the last heartbeat that was acknowledged")
  func leaseSafety() {
    var link = DrivenLink(endpoints: ends)
    link.pass(.zero)
    link.welcome(lease: 6)
    link.hear(.work(job(7)))
    link.live(.seconds(4))
    let renewed = link.now
    link.pass(.milliseconds(5_000))
    link.welcome(from: 1, coordinator: "B", epoch: 2, lease: 6)
    // The new leader has not acknowledged anything yet, and the old one no longer counts.
    let beat = link.outputs.beats(to: 0).last
    link.hear(.heartbeatAcknowledged(sequence: beat?.sequence ?? 0, leases: [job(7).lease]), from: 0)
    #expect(link.pass(renewed + .milliseconds(5_900) - link.now).lost.isEmpty)
    #expect(link.pass(.milliseconds(200)).lost == [7])
  }

  @Test("a coordinator of an earlier epoch is not listened to, in nothing that it says")
  func epochs() {
    var link = DrivenLink(endpoints: ends)
    link.pass(.zero)
    link.welcome(from: 1, coordinator: "B", epoch: 5)
    link.hear(.work(job(7)), from: 1)
    link.handle(.submit(signals(1)))
    link.handle(.request(id: 1, .intend(step: 0, name: "s"), job(7).lease))
    let stale = link.welcome(from: 0, coordinator: "A", epoch: 4)
    #expect(stale == [.note(.outdated(0, epoch: 4, seen: 5, count: 1))])
    for message: CoordinatorMessage in [
      .granted(request: 1), .refused(request: 1, reason: "x"), .revoked(job(7).lease, reason: "x"),
      .accepted(batch: 1, pause: 0), .work(job(9)), .unknownAgent,
      .heartbeatAcknowledged(sequence: link.outputs.beats(to: 1).last?.sequence ?? 0, leases: []),
      .notLeading(leader: nil),
    ] {
      #expect(link.hear(message, from: 0) == [], "\(message.name)")
    }
    #expect(link.core.home == 1)
    #expect(link.core.counters.spooled == 1)
    #expect(link.hear(.granted(request: 1), from: 1) == [.answer(id: 1, nil)])
    // Nor as the only one that answers.
    link.hear(.notLeading(leader: nil), from: 1)
    #expect(link.core.home == nil)
    link.welcome(from: 0, coordinator: "A", epoch: 4)
    #expect(link.core.home == nil && !link.core.isConnected(at: link.now))
  }

  @Test("a home that no longer leads is left at once, for the one it names first")
  func deposed() {
    var link = DrivenLink(endpoints: ends)
    link.pass(.zero)
    link.welcome()
    link.live(.seconds(3))
    let outputs = link.hear(.notLeading(leader: "tcp://c:1"))
    #expect(
      outputs.compactMap { if case .send(_, let place) = $0 { place } else { nil } } == [2, 1])
    #expect(link.core.home == nil)
    #expect(link.hear(.work(job(7))).isEmpty)
    link.welcome(from: 2, coordinator: "C", epoch: 2)
    #expect(link.core.home == 2)
    #expect(link.hear(.work(job(7)), from: 2).contains(.start(job(7))))
  }

  @Test("a home that is only slow is kept, though others are asked")
  func slow() {
    var link = DrivenLink(endpoints: ends)
    link.pass(.zero)
    link.welcome()
    let asked = link.pass(.milliseconds(4_000))
    #expect(asked.names(to: 1).contains("hello"))
    #expect(link.core.isConnected(at: link.now))
    link.acknowledge()
    #expect(link.pass(.milliseconds(1_900)).sent(to: 1).isEmpty)
    #expect(link.core.home == 0)
  }

  @Test("an endpoint that is named twice is one")
  func twice() {
    let link = DrivenLink(endpoints: ["tcp://a:1", "tcp://a:1"])
    #expect(link.core.endpoints == ["tcp://a:1"])
  }

  @Test(
    "however coordinators come, go and lie, what was granted or accepted came from home", arguments: 0..<30)
  func onlyHome(seed: UInt64) {
    var generator = Generator(seed: seed)
    var link = DrivenLink(endpoints: ends, slots: 3)
    var highest: UInt64 = 0
    for step in 0..<500 {
      let place = generator.int(3)
      let before = link.core.counters
      switch generator.int(8) {
      case 0:
        let epoch = UInt64(generator.int(8))
        link.welcome(from: place, coordinator: "c\(epoch)", epoch: epoch)
        if link.core.home == place, link.core.welcome?.epoch == epoch { highest = max(highest, epoch) }
        #expect(link.core.home == nil || (link.core.welcome?.epoch ?? 0) == link.core.epoch)
      case 1: link.hear(.notLeading(leader: generator.pick(ends + ["x"])), from: place)
      case 2: link.handle(.submit([generator.signal()]))
      case 3:
        let home = link.core.home
        link.hear(.accepted(batch: UInt64(generator.int(50)), pause: 0), from: place)
        if home != place { #expect(link.core.counters.acceptedSignals == before.acceptedSignals) }
      case 4:
        let home = link.core.home
        link.hear(.work(job(UInt64(step))), from: place)
        if home != place { #expect(link.core.counters.jobs == before.jobs) }
      default: link.pass(.milliseconds(generator.int(1_500)))
      }
      #expect(link.core.epoch == highest)
    }
  }
}

@Suite struct ThrottleTests {
  private func signal(_ series: Int, _ id: String, _ state: Signal.State = .raised) -> Signal {
    var generator = Generator(seed: UInt64(series))
    var signal = generator.signal()
    signal.fingerprint = Fingerprint(text: "host/m{series=\"\(series)\"}")
    signal.state = state
    signal.id = id
    return signal
  }

  private func ids(_ outputs: [LinkOutput]) -> [[String]] {
    outputs.sent(to: 0).compactMap {
      if case .signals(_, let signals) = $0 { signals.map(\.id) } else { nil }
    }
  }

  @Test("the next batch waits as long as it was asked to, and what comes meanwhile is put together")
  func pause() {
    var link = DrivenLink()
    link.pass(.zero)
    link.welcome(heartbeat: 60)
    #expect(ids(link.handle(.submit([signal(1, "a")]))) == [["a"]])
    link.handle(.submit([signal(2, "b")]))
    #expect(ids(link.hear(.accepted(batch: 1, pause: 3_000))) == [])
    for round in 0..<5 { link.handle(.submit([signal(2, "b\(round)"), signal(3, "c\(round)", .cleared)])) }
    #expect(ids(link.pass(.milliseconds(2_999))) == [])
    #expect(ids(link.pass(.milliseconds(1))) == [["b4", "c4"]])
    #expect(ids(link.hear(.accepted(batch: 2, pause: 0))) == [])
    // No pause any more.
    #expect(ids(link.handle(.submit([signal(4, "d")]))) == [["d"]])
    #expect(link.core.counters.throttled == .seconds(3))
    #expect(link.core.counters.coalescedSignals == 9)
  }

  @Test("no coordinator can make a link wait for more than half a minute, and the next one starts anew")
  func bounded() {
    var link = DrivenLink(endpoints: ["tcp://a:1", "tcp://b:1"])
    link.pass(.zero)
    link.welcome(heartbeat: 60)
    link.handle(.submit([signal(1, "a")]))
    link.hear(.accepted(batch: 1, pause: 86_400_000))
    link.handle(.submit([signal(2, "b")]))
    #expect(ids(link.pass(.seconds(29))) == [])
    #expect(ids(link.pass(.seconds(1))) == [["b"]])
    link.hear(.accepted(batch: 2, pause: 20_000))
    link.handle(.submit([signal(3, "c")]))
    let moved = link.welcome(from: 1, coordinator: "B", epoch: 2)
    #expect(moved.names(to: 1) == ["heartbeat", "signals"])
    #expect(link.core.counters.throttled == .seconds(30))
  }
}
