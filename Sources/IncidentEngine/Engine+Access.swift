import IncidentModel
import OrderedCollections

extension Engine {
  /// Takes who may connect to the bus now, by name: what differs from what the journal says is said, and who was
  /// revoked loses its work to others.
  mutating func allowed(_ keys: [String: String], _ kinds: [String: AgentKind]) {
    for (name, key) in state.access.allowed.sorted(by: { $0.key < $1.key }) where keys[name] != key {
      revoke(name, key)
    }
    for (name, key) in keys.sorted(by: { $0.key < $1.key })
    where state.access.allowed[name] == nil || state.access.kinds[name] != kinds[name] {
      emit(.access(record: AccessRecord(.keyAllowed, name: name, key: key, agent: kinds[name])))
    }
  }

  private mutating func revoke(_ name: String, _ key: String) {
    var instances = Set(state.access.instances(name: name, key: key))
    for worker in state.workers.values where worker.identity == AgentIdentity(name: name, key: key) {
      instances.insert(worker.info.instance)
    }
    emit(.access(record: AccessRecord(.keyRevoked, name: name, key: key)))
    for instance in instances.sorted() { leave(instance, reason: "the key of \(name) was revoked") }
  }

  /// Says that a run of an agent connected, the first time.
  mutating func noteConnection(_ info: AgentInfo, _ identity: AgentIdentity) {
    let run = AccessLedger.Run(name: identity.name, key: identity.key, instance: info.instance)
    guard state.access.runs[run] == nil else { return }
    guard state.access.hasRoom(forRunOf: identity.name, at: now) else {
      unsaidAccess.runs[identity.name, default: 0] += 1
      if unsaidAccess.runs.count > UnsaidAccess.maxKinds { unsaidAccess.runs = [:] }
      return
    }
    let before = unsaidAccess.runs.removeValue(forKey: identity.name) ?? 0
    emit(
      .access(
        record: AccessRecord(
          .connected, name: identity.name, key: identity.key, instance: info.instance, agent: info.kind,
          count: before + 1)), by: identity.name)
  }

  /// Takes who was kept off the bus: one entry for a key in an hour, however often it tries.
  mutating func refused(_ peers: [RefusedPeers]) {
    for one in peers {
      let kind = state.access.kind(one, at: now)
      var all = one
      all.key = kind.key
      if kind.key != one.key { all.name = nil }
      if let before = unsaidAccess.refused[kind] { all.count += before.count }
      if state.access.isSaid(kind, at: now) {
        guard
          unsaidAccess.refused[kind] != nil
            || unsaidAccess.refused.count < UnsaidAccess.maxKinds
        else { continue }
        unsaidAccess.refused[kind] = all
      } else {
        say(all, kind)
      }
    }
  }

  /// Says what was counted since the last entries, once their hour is over.
  mutating func sayUnsaidRefusals() {
    guard !unsaidAccess.refused.isEmpty else { return }
    for (kind, peers) in unsaidAccess.refused where !state.access.isSaid(kind, at: now) { say(peers, kind) }
  }

  private mutating func say(_ peers: RefusedPeers, _ kind: AccessLedger.Refusal) {
    unsaidAccess.refused[kind] = nil
    emit(
      .access(
        record: AccessRecord(
          .refused, name: peers.name, key: peers.key, reason: peers.reason, address: peers.address,
          count: peers.count)))
  }
}
