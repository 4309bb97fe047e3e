package import IncidentModel
import Logging

extension AgentLink {
  // MARK: - Jobs

  /// Takes a job on, unless it is held already or cannot be done.
  func take(_ job: Job, _ now: Instant) {
    let lease = job.lease
    if leases[lease.token] != nil { return }
    guard phase == .running, let worker, worker.kind == lease.kind, leases.working < slots else {
      counts.refusedJobs += 1
      logger.warning(
        "a job was not taken: no slot is free or its kind is wrong",
        metadata: ["incident_id": "\(lease.incident)", "kind": "\(lease.kind.rawValue)"])
      // Tells the coordinator what is held and free in truth.
      sendHeartbeat(now)
      return
    }
    // A newer lease on the same job makes the older one void.
    for old in leases.valid where old.incident == lease.incident && old.kind == lease.kind {
      lose(old.token, reason: "a newer lease replaced it")
    }
    let (stream, continuation) = AsyncStream<Never>.makeStream()
    leases.add(lease, at: now, lost: continuation)
    accepted.append((job, stream))
    counts.jobs += 1
    sendHeartbeat(now)
  }

  private enum Ended: Sendable {
    case guardEnded
    case result(JobResult)
    case gaveUp(LeaseError)
  }

  /// Does a job from beginning to end. Runs in a child task of ``run()``.
  func work(_ job: Job, lost: AsyncStream<Never>) async {
    defer { leases.remove(job.lease.token) }
    guard let worker else { return }
    let ended = await withTaskGroup(of: Ended.self) { group in
      group.addTask {
        do throws(LeaseError) { return .result(try await worker.perform(job, reporter: self)) } catch {
          return .gaveUp(error)
        }
      }
      group.addTask {
        // Ends when the lease is lost, or with the task.
        for await _ in lost {}
        return .guardEnded
      }
      var ended = Ended.guardEnded
      for await end in group {
        group.cancelAll()
        if case .guardEnded = end { continue }
        ended = end
      }
      return ended
    }
    if leases[job.lease.token]?.lostReason != nil { return }
    switch ended {
    case .guardEnded, .gaveUp(.shuttingDown): return
    case .result(let result): await finish(result, job.lease)
    case .gaveUp(.lost(let reason)): await finish(.failed(reason: reason), job.lease)
    }
  }

  private func finish(_ result: JobResult, _ lease: Lease) async {
    leases.finishing(lease.token)
    // A result that cannot be sent is a failure that can, or the lease would just run out.
    var stated = result
    do { _ = try WireCodec.encode(.finished(request: 0, result, lease)) } catch {
      logger.error(
        "a result breaks the rules of the bus",
        metadata: ["incident_id": "\(lease.incident)", "reason": "\(error)"])
      stated = .failed(reason: "the result could not be sent: \(error)")
    }
    do throws(LeaseError) {
      try await request(lease) { .finished(request: $0, stated, lease) }
    } catch {
      logger.warning(
        "a result was not taken",
        metadata: ["incident_id": "\(lease.incident)", "reason": "\(error)"])
    }
  }

  /// Ends the right to work on a lease; its worker is cancelled and what it asked for fails.
  func lose(_ token: UInt64, reason: String) {
    guard leases.lose(token, reason: reason) else { return }
    counts.lostLeases += 1
    logger.warning(
      "a lease was lost",
      metadata: ["incident_id": "\(leases[token]?.lease.incident.text ?? "")", "reason": "\(reason)"])
    for (id, request) in requests where request.token == token {
      answer(id, .failure(.lost(reason: reason)))
    }
  }

  // MARK: - Requests

  package func exchanged(_ exchange: Exchange, on lease: Lease) async throws(LeaseError) {
    try await request(lease) { .exchanged(request: $0, exchange, lease) }
  }

  package func intend(step index: Int, name: String, on lease: Lease) async throws(LeaseError) {
    try await request(lease) { .intend(request: $0, step: index, name: name, lease) }
  }

  package func concluded(_ outcome: StepOutcome, on lease: Lease) async throws(LeaseError) {
    try await request(lease) { .concluded(request: $0, outcome, lease) }
  }

  /// Sends a request until it is granted (returns) or refused, lost or cancelled (throws).
  ///
  /// In a cancelled task it is still sent once: the fate of a step that just ended should be known.
  private func request(
    _ lease: Lease, _ make: (UInt64) -> AgentMessage
  ) async throws(LeaseError) {
    guard let entry = leases[lease.token] else { throw .lost(reason: "the lease is not held") }
    if let reason = entry.lostReason { throw .lost(reason: reason) }
    lastRequest += 1
    let id = lastRequest
    let frame: [UInt8]
    do { frame = try WireCodec.encode(make(id)) } catch {
      throw .lost(reason: "a statement could not be sent: \(error)")
    }
    _ = socket?.send([frame])
    let answer: Result<Void, LeaseError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if Task.isCancelled || phase != .running {
          return continuation.resume(returning: .failure(.shuttingDown))
        }
        requests[id] = Request(
          frame: frame, token: lease.token, sentAt: ContinuousClock.now, continuation: continuation)
      }
    } onCancel: {
      // Unstructured because a cancellation handler cannot wait for the actor; it only ends the wait.
      Task { await self.cancelRequest(id) }
    }
    try answer.get()
  }

  private func cancelRequest(_ id: UInt64) {
    answer(id, .failure(.shuttingDown))
  }

  func answer(_ id: UInt64, _ result: Result<Void, LeaseError>) {
    requests.removeValue(forKey: id)?.continuation.resume(returning: result)
  }

  func resendRequests(_ now: Instant, olderThan age: Duration) {
    for (id, request) in requests.sorted(by: { $0.key < $1.key }) where now >= request.sentAt + age {
      requests[id]?.sentAt = now
      counts.resends += 1
      _ = socket?.send([request.frame])
    }
  }
}
