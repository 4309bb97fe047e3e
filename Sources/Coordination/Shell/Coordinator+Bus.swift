import IncidentEngine
import IncidentModel
import MessageBus
import Settings

extension Coordinator {
  /// Agents known at once at the most.
  static let maxPeers = 10_000

  /// Takes what agents say until the bus is closed. A full mailbox stops the reading, and so slows the agents.
  func readBus() async {
    for await (peer, message) in bus.incoming {
      guard let letter = letter(for: message, from: peer) else {
        await answerDirectly(message, to: peer)
        continue
      }
      while !mailbox.put(letter) {
        do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
      }
    }
  }

  /// The input that a message is, or `nil` when it is answered without the engine.
  private func letter(for message: AgentMessage, from peer: PeerID) -> Letter? {
    switch message {
    case .hello(let info):
      if peers.count >= Self.maxPeers {
        // Agents that died said no goodbye; whoever is dropped wrongly says hello again.
        peers = peers.filter { engine.state.workers[$0.value] != nil }
      }
      guard PeerID(instance: info.instance) == peer, peers[peer] != nil || peers.count < Self.maxPeers else {
        return nil
      }
      peers[peer] = info.instance
      return Letter(input: .joined(info), origin: .hello(peer))
    case .signals(let batch, let signals):
      return Letter(input: .signals(signals), origin: .batch(peer, batch))
    case .heartbeat(let beat):
      guard let instance = peers[peer] else { return nil }
      return Letter(
        input: .heartbeat(
          instance: instance, load: beat.load, freeSlots: beat.freeSlots, leases: beat.leases),
        origin: .heartbeat(peer, beat.sequence))
    case .exchanged(let request, let exchange, let lease):
      return work(peer, request) { .exchanged(exchange, lease, instance: $0) }
    case .intend(let request, let step, let name, let lease):
      return work(peer, request) { .intend(step: step, name: name, lease, instance: $0) }
    case .concluded(let request, let outcome, let lease):
      return work(peer, request) { .concluded(outcome, lease, instance: $0) }
    case .finished(let request, let result, let lease):
      return work(peer, request) { .finished(result, lease, instance: $0) }
    case .goodbye:
      guard let instance = peers.removeValue(forKey: peer) else { return nil }
      return Letter(input: .left(instance: instance), origin: .nobody)
    case .snapshot: return nil
    }
  }

  private func work(_ peer: PeerID, _ request: UInt64, _ input: (String) -> EngineInput) -> Letter? {
    peers[peer].map { Letter(input: input($0), origin: .request(peer, request)) }
  }

  private func answerDirectly(_ message: AgentMessage, to peer: PeerID) async {
    switch message {
    case .snapshot(let request): await bus.send(.snapshot(request: request, snapshot()), to: peer)
    case .hello(let info):
      await bus.send(
        .rejected(
          reason:
            "the hello of \(info.name) names another instance than its connection, or too many agents are here"
        ),
        to: peer)
    case .goodbye: break
    default: await bus.send(.unknownAgent, to: peer)
    }
  }

  /// The latest incidents, for subscribers that join or missed something.
  private func snapshot() -> Snapshot {
    let latest = views.values.sorted { ($0.detectedAt, $0.id) > ($1.detectedAt, $1.id) }
    return Snapshot(
      coordinator: instance, sequence: changeSequence,
      incidents: latest.prefix(Snapshot.limit).map { IncidentDigest($0) })
  }

  /// Gives the engine's reply to whoever waits for it.
  func reply(_ reply: EngineReply, to origin: Origin) async {
    switch origin {
    case .nobody: break
    case .caller(let continuation): continuation.resume(returning: reply)
    case .batch, .hello, .request:
      // Not taken because the coordinator stops: without an answer the agent says it again.
      if reply == .unknownAgent { return }
      await answer(reply, to: origin)
    case .heartbeat(let peer, let sequence):
      switch reply {
      case .renewed(let leases):
        await bus.send(.heartbeatAcknowledged(sequence: sequence, leases: leases), to: peer)
      default:
        peers[peer] = nil
        await bus.send(.unknownAgent, to: peer)
      }
    }
  }

  private func answer(_ reply: EngineReply, to origin: Origin) async {
    switch (origin, reply) {
    case (.batch(let peer, let batch), _): await bus.send(.accepted(batch: batch, pause: 0), to: peer)
    case (.hello(let peer), _): await bus.send(.welcome(welcome), to: peer)
    case (.request(let peer, let request), .refused(let reason)):
      await bus.send(.refused(request: request, reason: reason), to: peer)
    case (.request(let peer, let request), _): await bus.send(.granted(request: request), to: peer)
    default: break
    }
  }

  private var welcome: Welcome {
    Welcome(
      coordinator: instance, version: AIOpsVersion.current,
      leaseSeconds: settings.coordinator.leaseSeconds,
      heartbeatSeconds: settings.coordinator.heartbeatSeconds,
      changesEndpoint: changesEndpoint, epoch: 0)
  }
}
