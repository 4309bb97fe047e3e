import IncidentModel
import MessageBus

@testable import Coordination
@testable import IncidentEngine

extension Harness {
  /// What agents say, told to the engine by one who holds the lease.
  static let engine: [Harness] = [
    Harness(
      "engine", maxBytes: 64 << 10,
      seeds: {
        let frames = try Samples.agentMessages.map { [1] + ByteFeed.block(try WireCodec.encode($0)) }
        let way = [6, 4, 5, 7].map { frames[$0] }
        return [Array(way.joined()), Array(frames.joined())] + frames
      }, run: agents)
  ]

  private static func agents(_ bytes: [UInt8]) throws -> Bool {
    var policy = EnginePolicy()
    policy.defaultAutonomy = .auto
    var engine = Engine(policy: policy)
    var journal: [EngineEvent] = []
    var lease: Lease?
    var now = Samples.moment
    func handle(_ input: EngineInput) {
      let decision = engine.handle(input, at: now)
      journal += decision.events
      for case .work(let job, _) in decision.effects {
        lease = job.lease
        _ = try? WireCodec.encode(.work(job))
      }
    }
    for kind in [AgentKind.diagnoser, .resolver] {
      var info = Samples.info
      (info.kind, info.instance) = (kind, kind.rawValue)
      handle(.joined(info))
      handle(.heartbeat(instance: kind.rawValue, load: 0, freeSlots: 1000, leases: []))
    }
    handle(.signals([Samples.signal]))

    var feed = ByteFeed(bytes)
    var understood = false
    while !feed.isEmpty {
      let isHolder = feed.int(8) != 0
      guard let message = try? WireCodec.decodeAgentMessage(feed.block()) else { continue }
      understood = true
      now = now + .milliseconds(10)
      let mine = isHolder ? lease : nil
      let instance = mine?.kind.worker.rawValue ?? "resolver"
      switch message {
      case .hello(let info): handle(.joined(info))
      case .heartbeat(let beat):
        handle(
          .heartbeat(
            instance: instance, load: beat.load, freeSlots: beat.freeSlots,
            leases: beat.leases + (mine.map { [$0] } ?? [])))
      case .signals(_, let signals): handle(.signals(signals))
      case .exchanged(_, let exchange, let other):
        handle(.exchanged(exchange, mine ?? other, instance: instance))
      case .intend(_, let step, let name, let other):
        handle(.intend(step: step, name: name, mine ?? other, instance: instance))
      case .concluded(_, let outcome, let other):
        handle(.concluded(outcome, mine ?? other, instance: instance))
      case .finished(_, let result, let other): handle(.finished(result, mine ?? other, instance: instance))
      case .snapshot, .goodbye, .shards, .shardMemory: handle(.tick)
      }
    }
    try replayed(journal, engine)
    return understood
  }

  // Everything that was decided can be kept, and the journal alone gives the same state.
  private static func replayed(_ journal: [EngineEvent], _ engine: Engine) throws {
    let (encoder, decoder) = (JSONCoding.encoder(), JSONCoding.decoder())
    var twin = Engine(policy: engine.policy)
    for event in journal {
      let record = try JournalRecord(event, encoder: encoder)
      let again = try record.event(decoder: decoder)
      // What it changed is for the audit and not read back.
      var plain = event
      plain.change = nil
      try demand(again == plain, "\(record.kind) is another event when it is read back")
      twin.replay(again)
    }
    if let difference = engine.state.difference(from: twin.state) {
      throw Broken(description: "the journal gives another state: \(difference)")
    }
  }
}
