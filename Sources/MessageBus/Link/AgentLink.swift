package import IncidentModel
package import Logging

/// An agent's side of the bus.
///
/// ``run()`` connects, keeps the connections, and does the leased work; everything else may be called
/// from anywhere meanwhile, and before.
///
/// Nothing that matters is lost with a message: signals are sent again until they are accepted,
/// requests until they are granted or refused, hellos until they are welcomed. A worker is cancelled
/// when its lease is revoked, refused, unknown to the coordinator, or was not renewed in time.
///
/// What is said when is the ``LinkCore``'s to decide; here are the sockets, tasks, waits and the clock.
package actor AgentLink: ShardLink, JobReporter {
  typealias Instant = ContinuousClock.Instant

  /// Somebody who waits for a coordinator.
  struct Waiter {
    /// The run of a coordinator that is not meant.
    let known: String?
    let continuation: CheckedContinuation<Void, any Error>
  }

  /// A coordinator that leads.
  package struct Home: Sendable {
    /// Its bus.
    package let endpoint: String
    package let welcome: Welcome
  }

  nonisolated let loop = ZMQLoop(name: "bus-link")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  let worker: (any JobWorker)?
  let security: BusSecurity
  let timing: LinkTiming
  let load: @Sendable () -> Double
  let logger: Logger
  let began = ContinuousClock.now

  var core: LinkCore
  let storage: (any SpoolStorage)?
  var hasRun = false
  /// Asked to stop, or stopped.
  var isStopping = false
  var hasStopped = false
  /// One for each endpoint, `nil` where none could be made yet.
  var sockets: [ZMQSocket?]
  /// What tells of connections of ``sockets`` that failed.
  var watches: [HandshakeWatch?]
  /// What only this agent and the coordinators know of its connections; `nil` without keys.
  let secret: [UInt8]?
  var failedHandshakes = 0
  var lastWatch = 0
  var connectAgain = ContinuousClock.now
  /// Jobs taken on whose tasks are not started yet.
  var accepted: [(job: Job, lost: AsyncStream<Never>)] = []
  /// What ends the streams that the workers' guards wait on, by token.
  var guards: [UInt64: AsyncStream<Never>.Continuation] = [:]
  var answers: [UInt64: CheckedContinuation<LeaseError?, Never>] = [:]
  /// Answers that came before anybody waited for them.
  var early: [UInt64: LeaseError?] = [:]
  var lastRequest: UInt64 = 0
  var waiters: [UInt64: Waiter] = [:]
  var lastWaiter: UInt64 = 0
  var malformedFrames = 0
  package nonisolated let shardOrders: AsyncStream<ShardOrder>
  nonisolated let shardInput: AsyncStream<ShardOrder>.Continuation

  /// - Parameters:
  ///   - info: who the agent is; `instance` must be unique to this run of the process.
  ///   - endpoints: the coordinators' buses, e.g. `tcp://127.0.0.1:7711`, each another coordinator's.
  ///   - worker: what does leased jobs; `nil` for an agent that takes none.
  ///   - slots: jobs at once.
  ///   - security: how the peers know each other.
  ///   - timing: the intervals that the coordinator does not set.
  ///   - spoolLimit: signals kept until the coordinator has them.
  ///   - storage: what keeps those signals where they outlive the process; `nil` for memory alone.
  ///   - shards: what it can watch, of an agent that watches targets.
  ///   - load: how busy the machine is, for the heartbeats.
  ///   - logger: for the connection's state and what is refused.
  package init(
    info: AgentInfo, endpoints: [String], worker: (any JobWorker)? = nil, slots: Int = 1,
    security: BusSecurity = .none, timing: LinkTiming = LinkTiming(), spoolLimit: Int = 10_000,
    storage: sending (any SpoolStorage)? = nil, shards: [ShardOffer]? = nil,
    load: @escaping @Sendable () -> Double = MachineLoad.current,
    logger: Logger
  ) {
    self.worker = worker
    self.security = security
    self.timing = timing
    self.load = load
    self.logger = logger
    core = LinkCore(
      info: info, endpoints: endpoints, takes: worker?.kind, slots: slots, timing: timing,
      spoolLimit: spoolLimit, tellsSpoolChanges: storage != nil, shards: shards)
    (shardOrders, shardInput) = AsyncStream.makeStream()
    if let storage {
      _ = core.handle(.restored(storage.restored()), at: .zero)
      storage.apply(core.takeSpoolChanges())
    }
    self.storage = storage
    sockets = Array(repeating: nil, count: core.endpoints.count)
    watches = Array(repeating: nil, count: core.endpoints.count)
    secret = security.isKeyed ? (0..<16).map { _ in UInt8.random(in: .min ... .max) } : nil
  }

  /// The time since the link was made.
  var now: Duration { ContinuousClock.now - began }

  /// The coordinator's last welcome.
  package var welcome: Welcome? { core.welcome }

  /// Whether the coordinator welcomed the agent and was heard lately.
  package var isConnected: Bool { core.isConnected(at: now) }

  /// What was counted so far.
  package var counters: LinkCounters {
    var result = core.counters
    result.malformedFrames = malformedFrames
    result.failedHandshakes = failedHandshakes
    if let status = storage?.status {
      result.spoolBytes = status.bytes
      result.unkeptSignals = status.unkept
    }
    return result
  }

  /// Returns when the coordinator has welcomed the agent, at once if it has.
  /// - Throws: when the task is cancelled before, or the link was stopped.
  package func ready() async throws(CancellationError) { try await wait(for: nil) }

  /// The coordinator that is listened to, as soon as there is one.
  /// - Parameter known: a run of a coordinator that is not meant; the next one is waited for.
  /// - Throws: when the task is cancelled before, or the link was stopped.
  package func home(after known: String? = nil) async throws(CancellationError) -> Home {
    try await wait(for: known)
    guard let home = core.home, let welcome = core.welcome else { throw CancellationError() }
    return Home(endpoint: core.endpoints[home], welcome: welcome)
  }

  private func wait(for known: String?) async throws(CancellationError) {
    if isConnected, core.welcome?.coordinator != known { return }
    if isStopping { throw CancellationError() }
    lastWaiter += 1
    let id = lastWaiter
    do {
      try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
          if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
          // Other turns of the actor may lie between the look above and this one.
          if isConnected, core.welcome?.coordinator != known { return continuation.resume() }
          if isStopping { return continuation.resume(throwing: CancellationError()) }
          waiters[id] = Waiter(known: known, continuation: continuation)
        }
      } onCancel: {
        // Unstructured because a cancellation handler cannot wait for the actor; it only ends the wait.
        Task { await self.cancelWaiter(id) }
      }
    } catch { throw CancellationError() }
  }

  private func cancelWaiter(_ id: UInt64) {
    waiters.removeValue(forKey: id)?.continuation.resume(throwing: CancellationError())
  }

  /// A coordinator welcomed the link.
  func resumeWaiters() {
    for (id, waiter) in waiters where waiter.known == nil || waiter.known != core.welcome?.coordinator {
      waiters[id] = nil
      waiter.continuation.resume()
    }
  }

  /// There will be no coordinator any more.
  func failWaiters() {
    let failed = waiters
    waiters = [:]
    for waiter in failed.values { waiter.continuation.resume(throwing: CancellationError()) }
  }

  package func submit(_ signals: [Signal]) { handle(.submit(signals)) }

  package func learned(_ shard: Shard, _ bytes: [UInt8], isReleased: Bool) {
    handle(.shardLearned(shard, bytes, isReleased: isReleased))
  }
}
