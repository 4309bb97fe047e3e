import IncidentModel

extension PBAgentInfo: WirePart {
  init(_ info: AgentInfo) {
    instance = info.instance
    kind = info.kind.number
    name = info.name
    version = info.version
    pid = info.pid
    targets = info.targets
  }

  func model() throws(WireError) -> AgentInfo {
    AgentInfo(
      instance: try WireRules.name(instance, "agent.instance"),
      kind: try AgentKind(kind, "agent.kind"), name: try WireRules.name(name, "agent.name"),
      version: try WireRules.word(version, "agent.version"), pid: pid,
      targets: try WireRules.names(targets, "agent.targets"))
  }
}

extension PBHeartbeat: WirePart {
  init(_ heartbeat: Heartbeat) {
    sequence = heartbeat.sequence
    load = heartbeat.load
    freeSlots = Int64(heartbeat.freeSlots)
    leases = heartbeat.leases.map(PBLease.init)
    if let report = heartbeat.spool { spool = PBSpoolReport(report) }
  }

  func model() throws(WireError) -> Heartbeat {
    Heartbeat(
      sequence: sequence, load: try WireRules.amount(load, "heartbeat.load"),
      freeSlots: try WireRules.count(freeSlots, "heartbeat.free_slots"),
      leases: try WireRules.list(leases, "heartbeat.leases"), spool: try WireRules.optional(hasSpool, spool))
  }
}

extension PBSpoolReport: WirePart {
  init(_ report: SpoolReport) {
    waiting = Int64(report.waiting)
    coalesced = Int64(report.coalesced)
    dropped = Int64(report.dropped)
    unkept = Int64(report.unkept)
    bytes = Int64(report.bytes)
    throttledSeconds = report.throttledSeconds
  }

  func model() throws(WireError) -> SpoolReport {
    var report = SpoolReport()
    report.waiting = try WireRules.count(waiting, "spool.waiting")
    report.coalesced = try WireRules.count(coalesced, "spool.coalesced")
    report.dropped = try WireRules.count(dropped, "spool.dropped")
    report.unkept = try WireRules.count(unkept, "spool.unkept")
    report.bytes = try WireRules.count(bytes, "spool.bytes")
    report.throttledSeconds = try WireRules.amount(throttledSeconds, "spool.throttled_seconds")
    return report
  }
}

extension PBWelcome: WirePart {
  init(_ welcome: Welcome) {
    coordinator = welcome.coordinator
    version = welcome.version
    leaseSeconds = welcome.leaseSeconds
    heartbeatSeconds = welcome.heartbeatSeconds
    changesEndpoint = welcome.changesEndpoint
    epoch = welcome.epoch
    assignsShards = welcome.assignsShards
  }

  func model() throws(WireError) -> Welcome {
    Welcome(
      coordinator: try WireRules.name(coordinator, "welcome.coordinator"),
      version: try WireRules.word(version, "welcome.version"),
      leaseSeconds: try interval(leaseSeconds, "welcome.lease_seconds"),
      heartbeatSeconds: try interval(heartbeatSeconds, "welcome.heartbeat_seconds"),
      changesEndpoint: try WireRules.word(changesEndpoint, "welcome.changes_endpoint"), epoch: epoch,
      assignsShards: assignsShards)
  }

  /// An interval that a timer can live with: from a millisecond to a day.
  private func interval(_ seconds: Double, _ field: String) throws(WireError) -> Double {
    guard (0.001...86_400).contains(seconds) else {
      throw .outOfRange(field: field, reason: "is not from 0.001 to 86400 seconds")
    }
    return seconds
  }
}

extension PBLease: WirePart {
  init(_ lease: Lease) {
    incident = lease.incident.text
    kind = lease.kind.number
    token = lease.token
  }

  func model() throws(WireError) -> Lease {
    Lease(
      incident: try WireRules.incident(incident, "lease.incident"),
      kind: try JobKind(kind, "lease.kind"), token: token)
  }
}

extension PBJob: WirePart {
  init(_ job: Job) {
    lease = PBLease(job.lease)
    incident = PBIncident(job.incident)
    attempt = Int64(job.attempt)
  }

  func model() throws(WireError) -> Job {
    Job(
      lease: try WireRules.required(hasLease, lease, "job.lease"),
      incident: try WireRules.required(hasIncident, incident, "job.incident"),
      attempt: try WireRules.count(attempt, "job.attempt"))
  }
}

extension PBJobResult: WirePart {
  init(_ result: JobResult) {
    switch result {
    case .diagnosed(let diagnosis): kind = .diagnosed(PBDiagnosis(diagnosis))
    case .remedied(let verification, let message):
      var remedied = PBRemedied()
      remedied.verification = PBVerification(verification)
      remedied.message = WireRules.cut(message)
      kind = .remedied(remedied)
    case .failed(let reason):
      var failed = PBJobFailed()
      failed.reason = WireRules.cut(reason)
      kind = .failed(failed)
    }
  }

  func model() throws(WireError) -> JobResult {
    switch kind {
    case .diagnosed(let diagnosis): .diagnosed(try diagnosis.model())
    case .remedied(let remedied):
      .remedied(
        try WireRules.required(remedied.hasVerification, remedied.verification, "remedied.verification"),
        message: try WireRules.prose(remedied.message, "remedied.message"))
    case .failed(let failed): .failed(reason: try WireRules.prose(failed.reason, "failed.reason"))
    case nil: throw .missing(field: "result.kind")
    }
  }
}

extension PBChange: WirePart {
  init(_ change: Change) {
    sequence = change.sequence
    coordinator = change.coordinator
    incident = PBIncidentDigest(change.incident)
  }

  func model() throws(WireError) -> Change {
    Change(
      sequence: sequence, coordinator: try WireRules.name(coordinator, "change.coordinator"),
      incident: try WireRules.required(hasIncident, incident, "change.incident"))
  }
}

extension PBSnapshot: WirePart {
  init(_ snapshot: Snapshot) {
    coordinator = snapshot.coordinator
    sequence = snapshot.sequence
    incidents = snapshot.incidents.map(PBIncidentDigest.init)
  }

  func model() throws(WireError) -> Snapshot {
    Snapshot(
      coordinator: try WireRules.name(coordinator, "snapshot.coordinator"), sequence: sequence,
      incidents: try WireRules.list(incidents, "snapshot.incidents", limit: Snapshot.limit))
  }
}
