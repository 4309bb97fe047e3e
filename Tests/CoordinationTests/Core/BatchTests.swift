import IncidentEngine
import IncidentModel
import MessageBus
import Notification
import TestKit
import Testing

@testable import Coordination

@Suite("One batch becomes durable while the next is decided") struct BatchTests {
  private let start = Timestamp(milliseconds: 1_700_000_000_000)
  private let detector = PeerID(instance: "d")

  /// A leader with a worker that takes what there is to do.
  private func leading() -> CoordinatorCore {
    var core = CoordinatorCore(
      policy: EnginePolicy(),
      identity: CoordinatorCore.Identity(
        instance: "c", version: "1", leaseSeconds: 10, heartbeatSeconds: 2,
        changesEndpoint: "tcp://127.0.0.1:1", sinks: []))
    core.lead(epoch: 1, asked: start, at: start)
    let worker = PeerID(instance: "w")
    let info = AgentInfo(instance: "w", kind: .diagnoser, name: "w", version: "1", pid: 1, targets: [])
    _ = core.receive(.message(.hello(info), from: worker), at: start)
    let beat = Heartbeat(sequence: 1, load: 0, freeSlots: 3, leases: [])
    while let batch = core.begin(at: start) { _ = core.commit(batch, at: start) }
    _ = core.receive(.message(.heartbeat(beat), from: worker), at: start)
    while let batch = core.begin(at: start) { _ = core.commit(batch, at: start) }
    return core
  }

  private func signal(_ id: Int, _ series: Int, _ state: Signal.State) -> Signal {
    let rule = SignalRule(
      kind: .threshold, condition: .above, threshold: 80, clearThreshold: 75, text: "above 80")
    return Signal(
      id: "s\(id)", fingerprint: Fingerprint(source: "s", metric: "m\(series)", labels: [:]), state: state,
      metric: "m\(series)", source: "s", labels: [:], value: Double(id), unit: "", rule: rule, score: 1,
      severity: .high, observedAt: start + .milliseconds(id), breachedSince: start, detector: "d")
  }

  /// Signals of few series, some of them said twice.
  private func messages(_ count: Int, from first: Int, _ random: inout SeededRandom) -> [AgentMessage] {
    (first..<first + count).map { id in
      let said = Int.random(in: 0..<5, using: &random) == 0 ? max(0, id - 1) : id
      let state: Signal.State = Int.random(in: 0..<3, using: &random) == 0 ? .cleared : .raised
      return .signals(batch: UInt64(id), [signal(said, Int.random(in: 0..<6, using: &random), state)])
    }
  }

  @Test("everybody is told the same as when nothing is decided ahead", arguments: UInt64(1)...20)
  func same(seed: UInt64) {
    var (ahead, plain) = (leading(), leading())
    var random = SeededRandom(seed: seed)
    for round in 0..<10 {
      let lots = [
        messages(8, from: round * 100, &random), messages(8, from: round * 100 + 50, &random),
      ]
      var expected: [String] = []
      for lot in lots {
        for message in lot { _ = plain.receive(.message(message, from: detector), at: start) }
        guard let batch = plain.begin(at: start) else { continue }
        expected.append(contentsOf: plain.commit(batch, at: start).map(words))
      }
      var batches: [CoreBatch] = []
      for lot in lots {
        for message in lot { _ = ahead.receive(.message(message, from: detector), at: start) }
        if let batch = ahead.begin(at: start) { batches.append(batch) }
      }
      // No third one, whatever waits.
      _ = ahead.receive(.tick, at: start)
      let third = ahead.begin(at: start)
      #expect(third == nil)
      var told: [String] = []
      for batch in batches { told.append(contentsOf: ahead.commit(batch, at: start).map(words)) }
      #expect(told == expected)
      while let batch = ahead.begin(at: start) { _ = ahead.commit(batch, at: start) }
      #expect(ahead.views.count == plain.views.count)
      #expect(ahead.engine.state.sequence == plain.engine.state.sequence)
    }
  }

  @Test("readers see what is durable, and nobody is answered before it is")
  func durable() throws {
    var core = leading()
    _ = core.receive(.message(.signals(batch: 1, [signal(1, 1, .raised)]), from: detector), at: start)
    let first = core.begin(at: start)
    // The same signal again, which changes nothing, and one that makes it worse.
    _ = core.receive(.message(.signals(batch: 2, [signal(1, 1, .raised)]), from: detector), at: start)
    _ = core.receive(.message(.signals(batch: 3, [signal(2, 1, .cleared)]), from: detector), at: start)
    let second = core.begin(at: start)
    let (one, two) = (try #require(first), try #require(second))
    #expect(core.views.isEmpty && !one.events.isEmpty && !two.events.isEmpty)
    // Not out of turn: then nothing leaves.
    var outputs = core.commit(two, at: start)
    #expect(outputs.isEmpty && core.views.isEmpty)
    outputs = core.commit(one, at: start)
    #expect(accepted(outputs) == [1])
    #expect(core.views.values.map(\.count) == [1])
    #expect(core.views.values.flatMap(\.symptoms).allSatisfy { !$0.isCleared })
    // Nor twice.
    outputs = core.commit(one, at: start)
    #expect(outputs.isEmpty)
    outputs = core.commit(two, at: start)
    #expect(accepted(outputs) == [2, 3])
    #expect(core.views.values.map(\.count) == [2])
    #expect(core.views.values.flatMap(\.symptoms).allSatisfy { $0.isCleared })
  }

  @Test("whoever waits for one of both learns that there will be no reply")
  func abandoned() throws {
    var core = leading()
    var begun: CoreBatch?
    for call in [UInt64(1), 2, 3] {
      _ = core.receive(.call(call, .tick), at: start)
      _ = core.receive(.call(call + 10, .archive(before: start)), at: start)
      begun = core.begin(at: start) ?? begun
    }
    var outputs = core.abandon()
    let answered = outputs.compactMap { output -> UInt64? in
      if case .answer(let number, nil) = output { number } else { nil }
    }
    #expect(answered.sorted() == [11, 12, 13])
    outputs = core.commit(try #require(begun), at: start)
    let next = core.begin(at: start)
    #expect(outputs.isEmpty && next == nil)
  }

  /// An output as it can be compared.
  private func words(_ output: CoreOutput) -> String {
    switch output {
    case .durable(let events):
      events.map { "\($0.sequence) \($0.incident?.text ?? "") \($0.fact.name)" }.joined()
    case .changed(let changes):
      changes.map(\.incident).map { "\($0.id) \($0.status) \($0.timeline)" }.joined()
        + changes.map { "\($0.sequence)" }.joined()
    case .send(let message, let peer): "\(message.name) to \(peer)"
    case .publish(let change): "\(change)"
    case .answer(let number, _): "answer \(number)"
    case .deliver(let notification, let sink): "\(notification.key) to \(sink)"
    case .moved(let move): "\(move)"
    }
  }

  private func accepted(_ outputs: [CoreOutput]) -> [UInt64] {
    outputs.compactMap { if case .send(.accepted(let batch, _), _) = $0 { batch } else { nil } }
  }
}
