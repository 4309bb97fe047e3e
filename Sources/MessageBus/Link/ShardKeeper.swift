import IncidentModel

/// What a detector holds of the shards that it could watch: its side of the handing over.
///
/// A shard is watched, being stopped, or given back. What was learned of one that was given back is kept, and said
/// whenever the coordinator asks, until another detector is known to have it: neither a lost message nor a leader
/// that dies in between loses it.
struct ShardKeeper: Sendable {
  private enum Holding: Hashable {
    case watching(ShardStamp)
    /// Told to stop; its last words are still to come.
    case stopping(ShardStamp)
  }

  private struct LastWords {
    var stamp: ShardStamp
    var bytes: [UInt8]
    /// Whether they were said at least once.
    var isSaid = false
  }

  /// Bytes of last words that are kept at the most; beyond, a shard moves without what was learned.
  static let maxKept = 64 << 20

  let offers: [ShardOffer]
  /// Whether a coordinator that knew who watches what ever answered. What a detector does not hold is then
  /// another one's; before, it is perhaps nobody's.
  private(set) var isSettled = false
  private let offered: Set<Shard>
  private var holdings: [Shard: Holding] = [:]
  private var lastWords: [Shard: LastWords] = [:]
  /// The highest stamp under which each shard was given back: what is not above it is late.
  private var floors: [Shard: ShardStamp] = [:]
  private var keptBytes = 0
  private var reports: UInt64 = 0

  /// - Parameter offers: what could be watched; more than a report can say are not shared out.
  init(_ offers: [ShardOffer]) {
    self.offers = offers
    offered = Set(offers.map(\.shard))
  }

  /// Whether it can be shared out at all.
  var isSharing: Bool { offers.count <= ShardReport.limit }

  /// The shards that are watched.
  var watched: [HeldShard] {
    holdings.compactMap { shard, holding in
      if case .watching(let stamp) = holding { HeldShard(shard, stamp) } else { nil }
    }.sorted { $0.shard < $1.shard }
  }

  /// What the next heartbeat says.
  mutating func report() -> ShardReport {
    reports += 1
    return ShardReport(
      sequence: reports, offers: offers,
      held: holdings.map { shard, holding in
        switch holding {
        case .watching(let stamp), .stopping(let stamp): HeldShard(shard, stamp)
        }
      }.sorted { $0.shard < $1.shard },
      released: lastWords.filter(\.value.isSaid).map { HeldShard($0.key, $0.value.stamp) }
        .sorted { $0.shard < $1.shard })
  }

  // MARK: What the coordinator says

  /// - Returns: what is to be watched from now on, or learned of what is watched; `nil` when that is no news.
  mutating func granted(_ grant: ShardGrant) -> ShardGrant? {
    let (shard, stamp) = (grant.held.shard, grant.held.stamp)
    guard offered.contains(shard), floors[shard].map({ stamp > $0 }) ?? true else { return nil }
    switch holdings[shard] {
    // It comes again, after the last words.
    case .stopping: return nil
    case .watching(let old) where stamp <= old: return nil
    case .watching, nil: break
    }
    holdings[shard] = .watching(stamp)
    var grant = grant
    // Back again, and nobody knew more meanwhile.
    if let own = forget(shard), grant.memory.isEmpty { grant.memory = own }
    return grant
  }

  /// What an order to give a shard back means.
  enum Recall: Equatable {
    /// Stop watching it.
    case stop
    /// Say this.
    case say(ShardMemory)
    /// Nothing now.
    case wait
  }

  mutating func recalled(_ held: HeldShard) -> Recall {
    switch holdings[held.shard] {
    case .watching(held.stamp):
      holdings[held.shard] = .stopping(held.stamp)
      return .stop
    case .watching, .stopping: return .wait
    case nil: break
    }
    if let words = lastWords[held.shard], words.stamp >= held.stamp {
      guard words.isSaid else { return .wait }
      return .say(ShardMemory(HeldShard(held.shard, words.stamp), isReleased: true, bytes: words.bytes))
    }
    // It was never here under that stamp, and a grant that is late must not bring it.
    raiseFloor(held.shard, held.stamp)
    return .say(ShardMemory(held, isReleased: true, bytes: lastWords[held.shard]?.bytes ?? []))
  }

  mutating func passedOn(_ held: HeldShard) {
    if let words = lastWords[held.shard], words.stamp <= held.stamp { _ = forget(held.shard) }
  }

  mutating func noted(_ notice: ShardNotice) { if notice.isSettled { isSettled = true } }

  // MARK: What the detector says

  /// The detector does not watch a shard any more.
  mutating func stopped(_ shard: Shard, bytes: [UInt8]) {
    guard let holding = holdings.removeValue(forKey: shard) else { return }
    let stamp: ShardStamp
    switch holding {
    case .watching(let held), .stopping(let held): stamp = held
    }
    raiseFloor(shard, stamp)
    let fits = bytes.count <= ShardMemory.maxBytes && keptBytes + bytes.count <= Self.maxKept
    lastWords[shard] = LastWords(stamp: stamp, bytes: fits ? bytes : [])
    keptBytes += fits ? bytes.count : 0
  }

  /// The last words that were not said yet, unless `mustWait` says that something goes before them.
  mutating func unsaid(unless mustWait: (Shard) -> Bool) -> [ShardMemory] {
    var said: [ShardMemory] = []
    for (shard, words) in lastWords where !words.isSaid && !mustWait(shard) {
      said.append(ShardMemory(HeldShard(shard, words.stamp), isReleased: true, bytes: words.bytes))
    }
    for memory in said { lastWords[memory.held.shard]?.isSaid = true }
    return said.sorted { $0.held.shard < $1.held.shard }
  }

  /// Whether there are last words that were never said.
  var hasUnsaid: Bool { lastWords.values.contains { !$0.isSaid } }

  /// The grant under which a shard is watched.
  func stamp(of shard: Shard) -> ShardStamp? {
    if case .watching(let stamp)? = holdings[shard] { stamp } else { nil }
  }

  /// Takes everything that it could watch and does not, by itself.
  /// - Returns: what is to be watched.
  mutating func takeAll() -> [ShardGrant] {
    offers.map(\.shard).filter { holdings[$0] == nil }.map { shard in
      holdings[shard] = .watching(.own)
      return ShardGrant(HeldShard(shard, .own), memory: forget(shard) ?? [])
    }
  }

  /// Whether there is anything that it could take by itself.
  var hasMore: Bool { holdings.count < offered.count }

  // MARK: Both

  private mutating func raiseFloor(_ shard: Shard, _ stamp: ShardStamp) {
    floors[shard] = max(floors[shard] ?? stamp, stamp)
  }

  private mutating func forget(_ shard: Shard) -> [UInt8]? {
    guard let words = lastWords.removeValue(forKey: shard) else { return nil }
    keptBytes -= words.bytes.count
    return words.bytes
  }
}
