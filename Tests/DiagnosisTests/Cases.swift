import Diagnosis
import IncidentModel
import Settings

/// Builders of what the assistant sees, with everything that does not matter filled in.
enum Case {
  static let now = Timestamp(milliseconds: 1_790_000_000_000)

  static func signal(
    _ metric: String, _ value: Double = 92.5, above threshold: Double = 80, clear: Double = 76,
    unit: String = "percent", source: String = "postgresql", labels: [String: String] = [:],
    severity: Severity = .high
  ) -> Signal {
    var labels = labels
    labels[Label.target] = "shop"
    return Signal(
      id: "s-\(metric)", fingerprint: Fingerprint(source: source, metric: metric, labels: labels),
      state: .raised, metric: metric, source: source, labels: labels, value: value, unit: unit,
      rule: SignalRule(
        kind: .threshold, condition: .above, threshold: threshold, clearThreshold: clear,
        text: "above \(threshold) \(unit)"),
      score: 1, severity: severity, observedAt: now, breachedSince: now, detector: "detector")
  }

  static func incident(_ signal: Signal, number: UInt32 = 1) -> Incident {
    var incident = Incident(
      id: IncidentID(number: number), openedBy: signal, autonomy: .auto, at: now)
    incident.symptoms = [Symptom(first: signal, latest: signal)]
    return incident
  }

  static func dossier(
    _ signal: Signal, _ source: SourceFacts, _ results: [(Tool, ToolResult)] = [],
    history: [PastIncident] = []
  ) -> Dossier {
    Dossier(
      incident: incident(signal), source: source, runbooks: RunbookCatalogue.builtIn,
      findings: results.map { found($0.0, $0.1) }, history: history)
  }

  static func postgres(protected: [String] = []) -> SourceFacts {
    SourceFacts(name: "shop", kind: .postgres, autonomy: .auto, protectedApplications: protected)
  }

  static func found(_ tool: Tool, _ result: ToolResult) -> Finding {
    Finding(
      call: ToolCall(tool), query: "the query of \(tool.rawValue)", observedAt: now,
      outcome: .found(result))
  }

  static func failed(_ tool: Tool, _ kind: ToolFailure.Kind, wait: Double = 0) -> Finding {
    Finding(
      call: ToolCall(tool, waitSeconds: wait), query: "the query of \(tool.rawValue)", observedAt: now,
      outcome: .failed(ToolFailure(kind: kind, message: "\(kind)")))
  }

  /// Sessions alike; the settled ones are between half of `oldest` and `oldest` old.
  static func group(
    _ application: String, _ state: String, _ count: Int, role: String = "app", settled: Int? = nil,
    oldest: Double = 42, waiting: Int = 0
  ) -> SessionGroup {
    let settled = settled ?? (oldest >= 5 ? count : 0)
    return SessionGroup(
      application: application, role: role, state: state, count: count, waiting: waiting,
      settled: settled, youngestSettledSeconds: settled > 0 ? max(5, oldest / 2) : 0,
      medianSettledSeconds: settled > 0 ? max(5, oldest * 0.75) : 0, oldestSeconds: oldest)
  }

  static func sessions(_ groups: SessionGroup..., maximum: Int = 40) -> ToolResult {
    .sessions(
      SessionsResult(
        groups: groups, used: groups.reduce(0) { $0 + $1.count }, maximum: maximum, reserved: 3))
  }

  static func transactions(_ application: String, _ count: Int, idle: Bool = true, open: Double = 42)
    -> ToolResult
  {
    .transactions(
      TransactionsResult(
        transactions: (0..<count).map { index in
          OpenTransaction(
            pid: 100 + index, application: application, role: "app",
            state: idle ? "idle in transaction" : "active", openSeconds: open, stateSeconds: open,
            statement: "SELECT stock FROM items WHERE id = 3")
        }))
  }

  static func running(
    _ application: String, _ count: Int, role: String = "reports", seconds: Double = 30,
    superuser: Bool = false, waits: Bool = false, id: String? = "7", statement: String = "SELECT pg_sleep(60)"
  ) -> [RunningStatement] {
    (0..<count).map { _ in
      RunningStatement(
        application: application, role: role, roleIsSuperuser: superuser, seconds: seconds,
        waitsForLock: waits, queryID: id, statement: statement)
    }
  }
}

extension BuiltInAssistant {
  /// Asks with nothing more to be asked.
  func conclusion(_ dossier: Dossier) -> Diagnosis? {
    var dossier = dossier
    dossier.mayAsk = false
    guard case .conclude(let diagnosis) = next(dossier) else { return nil }
    return diagnosis
  }

  /// The tools that it asks for in turn when every answer comes from `answers`; a tool without one fails.
  func dialogue(
    _ start: Dossier, _ answers: (ToolCall) -> Finding
  ) -> (asked: [ToolCall], diagnosis: Diagnosis) {
    var dossier = start
    var asked: [ToolCall] = []
    while case .ask(_, let call) = next(dossier), asked.count < 20 {
      asked.append(call)
      var finding = answers(call)
      finding.call = call
      dossier.findings.append(finding)
    }
    return (asked, conclusion(dossier) ?? .unknown(evidence: []))
  }
}

extension Remedy {
  func text(_ name: String) -> String? {
    if case .text(let text)? = parameters[name] { text } else { nil }
  }

  func number(_ name: String) -> Double? {
    if case .number(let number)? = parameters[name] { number } else { nil }
  }
}
