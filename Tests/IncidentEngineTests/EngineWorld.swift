import IncidentEngine
import IncidentModel

/// An engine with its journal, on virtual time, and the builders of what it is told.
struct EngineWorld {
  var engine: Engine
  var journal: [EngineEvent] = []
  var now = Timestamp(milliseconds: 1_700_000_000_000)
  var sent: [EngineEffect] = []
  private var signalNumber = 0

  init(_ change: (inout EnginePolicy) -> Void = { _ in }) {
    var policy = EnginePolicy()
    policy.autonomy = ["shop-db": .auto, "bank-db": .suggest, "museum-db": .observe]
    change(&policy)
    engine = Engine(policy: policy)
  }

  @discardableResult
  mutating func tell(_ input: EngineInput) -> EngineReply {
    let decision = engine.handle(input, at: now)
    journal += decision.events
    sent += decision.effects
    return decision.reply
  }

  mutating func pass(_ duration: Duration) {
    now = now + duration
    tell(.tick)
  }

  mutating func signal(
    _ metric: String = "database_connection_usage", target: String = "shop-db", value: Double = 92,
    state: Signal.State = .raised, detector: String = "d1"
  ) -> Signal {
    signalNumber += 1
    let labels = [Label.target: target]
    return Signal(
      id: "\(detector)-\(signalNumber)",
      fingerprint: Fingerprint(source: "postgresql", metric: metric, labels: labels), state: state,
      metric: metric, source: "postgresql", labels: labels, value: value, unit: "percent",
      rule: SignalRule(
        kind: .threshold, condition: .above, threshold: 80, clearThreshold: 75, text: "above 80 percent"),
      score: 1, severity: Severity(value: value, threshold: 80), observedAt: now, breachedSince: now,
      detector: detector)
  }

  mutating func join(_ kind: AgentKind, _ name: String, slots: Int = 2, targets: [String] = []) {
    tell(
      .joined(
        AgentInfo(
          instance: name, kind: kind, name: name, version: "1", pid: 1, targets: targets)))
    beat(name, slots: slots)
  }

  /// A heartbeat that says what the engine thinks the agent holds.
  mutating func beat(_ name: String, slots: Int = 2, leases: [Lease]? = nil) {
    let held = leases ?? self.leases(of: name)
    tell(.heartbeat(instance: name, load: 0, freeSlots: max(0, slots - held.count), leases: held))
  }

  func leases(of name: String) -> [Lease] {
    engine.state.records.values.compactMap { record in
      record.job?.lease.flatMap { $0.instance == name ? $0.lease : nil }
    }
  }

  /// The jobs handed out so far, latest last.
  var jobs: [Job] {
    sent.compactMap { if case .work(let job, _) = $0 { job } else { nil } }
  }

  var announcements: [Announcement] {
    sent.compactMap { if case .announce(let announcement) = $0 { announcement } else { nil } }
  }

  var incidents: [Incident] {
    engine.state.records.values.map(\.incident).sorted { $0.id < $1.id }
  }

  var only: Incident { incidents[0] }

  /// The state that the journal alone gives.
  func replayed() -> Engine {
    var copy = Engine(policy: engine.policy)
    for event in journal { copy.replay(event) }
    return copy
  }

  static func diagnosis(
    steps: Int = 1, idempotent: Bool = true, runbook: String = "free-leaked-connections"
  ) -> Diagnosis {
    let planned = (0..<steps).map { index in
      PlannedStep(
        name: "step-\(index)",
        action: .terminateBackends(
          SessionFilter(
            state: "idle in transaction", application: "checkout", olderThanSeconds: 5, limit: 50)),
        target: "shop-db", timeoutSeconds: 30, retries: 0, idempotent: idempotent, rollback: true)
    }
    return Diagnosis(
      hypotheses: [
        Hypothesis(
          cause: "37 of 40 connections are idle in transaction, held by application checkout for 42 s",
          family: .connectionPool, confidence: 0.9, evidence: [])
      ],
      remedy: Remedy(runbook: runbook, parameters: ["application": .text("checkout")], steps: planned),
      recommendations: ProblemFamily.connectionPool.remedies)
  }

  static func verification(_ verdict: Verification.Verdict, at now: Timestamp) -> Verification {
    Verification(verdict: verdict, detail: "usage is 20 percent", measurements: [], at: now)
  }
}
