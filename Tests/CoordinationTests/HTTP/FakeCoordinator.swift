import Coordination
import Dashboard
import IncidentEngine
import IncidentModel
import Logging
import Settings
import TestKit

/// A coordinator that does what a test says, and remembers what it was asked.
actor FakeCoordinator: CoordinatorAPI {
  struct Command: Equatable {
    let verb: PersonVerb
    let id: IncidentID
    let by: String
    let note: String?
  }

  nonisolated let instance = "fake"
  nonisolated let hub: ChangeHub
  nonisolated let refusals = RefusalLog()
  var taker = Writer.me
  var known: [Incident]
  var commands: [Command] = []
  var alerts: [AIopsAlert] = []
  /// The tokens that ``alerts`` came with, one a request.
  var alertTokens: [String?] = []
  var failure: APIError?
  var ready = Readiness.ready

  init(_ incidents: [Incident] = [], hub: ChangeHub = ChangeHub(latest: 0)) {
    known = incidents
    self.hub = hub
  }

  func fail(_ error: APIError?) { failure = error }
  func set(_ writer: Writer) { taker = writer }
  func writer() -> Writer { taker }
  func set(_ readiness: Readiness) { ready = readiness }
  func forget() { commands = [] }

  func incidents(_ query: IncidentQuery) throws(APIError) -> IncidentPage {
    if let failure { throw failure }
    return query.page(of: known)
  }

  func incident(_ id: IncidentID) throws(APIError) -> Incident? {
    if let failure { throw failure }
    return known.first { $0.id == id }
  }

  func command(
    _ verb: PersonVerb, on id: IncidentID, by person: String, note: String?
  ) throws(APIError) -> Incident {
    if let failure { throw failure }
    guard let incident = known.first(where: { $0.id == id }) else { throw .notFound }
    commands.append(Command(verb: verb, id: id, by: person, note: note))
    return incident
  }

  func submit(_ alerts: [AIopsAlert], token: String?) throws(APIError) -> [AlertReceipt] {
    if let failure { throw failure }
    self.alerts += alerts
    alertTokens.append(token)
    return alerts.enumerated().map { index, alert in
      AlertReceipt(
        alertID: alert.alertID, fingerprint: alert.fingerprint,
        incident: index == 0 ? IncidentID(number: 1) : nil, outcome: index == 0 ? .opened : .ignored)
    }
  }

  func status() -> StatusReport {
    StatusReport(
      version: "9.9.9", instance: "fake", startedAt: .start, uptimeSeconds: 1.5, ready: true,
      role: .leading,
      leader: LeaderInfo(instance: "fake", bus: "tcp://b", changes: "tcp://c", http: "h:1", epoch: 3),
      sequence: 7,
      store: StoreReport(
        StoreHealth(
          kind: "sqlite", location: "/x.db", bytes: 4096, lastSequence: 7, commits: 3, failures: 0,
          lastCommitLatency: nil, lastError: nil)),
      incidents: IncidentCounts(known), queues: ["diagnose": 1],
      deadlines: [DeadlineReport(incident: IncidentID(number: 1), kind: "escalate", at: .start)],
      agents: ["detector": 2])
  }

  func agents() -> [AgentReport] {
    [
      AgentReport(
        AgentInfo(
          instance: "i-1", kind: .diagnoser, name: "d", version: "0.1.0", pid: 42, targets: ["shop-db"]),
        lastHeartbeat: .start, load: 0.5, freeSlots: 1, incidents: [IncidentID(number: 1)])
    ]
  }

  func outlooks(of ids: [IncidentID]) -> [IncidentID: IncidentOutlook] {
    ids.reduce(into: [:]) { outlooks, id in
      outlooks[id] = IncidentOutlook(
        next: DeadlineReport(
          incident: id, kind: "tell ops", at: .start + .seconds(60),
          tells: TellingReport(names: ["ops"], sinks: ["pager"], step: 2, round: 1)))
    }
  }

  func measurements(of incident: Incident) -> [SymptomSeries] { SymptomSeries.collect(incident, []) }

  func changes(after sequence: UInt64?) -> ChangeFeed { hub.subscribe(after: sequence) }
  func readiness() -> Readiness { ready }
  func metricsText() -> String { "# TYPE aiops_up gauge\naiops_up 1\n" }
}

extension Timestamp {
  static let start = Timestamp(milliseconds: 1_795_424_000_000)
}

extension Incident {
  /// An incident with little in it.
  static func sample(
    _ number: UInt32, status: IncidentStatus = .detected, severity: Severity = .high, second: Int64 = 0
  ) -> Incident {
    let at = Timestamp(milliseconds: Timestamp.start.milliseconds + second * 1000)
    let signal = Signal(
      id: "s-\(number)",
      fingerprint: Fingerprint(source: "postgresql", metric: "database_connection_usage", labels: [:]),
      state: .raised, metric: "database_connection_usage", source: "postgresql",
      labels: ["target": "shop-db"], value: 92.5, unit: "percent",
      rule: SignalRule(
        kind: .threshold, condition: .above, threshold: 80, clearThreshold: 76, text: "above 80 percent"),
      score: 1, severity: severity, observedAt: at, breachedSince: at, detector: "detector-1")
    var incident = Incident(id: IncidentID(number: number), openedBy: signal, autonomy: .suggest, at: at)
    incident.status = status
    incident.severity = severity
    return incident
  }

  /// An incident with everything in it.
  static func whole(_ number: UInt32) -> Incident {
    var incident = sample(number, status: .resolved)
    let evidence = Evidence(
      statement: "37 of 40 are idle", query: "SELECT 1", tool: "postgres.sessions", observedAt: .start)
    let filter = SessionFilter(
      state: "idle in transaction", application: "checkout", olderThanSeconds: 30, limit: 50)
    let step = PlannedStep(
      name: "end", action: .terminateBackends(filter), target: "shop-db", timeoutSeconds: 30, retries: 0,
      idempotent: true, rollback: false)
    incident.diagnosis = Diagnosis(
      hypotheses: [
        Hypothesis(cause: "a leak", family: .connectionPool, confidence: 0.9, evidence: [evidence])
      ], remedy: Remedy(runbook: "free", parameters: ["limit": .number(50)], steps: [step]),
      recommendations: ["Look"])
    incident.rootCause = "a leak"
    incident.resolvedAt = .start
    incident.autoResolved = true
    incident.logs = (1...30).map { "line \($0)" }
    incident.dialogue = [
      Exchange(number: 1, question: "who?", tool: "t", query: "q", finding: "f", at: .start)
    ]
    incident.steps = [
      StepRecord(
        index: 0, name: "end", state: .succeeded, detail: "37 ended", attempts: 1, startedAt: .start,
        endedAt: .start)
    ]
    incident.verification = Verification(
      verdict: .recovered, detail: "12 percent", measurements: [], at: .start)
    incident.acknowledged = PersonMark(by: "ada", at: .start)
    incident.approved = PersonMark(by: "ada", at: .start)
    incident.timeline = [TimelineEntry(at: .start, kind: "signal", actor: "detector-1", text: "raised")]
    return incident
  }
}

/// Serves `coordinator` on a free port for as long as `body` runs.
func withServer(
  _ coordinator: FakeCoordinator = FakeCoordinator(), limits: HTTPLimits = HTTPLimits(),
  security: HTTPSecuritySettings = HTTPSecuritySettings(),
  _ body: (RawHTTP, HTTPAPIServer) async throws -> Void
) async throws {
  let server = try HTTPAPIServer(
    api: coordinator, host: "127.0.0.1", port: 0, security: security, limits: limits, now: { .start },
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.run() }
    guard let port = await server.boundPort() else {
      try await group.waitForAll()
      return
    }
    try await body(RawHTTP(port: port), server)
    group.cancelAll()
  }
}
