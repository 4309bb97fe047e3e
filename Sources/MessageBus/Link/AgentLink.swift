package import IncidentModel
package import Logging

/// An agent's side of the bus.
///
/// ``run()`` connects, keeps the connection, and does the leased work; everything else may be called
/// from anywhere meanwhile, and before.
///
/// Nothing that matters is lost with a message: signals are sent again until they are accepted,
/// requests until they are granted or refused, hellos until they are welcomed. A worker is cancelled
/// when its lease is revoked, refused, unknown to the coordinator, or was not renewed in time.
package actor AgentLink: SignalSink, JobReporter {
  typealias Instant = ContinuousClock.Instant

  enum Phase { case idle, running, stopping, stopped }

  /// A request that has no answer yet.
  struct Request {
    let frame: [UInt8]
    let token: UInt64
    var sentAt: Instant
    let continuation: CheckedContinuation<Result<Void, LeaseError>, Never>
  }

  nonisolated let loop = ZMQLoop(name: "bus-link")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  let info: AgentInfo
  let endpoint: String
  let worker: (any JobWorker)?
  let slots: Int
  let security: BusSecurity
  let timing: LinkTiming
  let load: @Sendable () -> Double
  let logger: Logger

  var phase = Phase.idle
  var socket: ZMQSocket?
  var isWelcome = false
  var lastHeard: Instant?
  var lastHello: Instant?
  var lastHeartbeat: Instant?
  var batchSentAt: Instant?
  var spool: SignalSpool
  var leases = LeaseTable()
  /// Jobs taken on whose tasks are not started yet.
  var accepted: [(job: Job, lost: AsyncStream<Never>)] = []
  var requests: [UInt64: Request] = [:]
  var lastRequest: UInt64 = 0
  var waiters: [UInt64: CheckedContinuation<Void, any Error>] = [:]
  var lastWaiter: UInt64 = 0
  var counts = LinkCounters()

  /// The coordinator's last welcome.
  package internal(set) var welcome: Welcome?

  /// - Parameters:
  ///   - info: who the agent is; `instance` must be unique to this run of the process.
  ///   - endpoint: the coordinator's bus, e.g. `tcp://127.0.0.1:7711`.
  ///   - worker: what does leased jobs; `nil` for an agent that takes none.
  ///   - slots: jobs at once.
  ///   - security: how the peers know each other.
  ///   - timing: the intervals that the coordinator does not set.
  ///   - spoolLimit: signals kept until the coordinator has them.
  ///   - load: how busy the machine is, for the heartbeats.
  ///   - logger: for the connection's state and what is refused.
  package init(
    info: AgentInfo, endpoint: String, worker: (any JobWorker)? = nil, slots: Int = 1,
    security: BusSecurity = .none, timing: LinkTiming = LinkTiming(), spoolLimit: Int = 10_000,
    load: @escaping @Sendable () -> Double = MachineLoad.current, logger: Logger
  ) {
    self.info = info
    self.endpoint = endpoint
    self.worker = worker
    self.slots = max(slots, 1)
    self.security = security
    self.timing = timing
    self.load = load
    self.logger = logger
    spool = SignalSpool(limit: spoolLimit)
  }

  /// Whether the coordinator welcomed the agent and was heard lately.
  package var isConnected: Bool {
    guard isWelcome, let lastHeard else { return false }
    return ContinuousClock.now < lastHeard + silence
  }

  /// What was counted so far.
  package var counters: LinkCounters {
    var result = counts
    result.spooled = spool.count
    result.coalescedSignals = spool.coalesced
    result.droppedSignals = spool.dropped
    return result
  }

  /// Returns when the coordinator has welcomed the agent, at once if it has.
  /// - Throws: when the task is cancelled before, or the link was stopped.
  package func ready() async throws(CancellationError) {
    if isConnected { return }
    if phase == .stopped || phase == .stopping { throw CancellationError() }
    lastWaiter += 1
    let id = lastWaiter
    do {
      try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
          if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
          waiters[id] = continuation
        }
      } onCancel: {
        // Unstructured because a cancellation handler cannot wait for the actor; it only ends the wait.
        Task { await self.cancelWaiter(id) }
      }
    } catch { throw CancellationError() }
  }

  private func cancelWaiter(_ id: UInt64) {
    waiters.removeValue(forKey: id)?.resume(throwing: CancellationError())
  }

  func resumeWaiters(throwing error: CancellationError? = nil) {
    let resumed = waiters
    waiters = [:]
    for waiter in resumed.values {
      if let error { waiter.resume(throwing: error) } else { waiter.resume() }
    }
  }

  package func submit(_ signals: [Signal]) {
    for signal in signals {
      do { spool.add(signal, bytes: try WireCodec.size(of: signal)) } catch {
        counts.invalidSignals += 1
        logger.error(
          "a signal breaks the rules of the bus and was dropped",
          metadata: ["metric": "\(signal.metric.prefix(200))", "reason": "\(error)"])
      }
    }
    sendBatch(ContinuousClock.now)
  }
}
