package import BusKeys
import FoundationEssentials
package import IncidentEngine
package import IncidentModel
import JournalAudit
package import Logging
package import MessageBus
package import Notification
package import Settings
import Threads

/// The shell around ``CoordinatorCore``: sockets, store, clock and what tells people.
///
/// What is decided, and when it may leave, is the core's; here it is only done. One loop makes batches
/// durable, one reads the bus, one holds the leadership or waits for it, one tells time, one tells people.
package actor Coordinator {
  /// How often it tries to lead while another one does.
  static let campaignPause = Duration.milliseconds(250)
  /// A standby that has not read the journal for so long is not ready.
  static let staleJournal = Duration.seconds(5)
  /// How often the store is asked whether this one still leads.
  static let confirmPause = Duration.seconds(1)

  nonisolated let settings: SystemSettings
  nonisolated let store: any JournalStore
  nonisolated let bus: BusServer
  /// This coordinator, as others find it.
  nonisolated let me: LeaderInfo
  nonisolated let startedAt: Timestamp
  nonisolated let logger: Logger
  nonisolated let hub: ChangeHub
  nonisolated let metrics: CoordinatorMetrics
  package nonisolated let refusals = RefusalLog()
  /// Time as it goes on since the last change of role.
  nonisolated let clock: Locked<CoordinatorClock>
  nonisolated let wall: CoordinatorClock
  nonisolated let journalPatience: Duration
  nonisolated let delivery: any NotificationDelivery
  /// The folder that says who may connect to the bus; `nil` without keys.
  nonisolated let keyFolder: KeyFolder?
  nonisolated let work: AsyncStream<Void>
  nonisolated let workWaits: AsyncStream<Void>.Continuation
  private nonisolated let outbox: AsyncStream<(Notification, SinkSettings)>
  private nonisolated let outboxInput: AsyncStream<(Notification, SinkSettings)>.Continuation
  /// The journal's tips on their way out; only the latest few wait.
  nonisolated let tipsToSend: AsyncStream<Notification>
  nonisolated let tips: AsyncStream<Notification>.Continuation

  var core: CoordinatorCore
  var troubles = StoreTroubles()
  /// The end of the chain as this one wrote it, or found it when it began to lead.
  var writtenTip: ChainTip?
  var commitTimes = CommitTimes()
  /// Whether it is on the way from leading to following; nothing else may touch the core's role meanwhile.
  var isSteppingDown = false
  /// When a standby last read the journal to its end.
  var journalReadAt = ContinuousClock.now
  private var calls: [UInt64: CheckedContinuation<EngineReply?, Never>] = [:]
  private var lastCall: UInt64 = 0
  /// When callers that don't wait for ever give up.
  private var callEnds: [UInt64: Timestamp] = [:]
  /// Who may connect, as the folder of keys last said.
  var allowedKeys: AllowedKeys?
  private var isEnding = false
  private var logBudget = LogBudget()

  /// The coordinator's time.
  package nonisolated var now: Timestamp { clock.withLock { $0.now } }

  /// Reads the journal, and leads if nobody else does; nothing is sent before ``run()``.
  ///
  /// - Parameters:
  ///   - settings: what is watched, and the policies.
  ///   - store: the open journal.
  ///   - bus: the bus, started.
  ///   - changesEndpoint: where it publishes changes.
  ///   - delivery: what tells people.
  ///   - instance: unique to this run.
  ///   - wall: the wall clock's time.
  ///   - busEndpoint: where agents find it; the configured one unless said.
  ///   - journalPatience: people are told of a journal that can't be used after so long.
  ///   - keyFolder: says who may connect to the bus; read again while it runs. `nil` without keys.
  /// - Throws: `StoreError`, or `DecodingError` for a journal that this version can't read.
  package init(
    settings: SystemSettings, store: any JournalStore, bus: BusServer,
    changesEndpoint: String, delivery: any NotificationDelivery, instance: String, wall: Timestamp,
    busEndpoint: String? = nil, journalPatience: Duration = .seconds(30), keyFolder: KeyFolder? = nil,
    logger: Logger
  ) async throws {
    self.keyFolder = keyFolder
    self.journalPatience = journalPatience
    self.settings = settings
    self.store = store
    self.bus = bus
    self.delivery = delivery
    self.logger = logger
    let places = settings.coordinator
    me = LeaderInfo(
      instance: instance, bus: places.advertised(busEndpoint ?? places.bus),
      changes: places.advertised(changesEndpoint), http: places.advertisedHTTP(), epoch: 0)
    self.wall = CoordinatorClock(wall: wall, floor: wall)
    clock = Locked(self.wall)
    startedAt = wall
    metrics = CoordinatorMetrics()
    (work, workWaits) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (outbox, outboxInput) = AsyncStream.makeStream()
    (tipsToSend, tips) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
    var core = Self.makeCore(settings, me)
    let decoder = JSONCoding.decoder()
    try await store.replay(from: 1) { records in
      _ = core.follow(try records.map { try $0.event(decoder: decoder) })
    }
    self.core = core
    hub = ChangeHub(latest: core.engine.state.sequence)
    logger.info(
      "journal read",
      metadata: [
        "events": "\(core.engine.state.sequence)", "open_incidents": "\(core.engine.state.openCount)",
      ])
    await bus.onRefusal { [refusals, clock] peer, reason in
      refusals.note(.busFrame, who: peer.description, reason: reason, at: clock.withLock { $0.now })
    }
    do {
      try await campaign()
    } catch let error as StoreError where error.isRetryable {
      trouble(error, \.term)
    }
  }

  static func makeCore(_ settings: SystemSettings, _ me: LeaderInfo) -> CoordinatorCore {
    CoordinatorCore(
      policy: EnginePolicy(settings),
      identity: CoordinatorCore.Identity(
        instance: me.instance, version: AIOpsVersion.current,
        leaseSeconds: settings.coordinator.leaseSeconds,
        heartbeatSeconds: settings.coordinator.heartbeatSeconds, changesEndpoint: me.changes,
        sinks: settings.sinks.map(\.name)))
  }

  /// Works until its task is cancelled; then ends what is being committed, and returns.
  /// - Throws: `StoreError` when the journal is lost for good: nothing can be promised any more.
  package func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.commitBatches() }
      group.addTask { try await self.holdTerm() }
      group.addTask { await self.readBus() }
      group.addTask { await self.keepTime() }
      group.addTask { await self.tellPeople() }
      group.addTask { await self.watchJournal() }
      group.addTask { await self.keepTidy() }
      if let keyFolder {
        group.addTask { await self.watchKeys(keyFolder) }
        group.addTask { await self.tellKeys() }
      }
      group.addTask { await self.tellTips() }
      group.addTask { await self.sendTips() }
      // The first to end is a loop with an error, or all by cancellation.
      let first = await withTaskCancellationHandler {
        await group.nextResult()
      } onCancel: {
        workWaits.finish()
        outboxInput.finish()
        tips.finish()
      }
      isEnding = true
      workWaits.finish()
      outboxInput.finish()
      tips.finish()
      hub.finish()
      group.cancelAll()
      // Those who wait inside this group would wait for its end.
      for call in calls.values { call.resume(returning: nil) }
      calls = [:]
      // What else is thrown is of the cancellation; the first error is why.
      while let next = await group.nextResult() {
        if case .failure(let error) = next { logger.debug("ended", metadata: ["reason": "\(error)"]) }
      }
      await end()
      try first?.get()
    }
  }

  private func end() async {
    let epoch = core.epoch
    await perform(core.abandon())
    for call in calls.values { call.resume(returning: nil) }
    calls = [:]
    if let epoch {
      tellTip(.ceases, epoch: epoch)
      await store.resign(epoch: epoch)
    }
  }

  // MARK: Inputs and batches

  /// Gives an input to the engine and waits until what comes of it is durable.
  /// - Parameter patience: how long the caller waits; what it submitted is decided all the same. For ever, if `nil`.
  /// - Returns: the reply; `nil` when there are too many inputs already, another coordinator leads, this one
  ///   stops, or patience is at its end.
  package func submit(_ input: EngineInput, patience: Duration? = nil) async -> EngineReply? {
    guard !isEnding else { return nil }
    lastCall += 1
    let number = lastCall
    let outputs = core.receive(.call(number, input), at: now)
    // Answered at once, because there is no room or another one leads.
    for case .answer(number, let reply) in outputs { return reply }
    workWaits.yield()
    if let patience { callEnds[number] = now + patience }
    defer { callEnds[number] = nil }
    async let others: Void = perform(outputs)
    let reply = await withCheckedContinuation { calls[number] = $0 }
    await others
    return reply
  }

  /// Takes what the world says, and does what can be done about it at once.
  package func take(_ inputs: [CoreInput]) async {
    let now = now
    var outputs: [CoreOutput] = []
    for input in inputs { outputs += core.receive(input, at: now) }
    workWaits.yield()
    if !outputs.isEmpty { await perform(outputs) }
  }

  /// Does what the core wants, in order.
  func perform(_ outputs: [CoreOutput]) async {
    var orders: [BusOrder] = []
    for output in outputs {
      switch output {
      case .send(let message, let peer):
        noteRefusal(message, to: peer)
        orders.append(.send(message, to: peer))
      case .publish(let change): orders.append(.publish(change))
      case .durable(let events): observe(events)
      case .changed(let changes): show(changes)
      case .moved(let move): note(move)
      case .answer(let number, let reply): calls.removeValue(forKey: number)?.resume(returning: reply)
      case .deliver(let notification, let name):
        let sink = settings.sinks.first { $0.name == name } ?? SinkSettings(name: name, kind: .log)
        outboxInput.yield((notification, sink))
      }
    }
    guard !orders.isEmpty else { return }
    let deliveries = await bus.perform(orders)
    for (order, delivery) in zip(orders, deliveries) where delivery != .sent {
      guard case .send(.work(let job), let peer) = order, let instance = core.instance(of: peer) else {
        continue
      }
      _ = core.receive(.undelivered(job.lease, instance: instance, delivery), at: now)
      workWaits.yield()
    }
  }

  func show(_ changes: [IncidentChange]) {
    for change in changes { hub.publish(change.incident, sequence: change.sequence) }
  }

  private func note(_ move: ShardMove) {
    metrics.shards.moved(move)
    logger.info(
      "a shard is watched by another detector",
      metadata: [
        "shard": "\(move.shard)", "detector": "\(move.to)", "gap_seconds": "\(move.gap.inSeconds)",
      ])
  }

  private func observe(_ events: [EngineEvent]) {
    logBudget.fill(at: now)
    for event in events {
      metrics.observe(event, incident: event.incident.flatMap { core.views[$0] })
      logEvent(event)
    }
  }

  private func logEvent(_ event: EngineEvent) {
    let level: Logger.Level =
      switch event.fact {
      case .opened, .escalated, .resolved, .markedFalsePositive: .notice
      case .signalled, .exchanged, .noted: .debug
      default: .info
      }
    if case .access(let record) = event.fact { return log(record) }
    guard level >= logger.logLevel, let id = event.incident, logBudget.take(), let entry = event.timelineEntry
    else { return }
    logger.log(
      level: level, "\(entry.text)",
      metadata: ["incident_id": "\(id)", "kind": "\(entry.kind)", "actor": "\(entry.actor)"])
  }

  // MARK: Time, agents and people

  private func keepTime() async {
    while !Task.isCancelled {
      do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
      await take([.tick])
      let now = now
      for (number, end) in callEnds where end <= now {
        calls.removeValue(forKey: number)?.resume(returning: nil)
      }
      let left = logBudget.takeLeftOut()
      if left > 0 {
        logger.notice(
          "more happens than is logged; the journal has all of it", metadata: ["events": "\(left)"])
      }
    }
  }

  /// Takes what agents say until the bus is closed.
  private func readBus() async {
    while let messages = await bus.receive() {
      await take(messages.map { .message($0.1, from: $0.0) })
    }
  }

  private var mayTell: Bool { core.isTrusted(at: now) }

  private func tellPeople() async {
    await withDiscardingTaskGroup { group in
      for await (notification, sink) in outbox {
        group.addTask {
          // Not by one that was deposed, or that may have been, since this was decided.
          let result =
            await self.mayTell
            ? await self.delivery.deliver(notification, to: sink)
            : .failed(reason: "whether this coordinator still leads is not known", retryable: true)
          if case .failed(let reason, _) = result {
            self.logger.warning(
              "a notification could not be delivered",
              metadata: [
                "incident_id": "\(notification.incident?.text ?? "")", "sink": "\(sink.name)",
                "reason": "\(reason)",
              ])
          }
          await self.take([.delivered(key: notification.key, sink: sink.name, result)])
        }
      }
      group.cancelAll()
    }
  }
}
