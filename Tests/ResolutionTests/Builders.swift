import IncidentModel
import Settings

/// A generator whose numbers follow from its seed (SplitMix64: Steele, Lea, Flood, 2014).
struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}

enum Make {
  static let start = Timestamp(milliseconds: 1_795_424_000_000)

  static func signal(
    _ metric: String = "database_connection_usage", value: Double = 92, above threshold: Double = 80,
    clear: Double = 76, unit: String = "percent", source: String = "postgresql", target: String = "shop-db",
    condition: Condition = .above
  ) -> Signal {
    let labels = [Label.target: target]
    return Signal(
      id: "\(metric)-\(value)",
      fingerprint: Fingerprint(source: source, metric: metric, labels: labels),
      state: .raised, metric: metric, source: source, labels: labels, value: value, unit: unit,
      rule: SignalRule(
        kind: .threshold, condition: condition, threshold: threshold, clearThreshold: clear,
        text: "\(condition.rawValue) \(threshold)"), score: 1, severity: .high, observedAt: start,
      breachedSince: start, detector: "d1")
  }

  static func step(
    _ name: String, _ action: Action = .clearCache(KeyFilter(pattern: "session:*", limit: 10)),
    target: String = "shop-db", timeout: Double = 5, retries: Int = 0, idempotent: Bool = true,
    rollback: Bool = true
  ) -> PlannedStep {
    PlannedStep(
      name: name, action: action, target: target, timeoutSeconds: timeout, retries: retries,
      idempotent: idempotent, rollback: rollback)
  }

  static func incident(
    _ signals: [Signal] = [signal()], autonomy: Autonomy = .auto, remedy: Remedy? = nil,
    records: [StepRecord] = [], cause: String = "37 of 40 connections are idle in transaction"
  ) -> Incident {
    var incident = Incident(
      id: IncidentID(number: 0x1A2B_3C4D), openedBy: signals.first ?? signal(), autonomy: autonomy, at: start)
    incident.status = .resolving
    incident.symptoms = signals.map { Symptom(first: $0, latest: $0) }
    incident.diagnosis = Diagnosis(
      hypotheses: [Hypothesis(cause: cause, family: .connectionPool, confidence: 0.9, evidence: [])],
      remedy: remedy, recommendations: [])
    incident.steps = records
    return incident
  }

  static func job(_ incident: Incident, token: UInt64 = 7) -> Job {
    Job(lease: Lease(incident: incident.id, kind: .resolve, token: token), incident: incident, attempt: 1)
  }

  static func record(
    _ index: Int, _ name: String, _ state: StepRecord.State, undo: Action? = nil, attempts: Int = 1
  ) -> StepRecord {
    StepRecord(
      index: index, name: name, state: state, detail: "earlier", undo: undo, attempts: attempts,
      startedAt: start)
  }

  static func verification(_ verdict: Verification.Verdict, detail: String = "measured") -> Verification {
    let measurement = HealthMetric(
      name: "database_connection_usage", value: verdict == .recovered ? 40 : 95, threshold: 80,
      unit: "percent", timestamp: start, source: "postgresql", healthy: verdict == .recovered)
    return Verification(
      verdict: verdict, detail: detail, measurements: verdict == .unknown ? [] : [measurement], at: start)
  }

  static func undo(_ bytes: Int64) -> Action { .setMaxMemory(MemoryLimit(bytes: bytes)) }
}
