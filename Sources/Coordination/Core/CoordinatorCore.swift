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
/// 2. asks ``begin(at:)`` for the next batch, makes its events durable, then calls ``commit(at:)`` and does
///    what that answers, in order. One batch at a time.
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
  /// Inputs that share one commit at the most.
  static let batchLetters = 512
  /// A leader that the store has not confirmed for so long tells nobody anything: another may lead already.
  package static let trust = Duration.seconds(2)

  package let identity: Identity
  package private(set) var engine: Engine
  package private(set) var role = Role.following(nil)
  /// The durable incidents, as readers see them.
  package private(set) var views: [IncidentID: Incident] = [:]
  /// How many there are, by status and severity.
  package private(set) var counts = IncidentCounts([])
  /// Where they are in the lists that readers turn over.
  private(set) var index = IncidentIndex()
  /// Which of the open ones are about a target.
  private(set) var openTargets = OpenTargets()

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
  private var confirmedAt = Timestamp(milliseconds: 0)
  private var underway: (letters: [Letter], decisions: [Decision], at: Timestamp)?

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
    var touched: [IncidentID: UInt64] = [:]
    for event in events where event.sequence > engine.state.sequence {
      engine.replay(event)
      if let id = event.incident { touched[id] = event.sequence }
    }
    return [.changed(show(touched))]
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

  private mutating func put(_ letter: Letter) -> [CoreOutput] {
    guard case .shed(let origins) = intake.put(letter) else { return [] }
    // Agents say it again by themselves; callers are told.
    return origins.compactMap { if case .caller(let number) = $0 { .answer(number, nil) } else { nil } }
  }

  /// Decides on what waits. Its events must be made durable before ``commit(at:)``.
  /// - Returns: `nil` when nothing waits, a batch is under way, or another coordinator leads.
  package mutating func begin(at now: Timestamp) -> CoreBatch? {
    guard underway == nil, case .leading = role, !intake.isEmpty else { return nil }
    let letters = intake.take(signals: Self.batchSignals, letters: Self.batchLetters)
    let decisions = letters.map { engine.handle($0.input, at: now) }
    underway = (letters, decisions, now)
    return CoreBatch(events: decisions.flatMap(\.events), at: now)
  }

  /// The batch under way is durable: its effects leave, and those who wait are answered.
  package mutating func commit(at now: Timestamp) -> [CoreOutput] {
    guard let (letters, decisions, began) = underway else { return [] }
    underway = nil
    let events = decisions.flatMap(\.events)
    // An append is a confirmation: the store takes it from the leader only.
    if !events.isEmpty { confirmedAt = max(confirmedAt, began) }
    var outputs: [CoreOutput] = events.isEmpty ? [] : [.durable(events)]
    outputs += publish(events)
    note(letters)
    for effect in decisions.flatMap(\.effects) { perform(effect, &outputs) }
    let trusted = isTrusted(at: now)
    for (letter, decision) in zip(letters, decisions) where trusted || !letter.origin.extendsRights {
      outputs += reply(decision.reply, to: letter.origin)
    }
    // What is left of a tick that had too much to do is done before anybody waits for the next one.
    if letters.contains(where: \.isTick), engine.isBehind(at: began) {
      _ = put(Letter(input: .tick, origin: .nobody))
    }
    return outputs + deliveries(at: now)
  }

  /// Ends it: everybody who waits for a reply learns that there will be none.
  package mutating func abandon() -> [CoreOutput] {
    let letters = (underway?.letters ?? []) + intake.drain()
    underway = nil
    role = .following(nil)
    return letters.compactMap {
      if case .caller(let number) = $0.origin { .answer(number, nil) } else { nil }
    }
  }

  private mutating func perform(_ effect: EngineEffect, _ outputs: inout [CoreOutput]) {
    switch effect {
    case .work(let job, let instance): outputs.append(.send(.work(job), to: connection(of: instance)))
    case .revoke(let lease, let instance, let reason):
      outputs.append(.send(.revoked(lease, reason: reason), to: connection(of: instance)))
    case .announce(let announcement): announce(announcement)
    }
  }

  // MARK: People

  private mutating func announce(_ announcement: Announcement) {
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

  private mutating func deliveries(at now: Timestamp) -> [CoreOutput] {
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

  // MARK: Readers

  /// Shows subscribers what is durable now.
  private mutating func publish(_ events: [EngineEvent]) -> [CoreOutput] {
    var touched: [IncidentID: UInt64] = [:]
    for event in events {
      if let id = event.incident { touched[id] = event.sequence }
    }
    let changes = show(touched)
    guard !changes.isEmpty else { return [] }
    return [.changed(changes)]
      + changes.map { change in
        changeSequence += 1
        return .publish(
          Change(
            sequence: changeSequence, coordinator: term,
            incident: IncidentDigest(change.incident)))
      }
  }

  /// Takes the touched incidents over into ``views``, in the order of their latest events.
  private mutating func show(_ touched: [IncidentID: UInt64]) -> [IncidentChange] {
    var changes: [IncidentChange] = []
    for (id, sequence) in touched.sorted(by: { $0.value < $1.value }) {
      let before = views.removeValue(forKey: id)
      if let before {
        counts.remove(before)
        index.remove(before)
      }
      let now = engine.state.records[id]?.incident
      openTargets.change(from: before, to: now)
      guard let incident = now else { continue }
      views[id] = incident
      counts.add(incident)
      index.insert(incident)
      changes.append(IncidentChange(sequence: sequence, incident: incident))
    }
    // Incidents that the engine no longer keeps in memory are read from the journal.
    if views.count > engine.state.records.count + 256 {
      for (id, incident) in views where engine.state.records[id] == nil {
        views[id] = nil
        openTargets.change(from: incident, to: nil)
        counts.remove(incident)
        index.remove(incident)
      }
    }
    return changes
  }
}
