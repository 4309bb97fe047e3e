import IncidentModel

extension LinkCore {
  // MARK: - Jobs

  /// Takes a job on, unless it is held already or cannot be done.
  mutating func take(_ job: Job) {
    let lease = job.lease
    if leases[lease.token] != nil || ended.contains(lease.token) { return }
    let older = leases.valid.filter { $0.incident == lease.incident && $0.kind == lease.kind }
    // A late copy: tokens rise, and a higher one makes every lower one void.
    if older.contains(where: { $0.token > lease.token }) { return }
    guard phase == .running, takes == lease.kind, leases.working < slots else {
      counts.refusedJobs += 1
      emit(.note(.jobNotTaken(lease)))
      // Tells the coordinator what is held and free in truth.
      sendHeartbeat()
      return
    }
    for old in older { lose(old.token, reason: "a newer lease replaced it") }
    leases.add(lease, at: now)
    counts.jobs += 1
    emit(.start(job))
    sendHeartbeat()
  }

  mutating func workerEnded(_ token: UInt64, _ result: JobResult?) {
    guard let held = leases[token], !held.isFinishing else { return }
    guard let result, held.lostReason == nil, phase != .stopped else { return forget(token) }
    leases.finishing(token)
    // A result that cannot be sent is a failure that can, or the lease would just run out.
    var stated = result
    do { _ = try WireCodec.encode(.finished(request: 0, result, held.lease)) } catch {
      emit(.note(.resultUnsendable(held.lease, reason: "\(error)")))
      stated = .failed(reason: "the result could not be sent: \(error)")
    }
    lastRequest += 1
    send(.finished(request: lastRequest, stated, held.lease), lastRequest, .result, held.lease)
  }

  private mutating func forget(_ token: UInt64) {
    guard leases.remove(token) else { return }
    ended.append(token)
    if ended.count > Self.maxEnded { ended.removeFirst() }
    endIfDone()
  }

  /// Ends the right to work on a lease; its worker is cancelled and what it asked for fails.
  mutating func lose(_ token: UInt64, reason: String) {
    guard let lease = leases.lose(token, reason: reason) else { return }
    counts.lostLeases += 1
    emit(.note(.leaseLost(lease, reason: reason)))
    emit(.cancel(token: token, reason: reason))
    for request in requests where request.lease.token == token {
      answer(request.number, .lost(reason: reason))
    }
  }

  // MARK: - Requests

  mutating func request(_ id: UInt64, _ statement: WorkStatement, _ lease: Lease) {
    guard let held = leases[lease.token] else {
      return emit(.answer(id: id, .lost(reason: "the lease is not held")))
    }
    if phase == .stopped { return emit(.answer(id: id, .shuttingDown)) }
    if let reason = held.lostReason { return emit(.answer(id: id, .lost(reason: reason))) }
    let message = statement.message(lastRequest + 1, lease)
    do { _ = try WireCodec.encode(message) } catch {
      return emit(.answer(id: id, .lost(reason: "a statement could not be sent: \(error)")))
    }
    lastRequest += 1
    send(message, lastRequest, .caller(id), lease)
  }

  /// Sends a request, again and again until it is granted or refused. An agent that stops sends it once:
  /// the fate of a step that just ended should be known.
  private mutating func send(
    _ message: AgentMessage, _ number: UInt64, _ asker: Request.Asker, _ lease: Lease
  ) {
    sendHome(message)
    requests.append(
      Request(number: number, asker: asker, message: message, lease: lease, sentAt: now))
    if phase != .running { answer(number, .shuttingDown) }
  }

  /// Ends a request; without an error it was granted.
  mutating func answer(_ number: UInt64, _ error: LeaseError?) {
    guard let index = requests.firstIndex(where: { $0.number == number }) else { return }
    let request = requests.remove(at: index)
    switch request.asker {
    case .caller(let id): emit(.answer(id: id, error))
    case .result:
      if let error { emit(.note(.resultNotTaken(request.lease, reason: "\(error)"))) }
      forget(request.lease.token)
    }
  }

  mutating func resendRequests(olderThan age: Duration) {
    for index in requests.indices where now >= requests[index].sentAt + age {
      requests[index].sentAt = now
      counts.resends += 1
      sendHome(requests[index].message)
    }
  }
}
