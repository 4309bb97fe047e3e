import Coordination
import IncidentModel
import MessageBus

/// The sharing of the targets: what a detector does with its shards, and what must hold of them all.
extension Simulation {
  /// How long after the last disturbance everything must be watched by exactly one again: the silence after
  /// which the dead are known to be dead (10 s), a new leader's listening (3.5 s), a handover (5 s), the finding of a
  /// coordinator (3.5 s) and two heartbeats (4 s).
  private static let calm: Int64 = 26_000

  /// Whether messages arrive and the leader is sure of itself; where five reports in a row are lost, a detector is
  /// taken for dead that is not.
  private var isReliable: Bool {
    isQuiet
      || (profile.loss == 0 && profile.late == 0 && profile.doubled == 0 && profile.storeTrouble == 0)
  }

  // MARK: What detectors do

  func watch(_ grant: ShardGrant, _ index: Int) {
    let target = grant.held.shard.target
    let isNew = agents[index].watching.insert(target).inserted
    trace.line(now) { "agent \(index) watches \(target) under \(grant.held.stamp)" }
    if isNew { checkHandover(of: target, to: index, grant.held.stamp) }
    for (series, known) in Self.unpacked(grant.memory) where series < world.series.count {
      learn(index, series, raised: known.raised, at: known.at)
    }
    for signal in grant.standing {
      let series = world.series.firstIndex { $0.target == target && $0.metric == signal.metric }
      if let series { learn(index, series, raised: true, at: now) }
    }
    // Of what nobody spoke it takes it that nothing is raised; one that is alone knows nothing.
    guard isNew, grant.held.stamp > .own else { return }
    for series in world.series.indices
    where world.series[series].target == target && agents[index].said[series] == nil {
      agents[index].said[series] = (false, now)
    }
  }

  private func learn(_ index: Int, _ series: Int, raised: Bool, at: Int64) {
    if let known = agents[index].said[series], known.raised || !raised { return }
    agents[index].said[series] = (raised, at)
  }

  func unwatch(_ shard: Shard, _ index: Int) {
    trace.line(now) { "agent \(index) gives \(shard) back" }
    agents[index].watching.remove(shard.target)
    let mine = world.series.indices.filter { world.series[$0].target == shard.target }
    var words: [String] = []
    for series in mine {
      guard let known = agents[index].said.removeValue(forKey: series) else { continue }
      words.append("\(series):\(known.raised ? 1 : 0):\(known.at)")
    }
    tell(index, .shardLearned(shard, Array(words.joined(separator: ",").utf8), isReleased: true))
  }

  private static func unpacked(_ bytes: [UInt8]) -> [(Int, (raised: Bool, at: Int64))] {
    var known: [(Int, (raised: Bool, at: Int64))] = []
    for word in String(decoding: bytes, as: UTF8.self).split(separator: ",") {
      let parts = word.split(separator: ":").compactMap { Int64($0) }
      if parts.count == 3 { known.append((Int(parts[0]), (raised: parts[1] == 1, at: parts[2]))) }
    }
    return known
  }

  // MARK: What disturbs them

  func disturb(_ kind: FaultKind, _ agent: Int) {
    switch kind {
    case .crashAgent, .stopAgent, .freezeAgent, .partition, .oneWay: agents[agent].disturbedAt = now
    case .crashCoordinator, .stopCoordinator, .freezeCoordinator, .cutStore, .storeDown: disturbedAt = now
    case .clockJump, .sinkDown, .slowWorkers: break
    }
  }

  func disturb(_ healing: Healing) {
    switch healing {
    case .thaw(.agent(let index)): (agents[index].disturbedAt, agents[index].thawedAt) = (now, now)
    case .start(.agent(let index)), .connect(let index, _): agents[index].disturbedAt = now
    case .start, .thaw, .storeUp, .storeReach: disturbedAt = now
    case .sinkUp, .workersFast: break
    }
  }

  // MARK: What must hold

  private var detectors: [SimAgent] { agents.filter { $0.kind == .detector } }

  /// While nothing disturbs them a shard passes from one to the next without being watched twice.
  private func checkHandover(of target: String, to index: Int, _ stamp: ShardStamp) {
    // One that was frozen may find a grant that has long been another one's; its next report corrects it.
    guard stamp > .own, isReliable, now - disturbedAt > Self.calm, now - agents[index].thawedAt > Self.calm
    else { return }
    for other in detectors where other.index != index && other.isUp && !other.isFrozen {
      audit.checked()
      guard now - other.disturbedAt > Self.calm, other.watching.contains(target) else { continue }
      fail(
        "a shard is given back before another one watches it",
        "\(target): agent \(index) begins while agent \(other.index) watches it")
    }
  }

  /// Soon after the last disturbance every target that somebody can reach is watched, by one.
  func checkShards() {
    guard isReliable, now - disturbedAt > Self.calm,
      coordinators.contains(where: { $0.isUp && $0.core.epoch == store.epoch })
    else { return }
    // Those that are down too: what one that died just now watched is nobody's until its silence is noticed.
    guard detectors.allSatisfy({ !$0.isFrozen && now - $0.disturbedAt > Self.calm }), network.isWhole else {
      return
    }
    let detectors = detectors.filter(\.isUp)
    for target in world.targets where detectors.contains(where: { $0.reach.contains(target) }) {
      audit.checked()
      let watchers = detectors.filter { $0.watching.contains(target) }.map(\.index)
      if watchers.count != 1 {
        fail("every target is watched by one", "\(target) is watched by \(watchers)")
      }
    }
  }

  /// What was raised and is over was cleared, by whoever watched it then.
  func checkAlarms(_ leader: Int) {
    for incident in coordinators[leader].core.views.values.sorted(by: { $0.id < $1.id })
    where incident.status.isOpen {
      for symptom in incident.symptoms where !symptom.isCleared && symptom.latest.rule.kind != .alert {
        audit.checked()
        let series = world.series.first {
          $0.metric == symptom.latest.metric && $0.target == symptom.latest.target
        }
        guard let series, !series.isBroken, now - series.mendedAt > 60_000 else { continue }
        fail(
          "a move forgets no alarm",
          "\(incident.id): \(symptom.fingerprint) is raised, and in order for \(now - series.mendedAt) ms")
      }
    }
  }
}

extension Network {
  /// Whether nothing is cut.
  var isWhole: Bool { cutToAgent.isEmpty && cutToCoordinator.isEmpty }
}
