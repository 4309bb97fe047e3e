package import IncidentEngine
package import IncidentModel
package import MessageBus
import Notification

/// All that a coordinator decides, without its sockets, store and clock: the engine, who is connected, what
/// waits, what may leave and when.
///
/// A value: the same calls at the same moments give the same answers. Whoever drives it
///
/// 1. gives every input to ``receive(_:at:)`` and does what it answers;
/// 2. asks ``begin(at:)`` for the next batch, makes its events durable, then calls ``commit(_:asked:at:)`` and does
///    what that answers, in order. Meanwhile it may ask for one more batch, whose turn comes after it.
///
/// So nothing is acknowledged and nothing leaves before it is durable. While it follows, it takes the
/// leader's events through ``follow(_:)`` and answers readers; ``lead(epoch:at:)`` makes it the leader.
/// A leader that was deposed is thrown away: it knows what never became durable.
package struct CoordinatorCore: Sendable {
  /// What is the same for the whole run.
  package struct Identity: Sendable {
    /// Unique to this run of the process.
    package var instance: String
    package var version: String
    package var leaseSeconds: Double
    package var heartbeatSeconds: Double
    /// Where the numbered changes are published.
    package var changesEndpoint: String
    /// Every sink there is, by name.
    package var sinks: [String]

    /// An identity; see the fields.
    package init(
      instance: String, version: String, leaseSeconds: Double, heartbeatSeconds: Double,
      changesEndpoint: String, sinks: [String]
    ) {
      self.instance = instance
      self.version = version
      self.leaseSeconds = leaseSeconds
      self.heartbeatSeconds = heartbeatSeconds
      self.changesEndpoint = changesEndpoint
      self.sinks = sinks
    }
  }

  /// Whether this one decides.
  package enum Role: Sendable, Equatable {
    /// Another one leads, as far as it is known who.
    case following(LeaderInfo?)
    case leading(epoch: UInt64)
  }

  /// Signals that share one commit at the most.
  static let batchSignals = 1_024
  /// Inputs that share one commit at the most. One agent may have sent all of those of ``depth`` batches, and no more
  /// than a thousand messages may be on their way to it.
  static let batchLetters = 448
  /// A leader that the store has not confirmed for so long tells nobody anything: another may lead already.
  package static let trust = Duration.seconds(2)

  package let identity: Identity
  package internal(set) var engine: Engine
  package internal(set) var role = Role.following(nil)
  /// The durable incidents, as readers see them.
  package internal(set) var views: [IncidentID: Incident] = [:]
  /// How many there are, by status and severity.
  package internal(set) var counts = IncidentCounts([])
  /// Where they are in the lists that readers turn over.
  var index = IncidentIndex()
  /// Which of the open ones are about a target.
  var openTargets = OpenTargets()

  /// Agents that said hello, by connection.
  var peers: [PeerID: String] = [:]
  /// The connection of each agent in ``peers``.
  var connections: [String: PeerID] = [:]
  /// Hellos that named an agent which is another connection's, or another key's.
  package internal(set) var impostors: UInt64 = 0
  /// What agents said last of their signals that wait, by instance.
  package internal(set) var spools: [String: SpoolReport] = [:]
  /// Who watches what.
  package internal(set) var shards: ShardLedger
  var intake: Intake
  var courier: Courier
  /// The number of the last change published on the bus.
  var changeSequence: UInt64 = 0
  /// When the store last confirmed that this one leads, by when it was asked.
  var confirmedAt = Timestamp(milliseconds: 0)
  /// Batches that are decided and not committed yet, oldest first.
  var underway: [Underway] = []
  /// The number of the latest batch.
  var lastBatch: UInt64 = 0

  /// A core that follows and knows nothing yet.
  /// - Parameters:
  ///   - policy: what the engine decides by.
  ///   - identity: see ``Identity``.
  ///   - firstPause: the pause after a sink's first failure.
  package init(policy: EnginePolicy, identity: Identity, firstPause: Duration = .seconds(1)) {
    engine = Engine(policy: policy)
    self.identity = identity
    shards = ShardLedger(
      timing: ShardLedger.Timing(lease: identity.leaseSeconds, heartbeat: identity.heartbeatSeconds))
    intake = Intake()
    courier = Courier(sinks: identity.sinks, firstPause: firstPause)
  }

  // MARK: Following and leading

  /// Takes events of the journal that it doesn't have yet.
  /// - Returns: what readers are to be shown.
  package mutating func follow(_ events: [EngineEvent]) -> [CoreOutput] {
    let events = events.filter { $0.sequence > engine.state.sequence }
    for event in events { engine.replay(event) }
    return [.changed(show(touched(by: events)))]
  }

  /// Says who leads, while this one does not.
  package mutating func follow(_ leader: LeaderInfo?) { role = .following(leader) }

  /// Begins to lead; the whole journal was taken before.
  ///
  /// Leases that were out hold for one more duration, and what was not told yet is told, under the same keys.
  /// - Parameters:
  ///   - epoch: what it leads under.
  ///   - asked: when the store was asked for the leadership; reading the journal may have taken long since.
  ///   - now: the present.
  package mutating func lead(epoch: UInt64, asked: Timestamp, at now: Timestamp) {
    role = .leading(epoch: epoch)
    confirmedAt = asked
    shards.begin(epoch: epoch, at: now)
    for announcement in engine.resume(at: now) { announce(announcement) }
    _ = receive(.tick, at: now)
  }

  /// The store confirmed that this one leads.
  /// - Parameter asked: when it was asked.
  /// - Returns: what may leave now.
  package mutating func confirmed(asked: Timestamp, at now: Timestamp) -> [CoreOutput] {
    confirmedAt = max(confirmedAt, asked)
    return deliveries(at: now)
  }

  /// Whether it leads for certain: the store confirmed it not long ago.
  package func isTrusted(at now: Timestamp) -> Bool { epoch != nil && now - confirmedAt <= Self.trust }

  /// Under which numbers of changes count: those of a later term begin anew, even in the same process.
  var term: String { "\(identity.instance)/\(epoch ?? 0)" }

  /// The epoch it leads under.
  package var epoch: UInt64? {
    // Inlined into an async function of an actor that has a core, it crashes the optimiser of Swift 6.3.
    @inline(never) get { if case .leading(let epoch) = role { epoch } else { nil } }
  }

  // MARK: The way of an input

  /// Takes an input in; it is decided with a later batch.
  /// - Returns: what can be said at once.
  package mutating func receive(_ input: CoreInput, at now: Timestamp) -> [CoreOutput] {
    guard case .leading = role else { return refer(input) }
    switch input {
    case .message(.shards(let report), let peer): return take(report, from: peer, at: now)
    case .message(.shardMemory(let memory), let peer): return take(memory, from: peer, at: now)
    case .message(let message, let peer):
      guard let letter = letter(for: message, from: peer) else { return answerDirectly(message, to: peer) }
      return put(letter)
    case .call(let number, let input): return put(Letter(input: input, origin: .caller(number)))
    case .undelivered(let lease, let instance, let delivery):
      let input: EngineInput =
        switch delivery {
        case .refused: .undelivered(lease, instance: instance, forGood: true)
        // A connection that is gone for a moment says nothing of the other work of its agent.
        case .sent, .unroutable, .dropped: .undelivered(lease, instance: instance, forGood: false)
        }
      return put(Letter(input: input, origin: .nobody))
    case .delivered(let key, let sink, let result):
      settle(courier.delivered(key, sink, result, at: now))
      return []
    case .tick: return put(Letter(input: .tick, origin: .nobody)) + watchShards(at: now)
    }
  }

  mutating func put(_ letter: Letter) -> [CoreOutput] {
    guard case .shed(let origins) = intake.put(letter) else { return [] }
    // Agents say it again by themselves; callers are told.
    return origins.compactMap { if case .caller(let number) = $0 { .answer(number, nil) } else { nil } }
  }

  // MARK: People

  mutating func announce(_ announcement: Announcement) {
    let told = engine.state.told[announcement.key] ?? []
    if let fate = courier.take(announcement, told: told) { settle([fate]) }
  }

  private mutating func settle(_ fates: [Courier.Fate]) {
    for fate in fates {
      let input: EngineInput =
        switch fate {
        case .told(let key, let sink): .announcementTold(key: key, sink: sink)
        case .settled(let key, let outcome): .announcementSettled(key: key, outcome: outcome)
        }
      _ = intake.put(Letter(input: input, origin: .nobody))
    }
  }

  mutating func deliveries(at now: Timestamp) -> [CoreOutput] {
    // A leader that slept too long may have been deposed: first the store must confirm it.
    guard isTrusted(at: now) else { return [] }
    let views = views
    let due = courier.due(at: now) { $0.isWanted(for: views[$0.incident]) }
    settle(due.fates)
    return due.deliveries.map { announcement, sink in
      let status = views[announcement.incident]?.status ?? .escalated
      return .deliver(Notification(announcement, status: status), to: sink)
    }
  }
}
