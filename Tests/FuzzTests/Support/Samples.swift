import IncidentModel
import MessageBus

/// Valid values with every field set, for seeds.
enum Samples {
  static let moment = Timestamp(milliseconds: 1_795_000_000_123)

  static let signal = Signal(
    id: "detector-1-7",
    fingerprint: Fingerprint(source: "postgresql", metric: "database_slow_queries", labels: labels),
    state: .raised, metric: "database_slow_queries", source: "postgresql", labels: labels, value: 42.5,
    unit: "count",
    rule: SignalRule(
      kind: .threshold, condition: .above, threshold: 10, clearThreshold: 9.5, text: "above 10 count"),
    score: 0.75, severity: .high, observedAt: moment, breachedSince: moment, detector: "detector-1")

  static let labels = ["target": "shop-db", "replica": "é \"1\" \\"]

  static let evidence = Evidence(
    statement: "3 of 4 slow statements", query: "SELECT 1", tool: "postgres.sessions", observedAt: moment)

  static let actions: [Action] = [
    .terminateBackends(
      SessionFilter(
        state: "idle in transaction", application: "checkout", role: "shop", olderThanSeconds: 5.5, limit: 20)
    ),
    .cancelQueries(SessionFilter(state: nil, application: "", olderThanSeconds: 0, limit: 1)),
    .setTimeouts(TimeoutSettings(role: "shop", statementSeconds: 30, idleInTransactionSeconds: -1)),
    .setPoolSize(PoolSize(database: "shop", size: 40)),
    .clearCache(KeyFilter(pattern: "session:*", limit: 10_000)),
    .setMaxMemory(MemoryLimit(bytes: 1 << 30)),
    .deleteFiles(FileFilter(folder: "/var/log/shop", pattern: "*.log", olderThanSeconds: 86_400, limit: 100)),
    .runCommand(CommandCall(command: "restart", arguments: ["shop", "--now"])),
    .httpRequest(EndpointCall(endpoint: "scale", body: #"{"replicas": 3}"#)),
    .notify(Notice(sink: "on-call", text: "look\nhere")),
  ]

  static let steps = actions.enumerated().map { index, action in
    PlannedStep(
      name: "step \(index)", action: action, target: "shop-db", timeoutSeconds: 30, retries: 1,
      idempotent: true,
      rollback: index % 2 == 0)
  }

  static let diagnosis = Diagnosis(
    hypotheses: [
      Hypothesis(
        cause: "slow statements of shop", family: .slowQueries, confidence: 0.87, evidence: [evidence]),
      Hypothesis(cause: "load", family: nil, confidence: 0, evidence: []),
    ],
    remedy: Remedy(
      runbook: "cancel-slow-queries", parameters: ["limit": .number(50), "application": .text("shop")],
      steps: steps), recommendations: ["Add the index", ""])

  static let verification = Verification(
    verdict: .recovered, detail: "went from 42.5 to 0",
    measurements: [
      HealthMetric(
        name: "database_slow_queries", value: 0, threshold: 10, unit: "count", timestamp: moment,
        source: "postgresql")
    ], at: moment)

  static let lease = Lease(incident: IncidentID(number: 0x1A2B_3C4D), kind: .resolve, token: 9)

  static let exchange = Exchange(
    number: 1, question: "Which statements are slow?", tool: "postgres.slowest_statements", query: "SELECT 1",
    finding: "3 running", at: moment)

  static let incident: Incident = {
    var incident = Incident(id: lease.incident, openedBy: signal, autonomy: .auto, at: moment)
    incident.take(signal)
    incident.status = .resolving
    incident.resolvedAt = moment
    incident.rootCause = "slow statements of shop"
    incident.resolutionSteps = ["cancel"]
    incident.escalatedTo = "on-call engineer"
    incident.dialogue = [exchange]
    incident.diagnosis = diagnosis
    incident.approved = PersonMark(by: "ann", at: moment)
    incident.acknowledged = PersonMark(by: "bob", at: moment)
    incident.snoozedUntil = moment
    incident.steps = [
      StepRecord(
        index: 0, name: "step 0", state: .rolledBack, detail: "set", undo: actions[2], attempts: 2,
        startedAt: moment, endedAt: moment)
    ]
    incident.verification = verification
    incident.escalationReason = "it became critical"
    incident.append(TimelineEntry(at: moment, kind: "status", actor: "coordinator", text: "detected"))
    return incident
  }()

  static let info = AgentInfo(
    instance: "resolver-1/77", kind: .resolver, name: "resolver-1", version: "0.4", pid: 77,
    targets: ["shop-db"])

  static let agentMessages: [AgentMessage] = [
    .hello(info),
    .heartbeat(Heartbeat(sequence: 3, load: 0.5, freeSlots: 2, leases: [lease], spool: spool)),
    .signals(batch: 5, [signal, cleared]),
    .exchanged(request: 1, exchange, lease),
    .intend(request: 2, step: 0, name: "step 0", lease),
    .concluded(request: 3, StepOutcome(index: 0, state: .succeeded, detail: "set", undo: actions[2]), lease),
    .finished(request: 4, .diagnosed(diagnosis), lease),
    .finished(request: 5, .remedied(verification, message: "resolved"), lease),
    .finished(request: 6, .failed(reason: "no way"), lease),
    .snapshot(request: 7),
    .goodbye,
  ]

  static let cleared: Signal = {
    var signal = Samples.signal
    signal.state = .cleared
    signal.value = 0
    return signal
  }()

  static let spool: SpoolReport = {
    var report = SpoolReport()
    (report.waiting, report.coalesced, report.dropped, report.unkept, report.bytes) = (1, 2, 3, 4, 4096)
    report.throttledSeconds = 1.5
    return report
  }()

  static let change = Change(sequence: 8, coordinator: "coordinator-1", incident: IncidentDigest(incident))

  static let welcome = Welcome(
    coordinator: "coordinator-1", version: "0.4", leaseSeconds: 10, heartbeatSeconds: 2,
    changesEndpoint: "tcp://127.0.0.1:5571", epoch: 3)

  static let coordinatorMessages: [CoordinatorMessage] = [
    .welcome(welcome),
    .heartbeatAcknowledged(sequence: 1, leases: [lease]),
    .accepted(batch: 1, pause: 250),
    .work(Job(lease: lease, incident: incident, attempt: 2)),
    .granted(request: 1),
    .refused(request: 2, reason: "the lease has ended"),
    .revoked(lease, reason: "resolved by ann"),
    .unknownAgent,
    .notLeading(leader: "tcp://127.0.0.1:5580"),
    .snapshot(
      request: 1, Snapshot(coordinator: "coordinator-1", sequence: 7, incidents: [IncidentDigest(incident)])),
    .rejected(reason: "not an envelope"),
  ]
}
