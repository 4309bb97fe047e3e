import Coordination
import IncidentEngine
import IncidentModel
import MessageBus
import TestKit
import Testing

@Suite("The queue before the engine")
struct IntakeTests {
  private static func batch(_ peer: String, _ number: UInt64, signals: Int = 10) -> Letter {
    let signal = Fixture.alert().signal(id: "\(peer)-\(number)")
    return Letter(
      input: .signals(Array(repeating: signal, count: signals)),
      origin: .batch(PeerID(instance: peer), number))
  }

  private static func limits(_ signals: Int) -> Intake.Limits {
    var limits = Intake.Limits()
    limits.signals = signals
    return limits
  }

  @Test("at the bound the busiest source loses its newest, and the quiet one loses nothing")
  func fairness() {
    var intake = Intake(limits: Self.limits(100))
    for number in 1...10 { #expect(intake.put(Self.batch("loud", UInt64(number))) == .taken) }
    let out = intake.put(Self.batch("quiet", 1))
    #expect(out == .shed([.batch(PeerID(instance: "loud"), 10)]))
    #expect(intake.waitingSignals == 100)
    #expect(intake.shed == 1)
    let taken = intake.take(signals: 20, letters: 100)
    #expect(
      Set(taken.map(\.origin)) == [.batch(PeerID(instance: "loud"), 1), .batch(PeerID(instance: "quiet"), 1)])
  }

  @Test("a batch that is sent again while it waits is one batch")
  func resent() {
    var intake = Intake()
    #expect(intake.put(Self.batch("d", 1)) == .taken)
    #expect(intake.put(Self.batch("d", 1)) == .replaced)
    #expect(intake.waitingSignals == 10)
  }

  @Test("what people and workers say comes before signals, ticks come after heartbeats")
  func order() {
    var intake = Intake()
    _ = intake.put(Self.batch("d", 1))
    _ = intake.put(Letter(input: .tick, origin: .nobody))
    let beat = EngineInput.heartbeat(instance: "w", load: 0, freeSlots: 1, leases: [])
    _ = intake.put(Letter(input: beat, origin: .heartbeat(PeerID(instance: "w"), 1)))
    #expect(intake.put(Letter(input: beat, origin: .heartbeat(PeerID(instance: "w"), 2))) == .replaced)
    _ = intake.put(
      Letter(
        input: .person(.acknowledge, IncidentID(number: 1), by: "ann", note: nil), origin: .caller(1)))
    #expect(
      intake.take(signals: 100, letters: 100).map(\.origin) == [
        .caller(1), .heartbeat(PeerID(instance: "w"), 2), .nobody, .batch(PeerID(instance: "d"), 1),
      ])
    #expect(intake.isEmpty && intake.count == 0)
  }

  @Test("a flood of requests leaves room for heartbeats, time and signals")
  func flood() {
    var intake = Intake(limits: Self.limits(200))
    for number in 0..<400 {
      let lease = Lease(incident: IncidentID(number: 1), kind: .resolve, token: 1)
      _ = intake.put(
        Letter(
          input: .intend(step: 0, name: "x", lease, instance: "i"),
          origin: .request(PeerID(instance: "i"), UInt64(number))))
    }
    _ = intake.put(Letter(input: .tick, origin: .nobody))
    _ = intake.put(Self.batch("a", 1, signals: 10))
    let taken = intake.take(signals: 100, letters: 100)
    #expect(taken.count == 100 && taken.contains { $0.isTick } && taken.contains { $0.weight == 10 })
  }

  @Test(
    "whatever is put in, the weights add up, the bounds hold, and each source's order stays",
    arguments: 1...30)
  func property(seed: Int) {
    var random = SeededRandom(seed: UInt64(seed))
    var intake = Intake(limits: Self.limits(200))
    var next: [String: UInt64] = [:]
    var last: [PeerID: UInt64] = [:]
    for _ in 0..<500 {
      if Int.random(in: 0..<3, using: &random) > 0 {
        let peer = ["a", "b", "c"].randomElement(using: &random) ?? "a"
        next[peer, default: 0] += 1
        _ = intake.put(Self.batch(peer, next[peer] ?? 0, signals: Int.random(in: 1...40, using: &random)))
        #expect(intake.waitingSignals <= 200)
      } else {
        let taken = intake.take(signals: 50, letters: 5)
        #expect(taken.dropLast().reduce(0) { $0 + $1.weight } < 50 && taken.count <= 5)
        for case .batch(let peer, let number) in taken.map(\.origin) {
          #expect(number > last[peer] ?? 0)
          last[peer] = number
        }
      }
    }
    _ = intake.drain()
    #expect(intake.waitingSignals == 0 && intake.isEmpty)
  }
}
