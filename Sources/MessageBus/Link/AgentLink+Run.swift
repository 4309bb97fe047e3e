import IncidentModel
import Logging

extension AgentLink {
  /// Messages handled before others get the thread.
  private static let turn = 256

  /// Serves the link until the task is cancelled; then cancels the workers, says goodbye and closes.
  ///
  /// Workers that heed cancellation are waited for (``LinkTiming/workerGrace``), so that their last
  /// words still go out; the goodbye takes at most ``LinkTiming/flush``. A link runs once.
  package func run() async {
    guard phase == .idle else { return logger.error("a bus link can be run only once") }
    phase = .running
    // On the loop from end to end: heartbeats go out on time however busy the process is.
    await withTaskExecutorPreference(loop) { await serve() }
  }

  private func serve() async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        let now = ContinuousClock.now
        if socket == nil { connect(now) }
        receiveSome()
        tick(now)
        for (job, lost) in takeAccepted() {
          // Off the loop: what a worker computes must not delay heartbeats.
          group.addTask(executorPreference: globalConcurrentExecutor) { await self.work(job, lost: lost) }
        }
        _ = await loop.wait(readable: socket.map { [$0] } ?? [], until: nextDeadline(now))
      }
      phase = .stopping
      resumeWaiters(throwing: CancellationError())
      await letWorkersEnd()
      close()
    }
  }

  private func takeAccepted() -> [(job: Job, lost: AsyncStream<Never>)] {
    defer { accepted = [] }
    return accepted
  }

  /// Waits for the workers, which were cancelled with this task.
  private func letWorkersEnd() async {
    for (job, _) in takeAccepted() { leases.remove(job.lease.token) }
    let end = ContinuousClock.now + timing.workerGrace
    while !leases.held.isEmpty, let socket {
      let now = ContinuousClock.now
      if now >= end { break }
      receiveSome()
      _ = await loop.wait(
        readable: [socket], until: min(end, now + .milliseconds(10)), cancellable: false)
    }
  }

  private func close() {
    send(.goodbye)
    phase = .stopped
    isWelcome = false
    for request in requests.values { request.continuation.resume(returning: .failure(.shuttingDown)) }
    requests = [:]
    socket?.close(linger: timing.flush)
    socket = nil
    loop.terminate()
  }

  private func connect(_ now: Instant) {
    if let lastHello, now < lastHello + timing.hello { return }
    var new: ZMQSocket?
    do throws(BusError) {
      let dealer = try ZMQSocket(
        .dealer(id: PeerID(instance: info.instance)), on: loop,
        maxFrame: 2 * WireCodec.maxCoordinatorFrame, received: 100, security: security)
      new = dealer
      try dealer.connect(endpoint)
      socket = dealer
    } catch {
      new?.close()
      lastHello = now
      logger.error("\(error)")
    }
  }

  private func receiveSome() {
    for _ in 0..<Self.turn {
      guard let received = socket?.receive() else { return }
      do throws(WireError) {
        guard received.count == 1 else { throw .frames(received.count) }
        handle(try WireCodec.decodeCoordinatorMessage(received.frames[0]))
      } catch {
        counts.malformedFrames += 1
        if isRound(counts.malformedFrames) {
          logger.warning(
            "a frame from the coordinator was not understood", metadata: ["reason": "\(error)"])
        }
      }
    }
  }

  // MARK: - Time

  private var heartbeat: Duration { .seconds(welcome?.heartbeatSeconds ?? 1) }
  var leasePeriod: Duration { .seconds(welcome?.leaseSeconds ?? 30) }
  /// How long the coordinator may say nothing.
  var silence: Duration { max(heartbeat * timing.silentHeartbeats, timing.hello) }

  private func tick(_ now: Instant) {
    for token in leases.expired(at: now, period: leasePeriod) {
      lose(token, reason: "the coordinator did not renew it for \(leasePeriod.inSeconds) s")
    }
    if isWelcome, let lastHeard, now >= lastHeard + silence {
      isWelcome = false
      logger.warning("the coordinator is silent", metadata: ["endpoint": "\(endpoint)"])
    }
    guard isWelcome else {
      if lastHello.map({ now >= $0 + timing.hello }) ?? true { sayHello(now) }
      return
    }
    if lastHeartbeat.map({ now >= $0 + heartbeat }) ?? true { sendHeartbeat(now) }
    if let batchSentAt, now >= batchSentAt + timing.retry { sendBatch(now, again: true) }
    resendRequests(now, olderThan: timing.retry)
  }

  private func nextDeadline(_ now: Instant) -> Instant {
    // What begins while the loop sleeps is looked at after one retry at the latest.
    var deadlines = [now + timing.retry]
    if isWelcome {
      deadlines.append((lastHeartbeat ?? now) + heartbeat)
      if let lastHeard { deadlines.append(lastHeard + silence) }
      if let batchSentAt { deadlines.append(batchSentAt + timing.retry) }
      deadlines += requests.values.map { $0.sentAt + timing.retry }
    } else {
      deadlines.append((lastHello ?? now) + timing.hello)
    }
    if let expiry = leases.nextExpiry(period: leasePeriod) { deadlines.append(expiry) }
    return deadlines.min() ?? now
  }

  // MARK: - Sending

  private func sayHello(_ now: Instant) {
    lastHello = now
    send(.hello(info))
  }

  func sendHeartbeat(_ now: Instant) {
    lastHeartbeat = now
    let busy = load()
    send(
      .heartbeat(
        Heartbeat(
          sequence: leases.beat(at: now), load: busy.isFinite ? max(busy, 0) : 0,
          freeSlots: worker == nil ? 0 : max(slots - leases.held.count, 0), leases: leases.valid)))
  }

  /// Sends the next batch, or the one under way again.
  func sendBatch(_ now: Instant, again: Bool = false) {
    guard isWelcome, phase == .running || phase == .stopping else { return }
    let batch: SignalSpool.Batch
    if let waiting = spool.inFlight {
      guard again else { return }
      counts.resends += 1
      batch = waiting
    } else {
      batchSentAt = nil
      guard let next = spool.takeBatch() else { return }
      batch = next
    }
    batchSentAt = now
    send(.signals(batch: batch.number, batch.signals))
  }

  private func send(_ message: AgentMessage) {
    do { _ = socket?.send([try WireCodec.encode(message)]) } catch {
      logger.error(
        "a message breaks the rules of the bus and was not sent",
        metadata: ["message": "\(message.name)", "reason": "\(error)"])
    }
  }

  // MARK: - Receiving

  private func handle(_ message: CoordinatorMessage) {
    let now = ContinuousClock.now
    lastHeard = now
    switch message {
    case .welcome(let welcome): greeted(welcome, now)
    case .heartbeatAcknowledged(let sequence, let valid):
      for token in leases.acknowledged(sequence, valid: valid) {
        lose(token, reason: "the coordinator does not know it any more")
      }
    case .accepted(let batch, _):
      let count = spool.accepted(batch)
      if count == 0 { return }
      counts.acceptedSignals += count
      sendBatch(now)
    case .work(let job): take(job, now)
    case .granted(let request): answer(request, .success(()))
    case .refused(let request, let reason):
      guard let token = requests[request]?.token else { return }
      lose(token, reason: reason)
      answer(request, .failure(.lost(reason: reason)))
    case .revoked(let lease, let reason): lose(lease.token, reason: reason)
    case .unknownAgent:
      isWelcome = false
      // At once, but not as often as somebody who always says this would have it.
      if let last = lastHello, now < last + timing.hello / 4 { return }
      sayHello(now)
    case .snapshot, .notLeading: break
    case .rejected(let reason):
      counts.rejections += 1
      if isRound(counts.rejections) {
        logger.error("the coordinator did not understand a message", metadata: ["reason": "\(reason)"])
      }
    }
  }

  private func greeted(_ new: Welcome, _ now: Instant) {
    if welcome?.coordinator != new.coordinator {
      logger.info(
        "connected to the coordinator",
        metadata: [
          "coordinator": "\(new.coordinator)", "version": "\(new.version)", "endpoint": "\(endpoint)",
        ])
    }
    welcome = new
    isWelcome = true
    counts.welcomes += 1
    sendHeartbeat(now)
    sendBatch(now, again: true)
    resendRequests(now, olderThan: .zero)
    resumeWaiters()
  }
}
