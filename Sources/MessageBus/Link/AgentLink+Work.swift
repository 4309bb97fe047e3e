package import IncidentModel

extension AgentLink {
  private enum Ended: Sendable {
    case guardEnded
    case result(JobResult)
    case gaveUp(LeaseError)
  }

  /// Does a job from beginning to end. Runs in a child task of ``run()``.
  func work(_ job: Job, lost: AsyncStream<Never>) async {
    let token = job.lease.token
    guard let worker else { return handle(.ended(token: token, nil)) }
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
    guards.removeValue(forKey: token)?.finish()
    switch ended {
    case .guardEnded, .gaveUp(.shuttingDown): handle(.ended(token: token, nil))
    case .result(let result): handle(.ended(token: token, result))
    case .gaveUp(.lost(let reason)):
      // Who is stopped did not fail: the goodbye gives the job back, and another worker goes on with it.
      let isStopped = isStopping || Task.isCancelled
      handle(.ended(token: token, isStopped ? nil : .failed(reason: reason)))
    }
  }

  // MARK: - Requests

  package func exchanged(_ exchange: Exchange, on lease: Lease) async throws(LeaseError) {
    try await request(.exchanged(exchange), lease)
  }

  package func intend(step index: Int, name: String, on lease: Lease) async throws(LeaseError) {
    try await request(.intend(step: index, name: name), lease)
  }

  package func concluded(_ outcome: StepOutcome, on lease: Lease) async throws(LeaseError) {
    try await request(.concluded(outcome), lease)
  }

  /// Sends a request until it is granted (returns) or refused, lost or cancelled (throws).
  ///
  /// In a cancelled task it is still sent once: the fate of a step that just ended should be known.
  private func request(_ statement: WorkStatement, _ lease: Lease) async throws(LeaseError) {
    lastRequest += 1
    let id = lastRequest
    handle(.request(id: id, statement, lease))
    if Task.isCancelled { handle(.cancelRequest(id: id)) }
    let error: LeaseError? = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if let answer = early.removeValue(forKey: id) {
          continuation.resume(returning: answer)
        } else {
          answers[id] = continuation
        }
      }
    } onCancel: {
      // Unstructured because a cancellation handler cannot wait for the actor; it only ends the wait.
      Task { await self.cancelRequest(id) }
    }
    if let error { throw error }
  }

  private func cancelRequest(_ id: UInt64) { handle(.cancelRequest(id: id)) }
}
