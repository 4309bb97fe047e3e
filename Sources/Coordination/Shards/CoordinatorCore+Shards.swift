import IncidentEngine
import IncidentModel
import MessageBus

/// The shards of the detectors: the ``ShardLedger`` in the coordinator's core.
///
/// Nothing here waits for the journal, because nothing here is in it; but only a leader that is sure of it speaks,
/// or two of them would share the same targets out twice.
extension CoordinatorCore {
  mutating func take(_ report: ShardReport, from peer: PeerID, at now: Timestamp) -> [CoreOutput] {
    guard let instance = peers[peer] else { return [.send(.unknownAgent, to: peer)] }
    guard isTrusted(at: now), peer.mayBe(.detector) else { return [] }
    let name = engine.state.workers[instance]?.info.name ?? instance
    return say(shards.report(report, of: instance, name: name, at: now))
  }

  mutating func take(_ memory: ShardMemory, from peer: PeerID, at now: Timestamp) -> [CoreOutput] {
    guard let instance = peers[peer], isTrusted(at: now), peer.mayBe(.detector) else { return [] }
    return say(shards.learned(memory, of: instance, at: now))
  }

  mutating func watchShards(at now: Timestamp) -> [CoreOutput] {
    guard isTrusted(at: now) else { return [] }
    let owing = shards.owing
    let standing = owing.isEmpty ? [:] : signalsStanding(of: Set(owing.map(\.target)))
    shards.settle(owing.filter { shard in standing[shard.target]?.contains(where: shard.covers) != true })
    return say(shards.tick(at: now))
  }

  /// Signals are durable: an owner of theirs must know what others raised.
  mutating func note(_ letters: [Letter]) {
    for letter in letters {
      guard case .signals(let signals) = letter.input, case .batch(let peer, _) = letter.origin else {
        continue
      }
      shards.signalled(signals, by: peers[peer] ?? "\(peer)")
    }
  }

  private func say(_ commands: [ShardCommand]) -> [CoreOutput] {
    guard !commands.isEmpty else { return [] }
    var targets: Set<String> = []
    for case .grant(let held, _, _) in commands { targets.insert(held.shard.target) }
    let standing = targets.isEmpty ? [:] : signalsStanding(of: targets)
    return commands.map { command in
      switch command {
      case .grant(let held, let memory, let instance):
        var grant = ShardGrant(held, memory: memory)
        grant.add((standing[held.shard.target] ?? []).filter(held.shard.covers))
        return .send(.shardGranted(grant), to: connection(of: instance))
      case .recall(let held, let instance):
        return .send(.shardRecalled(held), to: connection(of: instance))
      case .passedOn(let held, let instance):
        return .send(.shardPassedOn(held), to: connection(of: instance))
      case .note(let notice, let instance): return .send(.shardsNoted(notice), to: connection(of: instance))
      case .moved(let move): return .moved(move)
      }
    }
  }

  /// What is raised and not cleared, by target.
  private func signalsStanding(of targets: Set<String>) -> [String: [Signal]] {
    var standing: [String: [Signal]] = [:]
    for target in targets {
      for id in openTargets[target] {
        for symptom in views[id]?.symptoms ?? [] where !symptom.isCleared {
          let signal = symptom.latest
          // What an outside monitor raised it clears itself.
          guard signal.rule.kind != .alert, signal.target == target else { continue }
          standing[target, default: []].append(signal)
        }
      }
    }
    // In an order of its own: the same state says the same.
    return standing.mapValues { $0.sorted { $0.fingerprint < $1.fingerprint } }
  }
}
