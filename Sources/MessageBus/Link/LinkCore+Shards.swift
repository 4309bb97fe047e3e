import IncidentModel

/// The shards of a detector.
///
/// Without a coordinator that shares the targets out it watches all that it can, as if there were no others. One that
/// lost its coordinator keeps what it has: watched twice is better than not at all. Only one that nobody ever told
/// what is whose takes everything, after a moment.
extension LinkCore {
  /// The shards that are watched, with their grants.
  package var watchedShards: [HeldShard] { shards?.watched ?? [] }

  /// How long a report waits for what else comes: grants come many at once.
  private static let reportPause = Duration.milliseconds(50)

  mutating func reportShards() {
    shardReportAt = nil
    guard welcome?.assignsShards == true, phase == .running, shards?.isSharing == true,
      let report = shards?.report()
    else { return }
    sayLastWords()
    sendHome(.shards(report))
  }

  mutating func granted(_ grant: ShardGrant) {
    guard phase == .running, var order = shards?.granted(grant) else { return }
    // What it raised when it had the shard before, and what has not arrived yet, will stand too: nobody else clears it.
    let known = Set(order.standing.map(\.fingerprint))
    let own = spool.raised { grant.held.shard.covers($0) }.filter { !known.contains($0.fingerprint) }
    order.standing += own.prefix(max(ShardGrant.maxStanding - order.standing.count, 0))
    emit(.watch(order))
    // So that it is known to be watched soon, and not only with the next heartbeat.
    shardReportAt = shardReportAt ?? now + Self.reportPause
  }

  mutating func recalled(_ held: HeldShard) {
    switch shards?.recalled(held) {
    case .stop: emit(.unwatch(held.shard))
    case .say(let memory): sendHome(.shardMemory(memory))
    case .wait, nil: break
    }
  }

  /// What the detector says of a shard that it watches, or watched.
  mutating func learned(_ shard: Shard, _ bytes: [UInt8], isReleased: Bool) {
    if isReleased {
      shards?.stopped(shard, bytes: bytes)
      sayLastWords()
    } else if isWelcome, welcome?.assignsShards == true, let stamp = shards?.stamp(of: shard),
      bytes.count <= ShardMemory.maxBytes
    {
      sendHome(.shardMemory(ShardMemory(HeldShard(shard, stamp), isReleased: false, bytes: bytes)))
    }
  }

  /// Says what it knew of shards that it watches no more. What it raised of them goes first: whoever owns them
  /// next is told by the journal what stands.
  mutating func sayLastWords() {
    guard isWelcome, welcome?.assignsShards == true, shards?.hasUnsaid == true else { return }
    let (waiting, isRunning) = (spool, phase == .running)
    let unsaid =
      shards?.unsaid { shard in isRunning && waiting.contains { shard.covers($0) } } ?? []
    for memory in unsaid { sendHome(.shardMemory(memory)) }
  }

  /// When everything is to be taken if nobody shares it out until then.
  var aloneFrom: Duration? {
    guard phase == .running, let shards, shards.hasMore else { return nil }
    if !shards.isSharing || (isWelcome && welcome?.assignsShards == false) { return .zero }
    if isWelcome || shards.isSettled { return nil }
    return (lastHeard ?? .zero) + timing.alone
  }

  /// Takes everything when nobody shares it out.
  mutating func takeShardsIfAlone() {
    guard let aloneFrom, now >= aloneFrom else { return }
    for grant in shards?.takeAll() ?? [] { emit(.watch(grant)) }
  }
}
