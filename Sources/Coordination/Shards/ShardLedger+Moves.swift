import IncidentModel
package import MessageBus

extension ShardLedger {
  /// Who has a shard, or is about to, or has not given it back yet.
  func owner(of shard: Shard) -> String? {
    switch entries[shard]?.state {
    case .granted(let instance, _, _), .held(let instance, _), .recalled(let instance, _, _, _): instance
    case .free, nil: nil
    }
  }

  mutating func addEntry(_ shard: Shard) {
    guard entries[shard] == nil else { return }
    guard entries.count < Self.maxShards else {
      refused += 1
      return
    }
    entries[shard] = Entry(key: Rendezvous.key([shard.target, shard.metric ?? "", shard.host ?? ""]))
    byTarget[shard.target, default: []].insert(shard)
    isPlanStale = true
  }

  /// What a detector has or is about to have, in order.
  package func shards(of instance: String) -> [Shard] {
    entries.keys.filter { owner(of: $0) == instance }.sorted()
  }

  // MARK: What a report says

  /// A detector watches a shard.
  mutating func holds(_ one: HeldShard, _ instance: String, at now: Timestamp) {
    guard let entry = entries[one.shard] else { return }
    switch entry.state {
    case .free: watched(one.shard, by: instance, one.stamp, at: now)
    case .granted(instance, let stamp, _), .held(instance, let stamp):
      if one.stamp >= stamp { watched(one.shard, by: instance, one.stamp, at: now) }
    case .recalled(instance, let stamp, _, _):
      // Given again by a leader before this one, perhaps.
      if one.stamp > stamp { watched(one.shard, by: instance, one.stamp, at: now) }
    case .held(_, let stamp) where one.stamp > stamp && !isSettled(at: now):
      // Two say so, and the one with the higher stamp got it later.
      watched(one.shard, by: instance, one.stamp, at: now)
    case .granted, .held, .recalled:
      // Somebody else has it. This one watches it in vain.
      commands.append(.recall(one, from: instance))
    }
  }

  /// What a detector should watch and, going by its report, does not under that stamp.
  mutating func lacks(_ shard: Shard, _ held: ShardStamp?, _ instance: String, at now: Timestamp) {
    switch entries[shard]?.state {
    case .granted(_, let stamp, let at):
      if held != stamp, now - at >= timing.again { sayGrant(shard, stamp, to: instance, at: now) }
    case .held(_, let stamp) where held == nil: recall(shard, stamp, from: instance, at: now)
    case .recalled(_, let stamp, let at, let until):
      if now - at >= timing.again {
        commands.append(.recall(HeldShard(shard, stamp), from: instance))
        entries[shard]?.state = .recalled(from: instance, stamp, at: now, until: until)
      }
    case .held, .free, nil: break
    }
  }

  /// A detector still keeps what it knew of a shard that it gave back.
  mutating func gaveBack(_ one: HeldShard, _ instance: String, at now: Timestamp) {
    guard let entry = entries[one.shard] else { return }
    let giver = Giver(instance: instance, stamp: one.stamp)
    switch entry.state {
    case .held(instance, _): commands.append(.passedOn(one, to: instance))
    case .held where entry.giver == giver || (one.stamp > .own && one.stamp <= entry.passed):
      commands.append(.passedOn(one, to: instance))
    // What it knew is not known here: this asks for it.
    case .held, .free: if entry.giver != giver { commands.append(.recall(one, from: instance)) }
    case .granted, .recalled: break
    }
  }

  // MARK: Changing hands

  mutating func watched(_ shard: Shard, by instance: String, _ stamp: ShardStamp, at now: Timestamp) {
    guard let entry = entries[shard] else { return }
    entries[shard]?.state = .held(by: instance, stamp)
    let gap = entry.unwatchedSince.map { max(now - $0, .zero) }
    entries[shard]?.unwatchedSince = nil
    if let giver = entry.giver { entries[shard]?.passed = max(entry.passed, giver.stamp) }
    guard entry.lastOwner != instance else { return }
    entries[shard]?.lastOwner = instance
    guard entry.lastOwner != nil else {
      // What the leader before this one still had to tell it is not known.
      if stamp.epoch < epoch { entries[shard]?.owesStanding = true }
      return
    }
    moves += 1
    commands.append(
      .moved(ShardMove(shard: shard, to: members[instance]?.name ?? instance, gap: gap ?? .zero)))
  }

  mutating func free(_ shard: Shard, since: Timestamp) {
    entries[shard]?.state = .free
    entries[shard]?.unwatchedSince = since
  }

  mutating func grant(_ shard: Shard, to instance: String, at now: Timestamp) {
    lastNumber += 1
    // A grant that is said again does not count: the first copy may have arrived without it.
    entries[shard]?.owesStanding = false
    sayGrant(shard, latest, to: instance, at: now)
  }

  private mutating func sayGrant(
    _ shard: Shard, _ stamp: ShardStamp, to instance: String, at now: Timestamp
  ) {
    entries[shard]?.state = .granted(to: instance, stamp, at: now)
    commands.append(.grant(HeldShard(shard, stamp), memory: entries[shard]?.memory ?? [], to: instance))
  }

  mutating func recall(_ shard: Shard, _ stamp: ShardStamp, from instance: String, at now: Timestamp) {
    let interval = Duration.seconds(min(members[instance]?.offers[shard] ?? 0, 86_400))
    let limit = max(min(interval, timing.longestHandover), timing.shortestHandover)
    entries[shard]?.state = .recalled(from: instance, stamp, at: now, until: now + limit)
    commands.append(.recall(HeldShard(shard, stamp), from: instance))
  }

  /// Keeps what is known of a shard, while there is room.
  mutating func keep(_ bytes: [UInt8], of shard: Shard, giver: Giver?) {
    guard let entry = entries[shard] else { return }
    if let giver { entries[shard]?.giver = giver }
    let size = memoryBytes - entry.memory.count + bytes.count
    guard size <= Self.maxMemory else { return }
    memoryBytes = size
    entries[shard]?.memory = bytes
  }

  mutating func remove(_ instance: String, since: Timestamp) {
    guard members.removeValue(forKey: instance) != nil else { return }
    isPlanStale = true
    for shard in entries.keys.filter({ owner(of: $0) == instance }) { free(shard, since: since) }
  }

  /// Brings every shard closer to the one who should have it.
  mutating func advance(at now: Timestamp) {
    guard isSettled(at: now) else { return }
    if isPlanStale { plan() }
    var due: [Shard] = []
    for (shard, entry) in entries {
      switch entry.state {
      case .free: if wanted[shard] != nil { due.append(shard) }
      case .granted(let owner, _, _), .held(let owner, _):
        if let best = wanted[shard], best != owner { due.append(shard) }
      case .recalled(_, _, _, let until): if now >= until { due.append(shard) }
      }
    }
    for shard in due.sorted() { move(shard, at: now) }
  }

  private mutating func move(_ shard: Shard, at now: Timestamp) {
    switch entries[shard]?.state {
    case .free: if let best = wanted[shard] { grant(shard, to: best, at: now) }
    case .granted(let owner, let stamp, _), .held(let owner, let stamp):
      recall(shard, stamp, from: owner, at: now)
    case .recalled(let owner, _, _, _):
      // It had its time. Should it still watch, its next report says so, and it is told again.
      if let best = wanted[shard] { grant(shard, to: best, at: now) } else { free(shard, since: now) }
      if wanted[shard] != owner, entries[shard]?.unwatchedSince == nil {
        entries[shard]?.unwatchedSince = now
      }
    case nil: break
    }
  }

  /// Finds anew who should own what. Shards that nobody can watch any more are forgotten.
  private mutating func plan() {
    isPlanStale = false
    wanted = [:]
    var able: [Shard: [Rendezvous.Member]] = [:]
    for (instance, member) in members {
      let one = Rendezvous.Member(instance)
      for shard in member.offers.keys { able[shard, default: []].append(one) }
    }
    for (shard, entry) in entries {
      if let members = able[shard] {
        wanted[shard] = Rendezvous.owner(of: entry.key, among: members)
      } else if entry.state == .free {
        memoryBytes -= entry.memory.count
        entries[shard] = nil
        byTarget[shard.target]?.remove(shard)
        if byTarget[shard.target]?.isEmpty == true { byTarget[shard.target] = nil }
      }
    }
  }
}
