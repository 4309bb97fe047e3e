import Dashboard
import IncidentModel

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed everywhere.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Texts that somebody might try, and incidents made of nothing else.
struct Hostile {
  static let now = Timestamp(milliseconds: 1_795_424_000_000)
  private static let pieces = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title><svg onload=alert(1)>", "<!--", "-->", "]]>", "&#x3C;script&#x3E;", "&lt;b&gt;",
    "\u{202E}gpj.exe",
    "\u{0}\u{1}\u{1B}[31m", "\r\n\tX-Header: 1", "\u{2028}\u{2029}", "\u{FEFF}\u{200B}\u{AD}",
    "`${alert(1)}`",
    "{{{name}}}", "<style>*{display:none}</style>", "<a href=//evil.example>", "http://evil.example/",
    "\\u003cscript",
    "e\u{301}\u{301}\u{301}", "😀\u{200D}🔥", "עברית", "العربية", "\u{E0041}\u{E007F}", "\u{FFFE}",
    "%3Cscript%3E", "&amp;&",
    "<textarea>", "<iframe srcdoc='<script>'>", "expression(alert(1))",
    "<noscript><p title=\"</noscript><script>\">",
  ]

  var numbers: SeededNumbers

  init(seed: UInt64) { numbers = SeededNumbers(state: seed) }

  mutating func text() -> String {
    if Int.random(in: 0..<12, using: &numbers) == 0 {
      return String(repeating: pick() + " ", count: 10_000 / 8)
    }
    return (0...Int.random(in: 0...3, using: &numbers)).map { _ in pick() }.joined()
  }

  private mutating func pick() -> String { Self.pieces.randomElement(using: &numbers) ?? "<" }

  mutating func texts() -> [String] { (0...Int.random(in: 0...4, using: &numbers)).map { _ in text() } }

  mutating func number() -> Double {
    let wild: [Double] = [
      .nan, .infinity, -.infinity, 0, -0.0, 1e300, -1e300, .leastNonzeroMagnitude, 92.5, 1e15, -3,
    ]
    return wild.randomElement(using: &numbers) ?? 0
  }

  mutating func moment() -> Timestamp {
    let wild: [Int64] = [.min, .max, 0, Self.now.milliseconds]
    return Bool.random(using: &numbers)
      ? Timestamp(milliseconds: Self.now.milliseconds - Int64.random(in: 0...9_999_999, using: &numbers))
      : Timestamp(milliseconds: wild.randomElement(using: &numbers) ?? 0)
  }

  mutating func choice<T: CaseIterable>(_ type: T.Type) -> T where T.AllCases: RandomAccessCollection {
    T.allCases.randomElement(using: &numbers) ?? T.allCases[T.allCases.startIndex]
  }

  mutating func signal() -> Signal {
    Signal(
      id: text(), fingerprint: Fingerprint(text: text()),
      state: Bool.random(using: &numbers) ? .raised : .cleared,
      metric: text(), source: text(), labels: [Label.target: text(), text(): text()], value: number(),
      unit: text(),
      rule: SignalRule(
        kind: .threshold, condition: choice(Condition.self), threshold: number(), clearThreshold: number(),
        text: text()),
      score: number(), severity: choice(Severity.self), observedAt: moment(), breachedSince: moment(),
      detector: text())
  }

  mutating func incident(_ number: UInt32) -> Incident {
    let first = signal()
    var incident = Incident(
      id: IncidentID(number: number), openedBy: first, autonomy: choice(Autonomy.self), at: moment())
    incident.take(first)
    for _ in 0..<Int.random(in: 0...3, using: &numbers) { incident.take(signal()) }
    incident.status = choice(IncidentStatus.self)
    incident.severity = choice(Severity.self)
    incident.affectedSystems = texts()
    let evidence = Evidence(statement: text(), query: text(), tool: text(), observedAt: moment())
    let filter = SessionFilter(state: text(), application: text(), olderThanSeconds: 1, limit: 1)
    let step = PlannedStep(
      name: text(), action: .terminateBackends(filter), target: text(), timeoutSeconds: 1, retries: 0,
      idempotent: false,
      rollback: true)
    incident.diagnosis = Diagnosis(
      hypotheses: [
        Hypothesis(cause: text(), family: nil, confidence: self.number(), evidence: [evidence, evidence])
      ],
      remedy: Remedy(runbook: text(), parameters: [text(): .text(text())], steps: [step]),
      recommendations: texts())
    incident.rootCause = text()
    incident.escalatedTo = text()
    incident.escalationReason = text()
    incident.awaitingApproval = Bool.random(using: &numbers)
    incident.acknowledged = Bool.random(using: &numbers) ? PersonMark(by: text(), at: moment()) : nil
    incident.approved = PersonMark(by: text(), at: moment())
    incident.snoozedUntil = Bool.random(using: &numbers) ? moment() : nil
    incident.resolvedAt = incident.status.isOpen ? nil : moment()
    let exchange = Exchange(
      number: 1, question: text(), tool: text(), query: text(), finding: text(), at: moment())
    incident.dialogue = [exchange]
    let states: [StepRecord.State] = [.intended, .succeeded, .failed, .rolledBack]
    incident.steps = states.enumerated().map {
      StepRecord(
        index: $0, name: text(), state: $1, detail: text(), attempts: 2, startedAt: moment(),
        endedAt: moment())
    }
    let measured = HealthMetric(
      name: first.metric, value: self.number(), threshold: self.number(), unit: text(), timestamp: moment(),
      source: text())
    incident.verification = Verification(
      verdict: .unknown, detail: text(), measurements: [measured], at: moment())
    incident.timeline = (0..<6).map { _ in
      TimelineEntry(at: moment(), kind: text(), actor: text(), text: text())
    }
    return incident
  }

  mutating func row(_ number: UInt32) -> IncidentRow {
    let incident = incident(number)
    return IncidentRow(
      incident, lease: Bool.random(using: &numbers) ? lease(incident.id) : nil,
      waiting: Bool.random(using: &numbers) ? job(incident.id) : nil, next: telling(incident.id))
  }

  mutating func lease(_ id: IncidentID) -> LeaseRow {
    LeaseRow(incident: id, kind: choice(JobKind.self), worker: text(), since: moment(), expires: moment())
  }

  mutating func job(_ id: IncidentID) -> WaitingJob {
    WaitingJob(incident: id, kind: choice(JobKind.self), since: moment(), reason: text())
  }

  mutating func telling(_ id: IncidentID) -> TellingRow {
    TellingRow(incident: id, at: moment(), what: text(), names: texts(), sinks: texts(), step: 1, round: 2)
  }

  mutating func series() -> SymptomSeries {
    let signal = signal()
    var series = SymptomSeries(metric: signal.metric, target: text(), unit: signal.unit, rule: signal.rule)
    series.add(
      (0..<Int.random(in: 0...400, using: &numbers)).map { _ in
        SymptomSeries.Point(at: moment(), value: number(), isCheck: Bool.random(using: &numbers))
      })
    return series
  }

  mutating func system() -> SystemView {
    var system = SystemView(now: Self.now, startedAt: moment())
    (system.version, system.instance, system.trouble) = (text(), text(), text())
    system.role = Bool.random(using: &numbers) ? .leading : .standby
    system.leader = SystemView.Peer(instance: text(), authority: Authority(text()), silentSince: moment())
    system.standbys = [SystemView.Peer(instance: text(), authority: Authority("h:1"), silentSince: moment())]
    (system.store.kind, system.store.location) = (text(), text())
    (system.store.lastError, system.store.warning, system.store.lastCommit) = (text(), text(), number())
    system.open = 3
    system.openBySeverity = [.critical: 1, .low: 2]
    system.queues = [(text(), 3)]
    let id = IncidentID(number: 7)
    (system.oldestJob, system.leases, system.leaseCount) = (job(id), [lease(id)], 9)
    system.tellings = [telling(id)]
    system.agents = (0..<45).map { _ in
      AgentRow(
        kind: choice(AgentKind.self), name: text(), instance: text(), version: text(), load: number(),
        freeSlots: 1,
        incidents: [id, id, id, id, id], lastHeartbeat: moment(), targets: texts(), spool: text())
    }
    system.refusals = [RefusalRow(at: moment(), what: text(), who: text(), reason: text(), count: 4)]
    system.versions = [(text(), 2)]
    return system
  }
}
