import FoundationEssentials
package import IncidentEngine
package import IncidentModel
package import Logging
package import MessageBus
package import Notification
package import Settings

/// The shell around the engine: the only owner of incident state.
///
/// Every input goes through one mailbox. A batch of inputs is decided by the engine, its
/// events are made durable in one commit, and only then effects leave and replies are
/// given. Readers see what is durable, never what is being decided.
package actor Coordinator {
  /// Inputs that share one commit at the most.
  static let batchLimit = 512

  /// Unique to this run: subscribers see by it that numbers began anew.
  nonisolated let instance: String
  nonisolated let settings: SystemSettings
  nonisolated let store: any JournalStore
  nonisolated let bus: BusServer
  /// Where the bus publishes changes.
  nonisolated let changesEndpoint: String
  nonisolated let mailbox = Mailbox()
  nonisolated let clock: CoordinatorClock
  nonisolated let startedAt: Timestamp
  /// The coordinator's time.
  package nonisolated var now: Timestamp { clock.now }
  nonisolated let logger: Logger
  nonisolated let hub: ChangeHub
  nonisolated let metrics: CoordinatorMetrics

  /// The leadership that everything is written under.
  private let epoch: UInt64
  private let courier: AnnouncementCourier
  private nonisolated let outbox: AsyncStream<Announcement>
  private nonisolated let outboxInput: AsyncStream<Announcement>.Continuation

  var engine: Engine
  /// The durable incidents, as readers see them.
  var views: [IncidentID: Incident]
  /// Agents that said hello, by connection.
  var peers: [PeerID: String] = [:]
  /// The number of the last change published on the bus.
  var changeSequence: UInt64 = 0
  /// Why the journal can't be written at the moment.
  var storeTrouble: String?
  private var tickWaits = false

  /// Reads the journal and stands ready; nothing is sent before ``run()``.
  ///
  /// - Parameters:
  ///   - settings: what is watched, and the policies.
  ///   - store: the open journal.
  ///   - bus: the bus, started.
  ///   - changesEndpoint: where it publishes changes.
  ///   - delivery: what tells people.
  ///   - instance: unique to this run.
  ///   - wall: the wall clock's time.
  /// - Throws: `StoreError`, or `DecodingError` for a journal that this version can't read.
  package init(
    settings: SystemSettings, store: any JournalStore, bus: BusServer,
    changesEndpoint: String, delivery: any NotificationDelivery, instance: String, wall: Timestamp,
    logger: Logger
  ) async throws {
    // Before the journal is read: nobody else may write from here on.
    let campaign = try await store.campaign(
      LeaderInfo(
        instance: instance, bus: settings.coordinator.bus, changes: changesEndpoint,
        http: "http://\(settings.coordinator.httpHost):\(settings.coordinator.httpPort)"))
    guard case .leading(let epoch) = campaign else {
      if case .following(let leader?) = campaign { throw StoreError.fenced(mine: 0, current: leader.epoch) }
      throw StoreError.fenced(mine: 0, current: 0)
    }
    self.epoch = epoch
    var engine = Engine(policy: EnginePolicy(settings))
    let decoder = JSONCoding.decoder()
    var last = Timestamp(milliseconds: 0)
    try await store.replay(from: 1) { records in
      for record in records {
        engine.replay(try record.event(decoder: decoder))
        last = record.at
      }
    }
    clock = CoordinatorClock(wall: wall, floor: last)
    startedAt = clock.now
    let unsettled = engine.resume(at: startedAt)
    views = engine.state.records.mapValues(\.incident)
    hub = ChangeHub(latest: engine.state.sequence)
    self.engine = engine
    self.settings = settings
    self.store = store
    self.bus = bus
    self.changesEndpoint = changesEndpoint
    self.instance = instance
    self.logger = logger
    metrics = CoordinatorMetrics()
    courier = AnnouncementCourier(sinks: settings.sinks, delivery: delivery, logger: logger)
    (outbox, outboxInput) = AsyncStream.makeStream()
    for announcement in unsettled { outboxInput.yield(announcement) }
    logger.info(
      "journal read",
      metadata: [
        "events": "\(engine.state.sequence)", "open_incidents": "\(engine.state.openCount)",
        "unsettled_announcements": "\(unsettled.count)",
      ])
  }

  /// Works until its task is cancelled; then ends what is being committed, and returns.
  /// - Throws: `StoreError` when the journal is lost for good: nothing can be promised any more.
  package func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.commitBatches() }
      group.addTask { await self.readBus() }
      group.addTask { await self.keepTime() }
      group.addTask { await self.tellPeople() }
      // The first to end is the commit loop with an error, or all by cancellation.
      await withTaskCancellationHandler {
        _ = await group.nextResult()
      } onCancel: {
        mailbox.close()
        outboxInput.finish()
      }
      mailbox.close()
      outboxInput.finish()
      hub.finish()
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  // MARK: The way of an input

  /// Gives an input to the engine and waits until what comes of it is durable.
  /// - Returns: the reply; `nil` when there are too many inputs already, or the coordinator stops.
  package nonisolated func submit(_ input: EngineInput) async -> EngineReply? {
    let reply: EngineReply? = await withCheckedContinuation { continuation in
      // The engine's replies to callers are never `.unknownAgent`, which stands for "not taken" here.
      let letter = Letter(input: input, origin: .caller(continuation))
      if !mailbox.put(letter) { continuation.resume(returning: .unknownAgent) }
    }
    return reply == .unknownAgent ? nil : reply
  }

  private func commitBatches() async throws {
    let encoder = JSONCoding.encoder()
    while true {
      let letters = await mailbox.take(limit: Self.batchLimit)
      guard !letters.isEmpty else { return }
      do {
        try await commit(letters, encoder)
      } catch {
        // Nobody is left waiting for a reply that can't come.
        mailbox.close()
        for letter in letters + mailbox.drain() { await reply(.unknownAgent, to: letter.origin) }
        throw error
      }
    }
  }

  private func commit(_ letters: [Letter], _ encoder: JSONEncoder) async throws {
    var decisions: [Decision] = []
    var records: [JournalRecord] = []
    for letter in letters {
      if case .tick = letter.input { tickWaits = false }
      let decision = engine.handle(letter.input, at: clock.now)
      for event in decision.events { records.append(try JournalRecord(event, encoder: encoder)) }
      decisions.append(decision)
    }
    if !records.isEmpty { try await persist(records) }
    await publish(decisions.flatMap(\.events))
    for decision in decisions {
      for effect in decision.effects { await perform(effect) }
    }
    for (letter, decision) in zip(letters, decisions) { await reply(decision.reply, to: letter.origin) }
  }

  /// Makes records durable, however long it takes: nothing is acknowledged before.
  private func persist(_ records: [JournalRecord]) async throws {
    while true {
      do {
        try await store.append(records, epoch: epoch)
        metrics.committed(records.count)
        if storeTrouble != nil { logger.notice("the journal can be written again") }
        storeTrouble = nil
        return
      } catch {
        metrics.commitFailed()
        guard error.isRetryable, !Task.isCancelled else { throw error }
        if storeTrouble == nil {
          logger.error("the journal can't be written", metadata: ["reason": "\(error)"])
        }
        storeTrouble = "\(error)"
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  /// Shows readers and subscribers what is durable now.
  private func publish(_ events: [EngineEvent]) async {
    var touched: [IncidentID: UInt64] = [:]
    for event in events {
      metrics.observe(event, incident: event.incident.flatMap { engine.state.records[$0]?.incident })
      guard let id = event.incident else { continue }
      touched[id] = event.sequence
      logEvent(event)
    }
    // In the order of their latest events, because the followers' numbers only rise.
    for (id, sequence) in touched.sorted(by: { $0.value < $1.value }) {
      guard let incident = engine.state.records[id]?.incident else {
        views[id] = nil
        continue
      }
      views[id] = incident
      changeSequence += 1
      await bus.publish(
        Change(sequence: changeSequence, coordinator: instance, incident: IncidentDigest(incident)))
      hub.publish(incident, sequence: sequence)
    }
    // Incidents that the engine no longer keeps in memory are read from the journal.
    if views.count > engine.state.records.count + 256 {
      views = views.filter { engine.state.records[$0.key] != nil }
    }
  }

  private func logEvent(_ event: EngineEvent) {
    guard let entry = event.timelineEntry, let id = event.incident else { return }
    let level: Logger.Level =
      switch event.fact {
      case .opened, .escalated, .resolved, .markedFalsePositive: .notice
      case .signalled, .exchanged: .debug
      default: .info
      }
    logger.log(
      level: level, "\(entry.text)",
      metadata: ["incident_id": "\(id)", "kind": "\(entry.kind)", "actor": "\(entry.actor)"])
  }

  private func perform(_ effect: EngineEffect) async {
    switch effect {
    case .work(let job, let instance):
      let input: EngineInput
      switch await bus.send(.work(job), to: PeerID(instance: instance)) {
      case .sent: return
      case .unroutable: input = .left(instance: instance)
      case .dropped: input = .undelivered(job.lease, instance: instance, forGood: false)
      case .refused: input = .undelivered(job.lease, instance: instance, forGood: true)
      }
      _ = mailbox.put(Letter(input: input, origin: .nobody))
    case .revoke(let lease, let instance, let reason):
      await bus.send(.revoked(lease, reason: reason), to: PeerID(instance: instance))
    case .announce(let announcement): outboxInput.yield(announcement)
    }
  }

  // MARK: Time and people

  private func keepTime() async {
    while !Task.isCancelled {
      do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
      // While the journal is stuck one waiting tick is enough.
      if !tickWaits { tickWaits = mailbox.put(Letter(input: .tick, origin: .nobody)) }
    }
  }

  /// Whether people still need to hear it.
  private func isWanted(_ announcement: Announcement) -> Bool {
    guard let incident = views[announcement.incident] else { return false }
    return switch announcement.kind {
    case .escalation: incident.status == .escalated && incident.acknowledged == nil
    case .approvalNeeded: incident.awaitingApproval
    case .resolved: true
    }
  }

  private func tellPeople() async {
    await withTaskGroup(of: Void.self) { group in
      var running = 0
      for await announcement in outbox {
        if running >= AnnouncementCourier.parallel {
          await group.next()
          running -= 1
        }
        let status = views[announcement.incident]?.status ?? .escalated
        group.addTask { [courier, mailbox] in
          let outcome = await courier.carry(announcement, status: status) {
            await self.isWanted(announcement)
          }
          guard let outcome else { return }
          let letter = Letter(
            input: .announcementSettled(key: announcement.key, outcome: outcome), origin: .nobody)
          while !mailbox.put(letter) {
            // Full or closed; unsettled it would be told again after a restart.
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
          }
        }
        running += 1
      }
      group.cancelAll()
    }
  }
}
