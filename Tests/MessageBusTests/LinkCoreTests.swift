import IncidentModel
import Testing

@testable import MessageBus

/// A link that is driven by hand: time passes only when it is told to, and what it sends is looked at.
struct DrivenLink {
  var core: LinkCore
  private(set) var now = Duration.zero
  private(set) var outputs: [LinkOutput] = []

  init(
    endpoints: [String] = ["tcp://a:1"], kind: AgentKind = .resolver, takes: JobKind? = .resolve,
    slots: Int = 1,
    timing: LinkTiming = LinkTiming(), spoolLimit: Int = 1_000, shards: [ShardOffer]? = nil
  ) {
    core = LinkCore(
      info: AgentInfo(instance: "i", kind: kind, name: "n", version: "1", pid: 1, targets: []),
      endpoints: endpoints, takes: takes, slots: slots, timing: timing, spoolLimit: spoolLimit,
      shards: shards)
  }

  @discardableResult
  mutating func handle(_ input: LinkInput) -> [LinkOutput] {
    let new = core.handle(input, at: now)
    outputs += new
    return new
  }

  @discardableResult
  mutating func hear(_ message: CoordinatorMessage, from place: Int = 0) -> [LinkOutput] {
    handle(.received(message, from: place))
  }

  /// Lets time pass, ticking exactly when the link asked for it.
  @discardableResult
  mutating func pass(_ duration: Duration) -> [LinkOutput] {
    let end = now + duration
    var new: [LinkOutput] = []
    var ticks = 0
    while let next = core.nextDeadline, next <= end {
      now = max(now, next)
      new += core.handle(.tick, at: now)
      ticks += 1
      precondition(ticks < 100_000, "the link asks for ticks without end")
    }
    now = end
    outputs += new
    return new
  }

  @discardableResult
  mutating func welcome(
    from place: Int = 0, coordinator: String = "A", epoch: UInt64 = 1, lease: Double = 10,
    heartbeat: Double = 2, assignsShards: Bool = false
  ) -> [LinkOutput] {
    hear(
      .welcome(
        Welcome(
          coordinator: coordinator, version: "1", leaseSeconds: lease, heartbeatSeconds: heartbeat,
          changesEndpoint: "tcp://a:2", epoch: epoch, assignsShards: assignsShards)), from: place)
  }

  /// Answers the last heartbeat that was sent.
  mutating func acknowledge(from place: Int = 0) {
    guard let beat = outputs.beats(to: place).last else { return }
    hear(.heartbeatAcknowledged(sequence: beat.sequence, leases: beat.leases), from: place)
  }

  /// Lets time pass while the coordinator of `place` acknowledges every heartbeat.
  mutating func live(_ duration: Duration, with place: Int = 0) {
    let end = now + duration
    while let next = core.nextDeadline, next <= end {
      if pass(next - now).beats(to: place).last != nil { acknowledge(from: place) }
    }
    pass(end - now)
  }
}

extension [LinkOutput] {
  func sent(to place: Int) -> [AgentMessage] {
    compactMap { if case .send(let message, place) = $0 { message } else { nil } }
  }
  func names(to place: Int) -> [String] { sent(to: place).map(\.name) }
  func beats(to place: Int) -> [Heartbeat] {
    sent(to: place).compactMap { if case .heartbeat(let beat) = $0 { beat } else { nil } }
  }
  var lost: [UInt64] { compactMap { if case .cancel(let token, _) = $0 { token } else { nil } } }
}

@Suite struct LinkCoreTests {
  private func job(_ token: UInt64, incident: UInt32 = 1, kind: JobKind = .resolve) -> Job {
    var generator = Generator(seed: 9)
    return Job(
      lease: Lease(incident: IncidentID(number: incident), kind: kind, token: token),
      incident: generator.incident(), attempt: 1)
  }

  @Test("hellos go out once a second until one is answered, then heartbeats at the interval that was told")
  func rhythm() {
    var link = DrivenLink()
    #expect(link.core.nextDeadline == .zero)
    #expect(link.pass(.milliseconds(2_500)).names(to: 0) == ["hello", "hello", "hello"])
    #expect(link.welcome().names(to: 0) == ["heartbeat"])
    link.acknowledge()
    #expect(link.pass(.seconds(2)).names(to: 0) == ["heartbeat"])
  }

  @Test("a request is sent again every second until it is granted, under the same number")
  func requests() {
    var link = DrivenLink()
    link.pass(.zero)
    link.welcome()
    #expect(link.hear(.work(job(7))).contains(.start(job(7))))
    let first = link.handle(.request(id: 50, .intend(step: 0, name: "s"), job(7).lease))
    let message = AgentMessage.intend(request: 1, step: 0, name: "s", job(7).lease)
    #expect(first == [.send(message, to: 0)])
    #expect(link.pass(.seconds(1)) == [.send(message, to: 0)])
    #expect(link.hear(.granted(request: 1)) == [.answer(id: 50, nil)])
    #expect(link.hear(.granted(request: 1)) == [])
  }

  @Test("a grant that comes after the lease ran out is no grant")
  func lateGrant() {
    var link = DrivenLink()
    link.pass(.zero)
    link.welcome(lease: 3, heartbeat: 1)
    link.hear(.work(job(7)))
    link.handle(.request(id: 1, .intend(step: 0, name: "s"), job(7).lease))
    // The process stood still; nothing ticked.
    let core = link.core
    var late = core
    let outputs = late.handle(.received(.granted(request: 1), from: 0), at: .seconds(3))
    #expect(outputs.lost == [7])
    #expect(!outputs.contains(.answer(id: 1, nil)))
  }

  @Test("a late copy of a job is neither begun again after its end nor instead of a newer lease")
  func lateJobs() {
    var link = DrivenLink(slots: 2)
    link.pass(.zero)
    link.welcome()
    link.hear(.work(job(7)))
    link.handle(.ended(token: 7, .failed(reason: "x")))
    link.hear(.granted(request: 1))
    #expect(link.hear(.work(job(7))) == [])
    link.hear(.work(job(9)))
    #expect(link.hear(.work(job(8))) == [])
    #expect(link.core.validLeases == [job(9).lease])
    let replaced = link.hear(.work(job(10)))
    #expect(replaced.lost == [9])
    #expect(replaced.contains(.start(job(10))))
  }

  @Test("a link that stops lets its workers say their last words, and says goodbye once")
  func stopping() {
    var link = DrivenLink(slots: 2)
    link.pass(.zero)
    link.welcome()
    link.hear(.work(job(7)))
    link.hear(.work(job(8, incident: 2)))
    link.handle(.request(id: 1, .intend(step: 0, name: "s"), job(7).lease))
    let stop = link.handle(.stop)
    #expect(stop.contains(.answer(id: 1, .shuttingDown)))
    #expect(stop.lost == [7, 8])
    let words = link.handle(
      .request(
        id: 2, .concluded(StepOutcome(index: 0, state: .failed, detail: "interrupted")), job(7).lease))
    #expect(words.names(to: 0) == ["concluded"])
    #expect(words.last == .answer(id: 2, .shuttingDown))
    #expect(link.handle(.ended(token: 7, .failed(reason: "x"))).names(to: 0) == ["finished"])
    #expect(link.hear(.work(job(9, incident: 3))).names(to: 0) == ["heartbeat"])
    #expect(link.pass(.milliseconds(600)) == [.send(.goodbye, to: 0), .stopped])
    #expect(link.core.nextDeadline == nil)
    #expect(
      link.handle(.request(id: 3, .intend(step: 1, name: "t"), job(8).lease)) == [
        .answer(id: 3, .shuttingDown)
      ])
  }

  @Test("a heartbeat that fills no slot says how many are free, and a stopping agent has none")
  func freeSlots() {
    var link = DrivenLink(slots: 2)
    link.pass(.zero)
    #expect(link.welcome().beats(to: 0).last?.freeSlots == 2)
    #expect(link.hear(.work(job(7))).beats(to: 0).last?.freeSlots == 1)
    #expect(
      link.hear(.work(job(8, incident: 2, kind: .diagnose))).beats(to: 0).last?.leases == [job(7).lease])
  }

  @Test("the same inputs at the same times give the same outputs, whatever they are", arguments: 0..<20)
  func deterministic(seed: UInt64) {
    func run() -> [LinkOutput] {
      var generator = Generator(seed: seed)
      var link = DrivenLink(endpoints: ["tcp://a:1", "tcp://b:1", "tcp://c:1"], slots: 4, spoolLimit: 30)
      for step in 0..<400 {
        let place = generator.int(3)
        switch generator.int(12) {
        case 0: link.welcome(from: place, epoch: UInt64(generator.int(5)))
        case 1: link.hear(.notLeading(leader: generator.bool() ? "tcp://b:1" : nil), from: place)
        case 2: link.acknowledge(from: place)
        case 3:
          link.hear(.work(job(UInt64(generator.int(40)), incident: UInt32(generator.int(6)))), from: place)
        case 4: link.handle(.submit([generator.signal()]))
        case 5:
          link.hear(
            .accepted(batch: UInt64(generator.int(20)), pause: UInt32(generator.int(2) * 700)), from: place)
        case 6:
          link.handle(
            .request(
              id: UInt64(step), .intend(step: 0, name: "s"),
              job(UInt64(generator.int(40)), incident: UInt32(generator.int(6))).lease))
        case 7: link.hear(.granted(request: UInt64(generator.int(30))), from: place)
        case 8: link.handle(.ended(token: UInt64(generator.int(40)), .failed(reason: "x")))
        case 9: link.hear(.unknownAgent, from: place)
        default: link.pass(.milliseconds(generator.int(3_000)))
        }
      }
      link.handle(.stop)
      link.pass(.seconds(2))
      return link.outputs
    }
    let outputs = run()
    #expect(outputs == run())
    #expect(outputs.last == .stopped)
    // Every request had exactly one answer.
    let answered = outputs.compactMap { if case .answer(let id, _) = $0 { id } else { nil } }
    #expect(answered.count == Set(answered).count)
  }
}
