import Dashboard
import FoundationEssentials
import HTTPTypes
import Hummingbird
import IncidentModel
import MessageBus

extension APIResponder {
  /// The system's state as pages show it.
  func system() async -> SystemView {
    async let agents = api.agents()
    async let readiness = api.readiness()
    var view = SystemView(
      await api.status(), agents: await agents, isSecure: gate.isTLS, now: now())
    if case .notReady(let reason) = await readiness { view.trouble = reason }
    return view
  }

  /// Has the coordinator that leads do what a form here says.
  func forwarded(
    _ request: Request, as verb: PersonVerb.Name, on id: IncidentID, _ input: CommandInput, of caller: Caller
  ) async throws -> Response? {
    var fields: [String: String] = [:]
    fields["by"] = input.by
    fields["note"] = input.note
    if case .snooze(let duration) = input.verb { fields["for"] = "\(Int(duration.inSeconds))s" }
    let path = "/aiops/incidents/\(id.text)/\(verb.rawValue)"
    return try await forwarded(request, of: caller, path: path, body: Array(try Self.encode(fields)))
  }
}

extension SystemView {
  /// The view of a report.
  /// - Parameter isSecure: whether coordinators are reached by https.
  init(_ report: StatusReport, agents: [AgentReport], isSecure: Bool, now: Timestamp) {
    self.init(now: now, startedAt: report.startedAt)
    version = report.version
    instance = report.instance
    role = report.role == .leading ? .leading : .standby
    epoch = report.epoch
    leader = report.leader.value.map {
      Peer(instance: $0.instance, authority: Authority($0.http, isSecure: isSecure))
    }
    standbys = report.standbys.map { standby in
      let silent = now - standby.seenAt > .seconds(5)
      return Peer(
        instance: standby.instance, authority: Authority(standby.http, isSecure: isSecure),
        silentSince: silent ? standby.seenAt : nil)
    }
    store = Store(report.store)
    open = report.incidents.open
    total = report.incidents.total
    for status in IncidentStatus.allCases { byStatus[status] = report.incidents.byStatus[status.rawValue] }
    for severity in Severity.allCases {
      openBySeverity[severity] = report.incidents.openBySeverity[severity.rawValue]
    }
    let names = [
      ("diagnose", "wait for a diagnoser"), ("resolve", "wait for a resolver"), ("inputs", "inputs wait"),
      ("signals", "signals wait"), ("announcements", "being told"),
    ]
    queues = names.map { ($0.1, report.queues[$0.0] ?? 0) }
    oldestJob = report.oldestJob.value.map { WaitingJob($0) }
    leases = report.leases.prefix(20).map { LeaseRow($0) }
    leaseCount = report.leaseCount
    tellings = report.tellings.prefix(15).map { TellingRow($0) }
    self.agents = agents.map { AgentRow($0) }
    refusals = report.refusals.map {
      RefusalRow(
        at: $0.at, what: $0.kind.rawValue.replacing("_", with: " "), who: $0.who, reason: $0.reason,
        count: $0.count)
    }
    versions = report.versions.agents.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

extension SystemView.Store {
  init(_ report: StoreReport) {
    self.init()
    kind = report.kind
    location = report.location
    bytes = report.bytes
    lastSequence = report.lastSequence
    failures = report.failures
    lastCommit = report.lastCommitSeconds.value
    p50 = report.recentCommits.value?.p50Seconds
    p99 = report.recentCommits.value?.p99Seconds
    lastError = report.lastError.value
    warning = report.warning.value
  }
}

extension IncidentRow {
  /// An incident with its outlook, where there is one.
  init(_ incident: Incident, _ outlook: IncidentOutlook?) {
    self.init(
      incident, lease: outlook?.lease.map { LeaseRow($0) }, waiting: outlook?.waiting.map { WaitingJob($0) },
      next: outlook?.next.map { TellingRow($0) })
  }
}

extension LeaseRow {
  init(_ report: LeaseReport) {
    self.init(
      incident: report.incident, kind: report.kind, worker: report.worker, since: report.since,
      expires: report.until)
  }
}

extension WaitingJob {
  init(_ report: WaitingReport) {
    self.init(incident: report.incident, kind: report.kind, since: report.since, reason: report.detail)
  }
}

extension TellingRow {
  init(_ report: DeadlineReport) {
    let tells = report.tells.value
    self.init(
      incident: report.incident, at: report.at, what: report.kind, names: tells?.names ?? [],
      sinks: tells?.sinks ?? [], step: tells?.step.value, round: tells?.round.value)
  }
}

extension AgentRow {
  init(_ report: AgentReport) {
    self.init(
      kind: report.kind, name: report.name, instance: report.instance, version: report.version,
      load: report.load, freeSlots: report.freeSlots, incidents: report.incidents,
      lastHeartbeat: report.lastHeartbeat, targets: report.targets,
      spool: report.spool.flatMap { AgentRow.words($0) })
  }

  /// What waits at a detector, and what it lost; `nil` for nothing.
  private static func words(_ spool: SpoolReport) -> String? {
    var words: [String] = []
    if spool.waiting > 0 { words.append("\(spool.waiting) signals wait") }
    if spool.dropped > 0 { words.append("\(spool.dropped) were lost") }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }
}
