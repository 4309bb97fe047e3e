package import IncidentModel
package import MessageBus

/// Who watches what: the leader's book of shards, and the handing over of them.
///
/// A value without clock and I/O. What a detector reports goes in, what is to be said to detectors comes out; all
/// of it may be lost, doubled or late, and is said again with every report until the reports show that it holds.
///
/// **Nothing of it is in the journal.** Who should watch what follows from who is connected, by ``Rendezvous``; who
/// does watch what the detectors know best, and tell every new leader, which listens for ``Timing/learning`` before
/// it gives anything away. What stands is in the journal already, as the symptoms of open incidents. A journal
/// of owners could only ever say something that is no longer true.
///
/// **Two phases.** A shard whose owner should be another one is *recalled*; its owner stops, and says so with what
/// it has learned; only then is the shard *granted*. An owner that does not answer in time, is silent for
/// ``Timing/silence`` or says goodbye loses it without an answer, for a series that is watched twice for a while is
/// better than one that nobody watches. Whatever the first owner knew is merged in when it turns up.
///
/// **Stamps.** Every grant has a higher stamp than all before it, so that a late message can't undo a newer one.
package struct ShardLedger: Sendable {
  /// How long what takes.
  package struct Timing: Hashable, Sendable {
    /// A detector that said nothing for so long is gone.
    package var silence: Duration
    /// How long a new leader only listens.
    package var learning: Duration
    /// How long an owner may take to give a shard back, at the most and at the least.
    package var longestHandover: Duration
    package var shortestHandover: Duration
    /// What got no answer is said again after so long.
    package var again: Duration

    /// The intervals that follow from those of the bus, in seconds.
    package init(lease: Double, heartbeat: Double) {
      silence = .seconds(max(lease, 2 * heartbeat))
      // A detector notices within a heartbeat and a half second, and asks once a second who leads.
      learning = .seconds(heartbeat + 1.5)
      longestHandover = .seconds(max(lease, 2 * heartbeat))
      shortestHandover = .seconds(min(2 * heartbeat, lease))
      again = .seconds(heartbeat / 2)
    }
  }

  /// A connected detector.
  struct Member: Sendable {
    let name: String
    /// What it could watch, and every so many seconds.
    var offers: [Shard: Double] = [:]
    var heard: Timestamp
    var sequence: UInt64
  }

  enum State: Sendable, Equatable {
    case free
    /// Told to watch, and not known to do so yet under this stamp.
    case granted(to: String, ShardStamp, at: Timestamp)
    case held(by: String, ShardStamp)
    case recalled(from: String, ShardStamp, at: Timestamp, until: Timestamp)
  }

  struct Entry: Sendable {
    let key: UInt64
    var state = State.free
    /// Since when nobody watches it; `nil` while somebody does, or while nothing is known.
    var unwatchedSince: Timestamp?
    /// Who watched it last, for the count of moves.
    var lastOwner: String?
    /// What the last owner was known to know.
    var memory: [UInt8] = []
    /// Whose last words ``memory`` holds.
    var giver: Giver?
    /// The highest stamp under which somebody's last words reached a later owner.
    var passed = ShardStamp.own
    /// Somebody else raised something in it, of which its owner must know; or an earlier leader may have owed it that.
    var owesStanding = false
  }

  struct Giver: Sendable, Equatable {
    var instance: String
    var stamp: ShardStamp
  }

  /// Shards at the most. Those beyond are nobody's, and counted.
  package static let maxShards = 50_000
  /// Bytes of memories at the most; beyond, shards move without what was learned.
  package static let maxMemory = 64 << 20

  package let timing: Timing
  var epoch: UInt64 = 0
  var lastNumber: UInt64 = 0
  var learnsUntil = Timestamp(milliseconds: 0)
  var members: [String: Member] = [:]
  var entries: [Shard: Entry] = [:]
  var byTarget: [String: Set<Shard>] = [:]
  /// Who should own what.
  var wanted: [Shard: String] = [:]
  var isPlanStale = false
  var memoryBytes = 0
  /// Shards that changed their owner in this term.
  package internal(set) var moves: UInt64 = 0
  /// Shards for which there was no room.
  package internal(set) var refused = 0
  var commands: [ShardCommand] = []

  /// When time last went on.
  private var lastTick: Timestamp?

  /// A book without an entry.
  package init(timing: Timing) { self.timing = timing }

  /// A term begins: nothing is known.
  package mutating func begin(epoch: UInt64, at now: Timestamp) {
    self = ShardLedger(timing: timing)
    self.epoch = epoch
    learnsUntil = now + timing.learning
  }

  /// Whether anything was decided yet, or could have been.
  private(set) var isSettled = false

  /// Whether who watches what is known by now.
  package func isSettled(at now: Timestamp) -> Bool { now >= learnsUntil }

  /// The stamp of the latest grant.
  package var latest: ShardStamp { ShardStamp(epoch: epoch, number: lastNumber) }

  // MARK: What happens

  /// A detector says what it can watch, watches, and gave back.
  package mutating func report(
    _ report: ShardReport, of instance: String, name: String, at now: Timestamp
  ) -> [ShardCommand] {
    var member = members[instance] ?? Member(name: name, heard: now, sequence: 0)
    guard report.sequence > member.sequence else { return [] }
    member.sequence = report.sequence
    member.heard = now
    let offers = Dictionary(
      report.offers.map { ($0.shard, $0.intervalSeconds) }, uniquingKeysWith: { first, _ in first })
    if members[instance] == nil || offers != member.offers { isPlanStale = true }
    member.offers = offers
    members[instance] = member
    for shard in offers.keys.sorted() { addEntry(shard) }
    var held: [Shard: ShardStamp] = [:]
    for one in report.held {
      held[one.shard] = one.stamp
      addEntry(one.shard)
      holds(one, instance, at: now)
    }
    for shard in entries.keys.filter({ owner(of: $0) == instance }).sorted() {
      lacks(shard, held[shard], instance, at: now)
    }
    for one in report.released { gaveBack(one, instance, at: now) }
    advance(at: now)
    commands.append(.note(ShardNotice(latest: latest, isSettled: isSettled(at: now)), to: instance))
    return take()
  }

  /// A detector says what it knows of a shard.
  package mutating func learned(_ memory: ShardMemory, of instance: String, at now: Timestamp)
    -> [ShardCommand]
  {
    let (shard, stamp) = (memory.held.shard, memory.held.stamp)
    guard let entry = entries[shard] else { return [] }
    let giver = Giver(instance: instance, stamp: stamp)
    switch entry.state {
    case .held(instance, stamp), .granted(instance, stamp, _):
      keep(memory.bytes, of: shard, giver: memory.isReleased ? giver : nil)
      // For the case that it dies; there are many of these, and nothing moves by them.
      guard memory.isReleased else { return take() }
      // By itself: it stops, and will not want it back.
      members[instance]?.offers[shard] = nil
      isPlanStale = true
      free(shard, since: now)
    case .recalled(instance, stamp, _, _):
      // One that never got it knows nothing; what there was is still good.
      if !memory.bytes.isEmpty { keep(memory.bytes, of: shard, giver: nil) }
      if memory.isReleased {
        entries[shard]?.giver = giver
        free(shard, since: now)
      }
    case .free where memory.isReleased:
      keep(memory.bytes, of: shard, giver: giver)
    case .held(let owner, _) where owner != instance && memory.isReleased && entry.giver != giver:
      // Late: another one watches it by now, and is told what this one knew.
      keep(memory.bytes, of: shard, giver: giver)
      if !memory.bytes.isEmpty { grant(shard, to: owner, at: now) }
    default: break
    }
    advance(at: now)
    return take()
  }

  /// A detector said goodbye; its shards go to others with the next tick.
  package mutating func forget(_ instance: String) {
    guard let member = members[instance] else { return }
    remove(instance, since: member.heard)
  }

  /// A detector's signals are durable. What one that does not own the shard has raised its owner must clear.
  package mutating func signalled(_ signals: [Signal], by instance: String) {
    for signal in signals where signal.state == .raised {
      guard let target = signal.target, let shards = byTarget[target] else { continue }
      for shard in shards where shard.covers(signal) {
        guard let owner = owner(of: shard) else { continue }
        // Of an owner that may not have its grant yet it may be from the time before.
        let isNew = if case .granted = entries[shard]?.state { true } else { false }
        if owner != instance || isNew { entries[shard]?.owesStanding = true }
      }
    }
  }

  /// Shards whose owner does not know yet of all that others raised in them.
  var owing: [Shard] { entries.filter(\.value.owesStanding).keys.sorted() }

  /// Nothing stands in these.
  mutating func settle(_ shards: [Shard]) {
    for shard in shards { entries[shard]?.owesStanding = false }
  }

  /// Time went on.
  package mutating func tick(at now: Timestamp) -> [ShardCommand] {
    if let lastTick, now - lastTick > timing.silence / 4 {
      // The leader could not be sure of itself and heard nobody: that is no detector's silence.
      for instance in members.keys { members[instance]?.heard = now }
      learnsUntil = max(learnsUntil, now + timing.learning)
    }
    lastTick = now
    isSettled = isSettled(at: now)
    for (instance, member) in members.filter({ now - $0.value.heard > timing.silence }) {
      remove(instance, since: member.heard)
    }
    for shard in owing {
      guard case .held(let owner, _)? = entries[shard]?.state else { continue }
      grant(shard, to: owner, at: now)
    }
    advance(at: now)
    return take()
  }

  private mutating func take() -> [ShardCommand] {
    defer { commands = [] }
    return commands
  }
}

/// What is to be said to a detector, by its instance.
package enum ShardCommand: Sendable, Equatable {
  /// With what was learned; whoever sends it adds what stands.
  case grant(HeldShard, memory: [UInt8], to: String)
  case recall(HeldShard, from: String)
  case passedOn(HeldShard, to: String)
  case note(ShardNotice, to: String)
  /// A shard is watched by another one than before, for logs and metrics.
  case moved(ShardMove)
}

/// That a shard changed hands.
package struct ShardMove: Sendable, Equatable {
  package var shard: Shard
  /// The new owner's name.
  package var to: String
  /// How long nobody watched it, as far as is known.
  package var gap: Duration
}
