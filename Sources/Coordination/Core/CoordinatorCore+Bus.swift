import IncidentEngine
import IncidentModel
package import MessageBus

extension CoordinatorCore {
  /// Agents known at once at the most.
  static let maxPeers = 10_000
  /// How full the intake must be before detectors are told to wait.
  static let easyFill = 0.25
  /// The longest wait that they are told, in milliseconds.
  static let longestPause = 5_000.0

  /// The input that a message is, or `nil` when it is answered without the engine.
  mutating func letter(for message: AgentMessage, from peer: PeerID) -> Letter? {
    switch message {
    case .hello(let info):
      if peers.count >= Self.maxPeers {
        // Agents that died said no goodbye; whoever is dropped wrongly says hello again.
        peers = peers.filter { engine.state.workers[$0.value] != nil }
        connections = connections.filter { peers[$0.value] != nil }
      }
      guard objection(to: info, from: peer) == nil else {
        impostors += 1
        return nil
      }
      guard peers[peer] != nil || peers.count < Self.maxPeers else { return nil }
      if let old = connections[info.instance] { peers[old] = nil }
      peers[peer] = info.instance
      connections[info.instance] = peer
      var info = info
      if let identity = peer.identity { info.name = identity.author(info.name) }
      return Letter(input: .joined(info, identity: peer.identity), origin: .hello(peer))
    case .signals(let batch, let signals):
      guard peer.mayBe(.detector) else {
        impostors += 1
        return nil
      }
      return Letter(input: .signals(authored(signals, by: peer)), origin: .batch(peer, batch))
    case .heartbeat(let beat):
      guard let instance = peers[peer] else { return nil }
      guard mayGoOn(instance, peer) else {
        drop(peer)
        return Letter(input: .left(instance: instance), origin: .nobody)
      }
      note(beat.spool, of: instance)
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
      guard let instance = peers[peer] else { return nil }
      drop(peer)
      shards.forget(instance)
      return Letter(input: .left(instance: instance), origin: .nobody)
    case .snapshot, .shards, .shardMemory: return nil
    }
  }

  /// Why an agent may not be who its hello says it is; `nil` when it may.
  private func objection(to info: AgentInfo, from peer: PeerID) -> String? {
    if !peer.mayBe(info.instance) { return "names another instance than its connection" }
    if let other = connections[info.instance], other.identity?.key != peer.identity?.key {
      return "names an instance that another key has"
    }
    if !peer.mayBe(info.kind) {
      return "says that it is a \(info.kind.rawValue), which its key may not be: see aiopsctl keys list"
    }
    // By the journal, which outlives connections.
    if let identity = peer.identity, let owner = engine.owner(ofLeasesOf: info.instance),
      owner != identity.author(info.name)
    {
      return "names an instance whose work is still another key's"
    }
    return nil
  }

  /// Whether its key still lets an agent be what it said it is; what a key may be can change.
  private mutating func mayGoOn(_ instance: String, _ peer: PeerID) -> Bool {
    guard let kind = engine.state.workers[instance]?.info.kind, !peer.mayBe(kind) else { return true }
    impostors += 1
    return false
  }

  /// The signals under the name that the sender's key proves.
  private func authored(_ signals: [Signal], by peer: PeerID) -> [Signal] {
    guard let identity = peer.identity else { return signals }
    return signals.map { signal in
      var signal = signal
      signal.detector = identity.author(signal.detector)
      return signal
    }
  }

  /// Where an agent is reached.
  func connection(of instance: String) -> PeerID { connections[instance] ?? PeerID(instance: instance) }

  private mutating func drop(_ peer: PeerID) {
    guard let instance = peers.removeValue(forKey: peer) else { return }
    if connections[instance] == peer { connections[instance] = nil }
  }

  private mutating func note(_ spool: SpoolReport?, of instance: String) {
    guard let spool else { return }
    if spools[instance] == nil, spools.count >= Self.maxPeers {
      spools = spools.filter { engine.state.workers[$0.key] != nil }
    }
    spools[instance] = spool
  }

  /// The agent behind a connection.
  package func instance(of peer: PeerID) -> String? { peers[peer] }

  private mutating func work(
    _ peer: PeerID, _ request: UInt64, _ input: (String) -> EngineInput
  ) -> Letter? {
    guard let instance = peers[peer], mayGoOn(instance, peer) else { return nil }
    return Letter(input: input(instance), origin: .request(peer, request))
  }

  func answerDirectly(_ message: AgentMessage, to peer: PeerID) -> [CoreOutput] {
    switch message {
    case .snapshot(let request): [.send(.snapshot(request: request, snapshot), to: peer)]
    case .hello(let info):
      [
        .send(
          .rejected(
            reason: "the hello of \(info.name) "
              + (objection(to: info, from: peer) ?? "comes while too many agents are here")), to: peer)
      ]
    case .goodbye: []
    default: [.send(.unknownAgent, to: peer)]
    }
  }

  /// What one that does not lead answers: readers get what is durable, everybody else the leader's address.
  func refer(_ input: CoreInput) -> [CoreOutput] {
    guard case .following(let leader) = role else { return [] }
    switch input {
    case .message(.snapshot(let request), let peer):
      return [.send(.snapshot(request: request, snapshot), to: peer)]
    case .message(.goodbye, _): return []
    case .message(_, let peer): return [.send(.notLeading(leader: leader?.bus), to: peer)]
    case .call(let number, _): return [.answer(number, nil)]
    case .undelivered, .delivered, .tick: return []
    }
  }

  /// The latest incidents, for subscribers that join or missed something.
  private var snapshot: Snapshot {
    var latest = IncidentQuery()
    latest.pageSize = Snapshot.limit
    return Snapshot(
      coordinator: term, sequence: changeSequence,
      incidents: index.page(latest).ids.compactMap { views[$0].map { IncidentDigest($0) } })
  }

  /// The engine's reply for whoever waits for it.
  mutating func reply(_ reply: EngineReply, to origin: Origin) -> [CoreOutput] {
    switch origin {
    case .nobody: []
    case .caller(let number): [.answer(number, reply)]
    case .batch(let peer, let batch): [.send(.accepted(batch: batch, pause: pause), to: peer)]
    case .hello(let peer): [.send(.welcome(welcome), to: peer)]
    case .request(let peer, let request):
      if case .refused(let reason) = reply {
        [.send(.refused(request: request, reason: reason), to: peer)]
      } else {
        [.send(.granted(request: request), to: peer)]
      }
    case .heartbeat(let peer, let sequence):
      if case .renewed(let leases) = reply {
        [.send(.heartbeatAcknowledged(sequence: sequence, leases: leases), to: peer)]
      } else {
        forget(peer)
      }
    }
  }

  private mutating func forget(_ peer: PeerID) -> [CoreOutput] {
    drop(peer)
    return [.send(.unknownAgent, to: peer)]
  }

  /// How long detectors should wait before their next batch, in milliseconds.
  private var pause: UInt32 {
    let excess = (intake.fill - Self.easyFill) / (1 - Self.easyFill)
    return UInt32(max(0, min(excess, 1)) * Self.longestPause)
  }

  private var welcome: Welcome {
    Welcome(
      coordinator: identity.instance, version: identity.version, leaseSeconds: identity.leaseSeconds,
      heartbeatSeconds: identity.heartbeatSeconds, changesEndpoint: identity.changesEndpoint,
      epoch: epoch ?? 0, assignsShards: true)
  }
}
