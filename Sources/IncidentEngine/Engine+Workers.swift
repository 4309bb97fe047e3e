import IncidentModel
import OrderedCollections

extension Engine {
  /// Takes an agent in, or in again: what it held before is still its own until it lapses.
  mutating func join(_ info: AgentInfo, _ identity: AgentIdentity?) {
    if let identity { noteConnection(info, identity) }
    var worker =
      state.workers[info.instance]
      ?? Worker(
        info: info, capacity: 0, load: 0, lastSeen: now, joinedAt: now,
        tokens: tokens(of: info.instance))
    worker.info = info
    worker.identity = identity
    worker.lastSeen = now
    add(worker)
  }

  private func tokens(of instance: String) -> Set<UInt64> {
    Set(leases(of: instance).map(\.1.lease.token))
  }

  /// Whom the journal names as the worker of what this run of an agent holds; `nil` when it holds nothing.
  ///
  /// Known from the journal alone, so that after a change of leaders nobody inherits another one's work.
  package func owner(ofLeasesOf instance: String) -> String? { leases(of: instance).first?.1.worker }

  /// Takes a heartbeat: renews what the agent says it holds and really does.
  mutating func heartbeat(_ instance: String, load: Double, freeSlots: Int, leases: [Lease]) -> EngineReply {
    guard var worker = state.workers[instance] else { return .unknownAgent }
    worker.lastSeen = now
    worker.load = load.isFinite ? min(max(load, 0), 1) : 0
    var valid: [Lease] = []
    for lease in leases where holds(lease, instance) {
      renew(lease.incident)
      valid.append(lease)
    }
    // A job whose result has just been taken is still named, and takes no slot: counted, it would make room for
    // one that the worker can't take, and that would wait for its lease to run out.
    worker.capacity = max(0, min(freeSlots, 1_000)) + valid.count
    add(worker)
    return .renewed(valid)
  }

  /// Lets an agent go; its work waits for another one.
  mutating func leave(_ instance: String, reason: String? = nil) {
    let name = state.workers[instance]?.info.name ?? instance
    removeWorker(instance)
    for (id, lease) in leases(of: instance) { lose(id, lease, reason: reason ?? "\(name) left") }
  }

  /// Takes back a job that did not reach its worker; one that no message can carry goes to people.
  mutating func undelivered(_ lease: Lease, _ instance: String, forGood: Bool) {
    guard holds(lease, instance), let active = state.records[lease.incident]?.job?.lease else { return }
    guard forGood else {
      // Nothing more for it until it is heard again; what it works on stays its own.
      if var worker = state.workers[instance] {
        worker.capacity = 0
        add(worker)
      }
      return lose(lease.incident, active, reason: "the job did not reach \(active.worker)")
    }
    endJob(lease.incident, reason: "could not be handed out")
    escalate(
      lease.incident, reason: "the job to \(lease.kind.rawValue) is too large to be handed to a worker")
  }

  /// Forgets agents that were silent for too long.
  mutating func forgetSilentAgents() {
    for (instance, worker) in state.workers where now - worker.lastSeen > policy.agentTimeout {
      // Leases have a deadline of their own.
      if worker.tokens.isEmpty { removeWorker(instance) }
    }
  }

  private func leases(of instance: String) -> [(IncidentID, ActiveLease)] {
    state.leased
      .compactMap { id in
        state.records[id]?.job?.lease.flatMap { $0.instance == instance ? (id, $0) : nil }
      }
      .sorted { $0.0 < $1.0 }
  }

  /// Whether this lease is out to this agent now.
  func holds(_ lease: Lease, _ instance: String) -> Bool {
    guard let active = state.records[lease.incident]?.job?.lease, active.lease == lease,
      active.instance == instance
    else { return false }
    // Whoever came in under that name as something else has none of its work.
    return state.workers[instance].map { $0.info.kind == lease.kind.worker } ?? true
  }

  /// Why a statement under this lease is refused.
  func staleness(_ lease: Lease) -> EngineReply {
    guard let record = state.records[lease.incident] else {
      return .refused(reason: "\(lease.incident) is not known")
    }
    guard let active = record.job?.lease else {
      return .refused(
        reason:
          "lease \(lease.token) on \(lease.incident) has ended; the incident is \(record.incident.status.rawValue)"
      )
    }
    return .refused(
      reason:
        "lease \(lease.token) on \(lease.incident) has ended; \(active.worker) has the job under \(active.lease.token)"
    )
  }

  /// Takes a lease back; the job waits again, or goes to people when too many workers lost it.
  mutating func lose(_ id: IncidentID, _ active: ActiveLease, reason: String) {
    emit(.leaseLost(token: active.lease.token, reason: reason), on: id)
    guard let job = state.records[id]?.job, job.attempts >= policy.maxAttempts else { return }
    endJob(id, reason: "given up after \(job.attempts) workers")
    escalate(id, reason: "\(job.attempts) workers in turn lost the job to \(job.kind.rawValue)")
  }

  /// Ends an incident's job; a worker that still has it is told.
  mutating func endJob(_ id: IncidentID, reason: String) {
    guard let job = state.records[id]?.job else { return }
    if let active = job.lease {
      // The token ends without a result, so that a late result is refused.
      emit(.leaseLost(token: active.lease.token, reason: reason), on: id)
    }
    emit(.jobEnded(token: nil, reason: reason), on: id)
    if let active = job.lease {
      decision.effects.append(.revoke(active.lease, instance: active.instance, reason: reason))
    }
  }

  /// Gives waiting jobs, oldest first, to the least loaded workers that can take them.
  mutating func dispatch() {
    for kind in JobKind.allCases where hasRoom(for: kind) {
      // A job that waits for a certain worker does not hold up the others behind it: of each target that has no
      // free worker one job is tried. Handing out jobs frees nobody, so that holds for the whole pass.
      var busy: Set<[String?]> = []
      let candidates = Array((state.waiting[kind] ?? []).prefix(Self.maxCandidates))
      for id in candidates {
        let incident = state.records.incident(id)
        let place = [incident?.target, incident?.machine]
        if busy.contains(place) { continue }
        guard let worker = bestWorker(for: kind, id) else {
          busy.insert(place)
          continue
        }
        hand(id, kind, to: worker)
        if !hasRoom(for: kind) { break }
      }
    }
  }

  /// Waiting jobs of a kind that are looked at for one input, at the most.
  private static let maxCandidates = 4_096

  /// Whether any worker could take one more job; the most inputs come when all are busy.
  private func hasRoom(for kind: JobKind) -> Bool {
    state.workers.values.contains { isAlive($0, for: kind) && $0.tokens.count < $0.capacity }
  }

  /// Whether a worker does such jobs and was heard lately.
  func isAlive(_ worker: Worker, for kind: JobKind) -> Bool {
    worker.info.kind == kind.worker && now - worker.lastSeen <= policy.leaseDuration
  }

  private func bestWorker(for kind: JobKind, _ id: IncidentID) -> Worker? {
    let alive = state.workers.values.filter { isAlive($0, for: kind) }
    let able = state.records.incident(id).map { Self.able(alive, $0) } ?? alive
    // Somebody who can't reach the target gets the job only where nobody can; else it waits for one who does.
    let fit = able.isEmpty ? alive : able
    let paces = WorkerPaces(fit)
    let free = fit.filter { $0.tokens.count < paces.limit($0) }
    return free.min {
      (paces.burden($0), $0.load, $0.info.instance) < (paces.burden($1), $1.load, $1.info.instance)
    }
  }

  /// Those of the workers that can reach what an incident is about; only those on its machine, where there are any.
  static func able(_ workers: [Worker], _ incident: Incident) -> [Worker] {
    guard let target = incident.target else { return workers }
    if let machine = incident.machine {
      let near = workers.filter { $0.info.targets.contains(AgentInfo.target(target, on: machine)) }
      if !near.isEmpty { return near }
    }
    return workers.filter { $0.info.targets.contains(target) }
  }

  /// Takes down how long a worker took for a job that ended.
  mutating func noteEnd(of active: ActiveLease) {
    guard var worker = state.workers[active.instance] else { return }
    worker.record.ended(after: now - active.since)
    add(worker)
  }

  /// Takes down that a worker let a lease run out.
  mutating func noteLapse(of active: ActiveLease) {
    guard var worker = state.workers[active.instance] else { return }
    worker.record.lapsed()
    add(worker)
  }

  private mutating func hand(_ id: IncidentID, _ kind: JobKind, to worker: Worker) {
    let lease = Lease(incident: id, kind: kind, token: state.lastToken + 1)
    let attempt = (state.records[id]?.job?.attempts ?? 0) + 1
    emit(
      .leased(
        lease: lease, worker: worker.info.name, instance: worker.info.instance, attempt: attempt,
        expires: now + policy.leaseDuration), on: id)
    guard let incident = state.records[id]?.incident else { return }
    decision.effects.append(
      .work(Job(lease: lease, incident: incident, attempt: attempt), instance: worker.info.instance))
  }
}
