import IncidentModel

/// What is true outside: the targets, and what ails them.
struct World {
  static let sinks = ["pager", "chat"]
  /// A detector looks at a target every so many seconds.
  static let intervalSeconds = 5.0

  /// One series of one target.
  struct Series {
    var target: String
    var metric: String
    var isBroken = false
    var brokenSince: Int64 = 0
    /// When it was last mended.
    var mendedAt: Int64 = 0
    /// Whether a remedy can help.
    var isFixable = true
  }

  var series: [Series] = []
  var sinksDown: Set<String> = []
  /// Incidents whose remedy is the right one.
  private var right: Set<IncidentID> = []

  init() {}

  init(targets: Int) {
    for target in 0..<targets {
      for metric in ["database_connection_usage", "database_slow_queries", "queue_depth"] {
        series.append(Series(target: "target-\(target)", metric: metric))
      }
    }
  }

  func signal(_ index: Int, id: String, detector: String, at: Timestamp) -> Signal {
    let series = series[index]
    let labels = [Label.target: series.target]
    let value = series.isBroken ? 92.0 + Double(index % 3) * 10 : 10
    return Signal(
      id: id, fingerprint: Fingerprint(source: "sim", metric: series.metric, labels: labels),
      state: series.isBroken ? .raised : .cleared, metric: series.metric, source: "sim", labels: labels,
      value: value, unit: "percent",
      rule: SignalRule(
        kind: .threshold, condition: .above, threshold: 80, clearThreshold: 75, text: "above 80 percent"),
      score: 1, severity: Severity(value: value, threshold: 80), observedAt: at, breachedSince: at,
      detector: detector)
  }

  mutating func breakSeries(_ index: Int, at now: Int64, fixable: Bool) {
    series[index].isBroken = true
    series[index].brokenSince = now
    series[index].isFixable = fixable
  }

  /// Whether anything that the incident is about is still so.
  func isBroken(_ incident: Incident) -> Bool {
    series.contains { one in one.isBroken && incident.isAbout(one.target, one.metric) }
  }

  mutating func diagnosis(for incident: Incident, _ random: inout SimRandom, _ mutant: Mutant?) -> Diagnosis {
    let target = incident.target ?? "target-0"
    var remedy: Remedy?
    if incident.target != nil, random.chance(0.85) {
      let steps = (0..<random.int(1...3)).map { place in
        let idempotent = random.chance(0.5)
        return PlannedStep(
          name: idempotent ? "again-\(place)" : "once-\(place)",
          action: .terminateBackends(
            SessionFilter(
              state: "idle in transaction", application: "shop", olderThanSeconds: 5, limit: 50)),
          target: target, timeoutSeconds: 30, retries: idempotent ? random.int(0...2) : 0,
          idempotent: idempotent || mutant == .everythingIdempotent, rollback: random.chance(0.5))
      }
      remedy = Remedy(runbook: "sim-\(random.int(1...3))", parameters: [:], steps: steps)
      if random.chance(0.8) { right.insert(incident.id) } else { right.remove(incident.id) }
    }
    return Diagnosis(
      hypotheses: [Hypothesis(cause: "a cause", family: nil, confidence: 0.9, evidence: [])], remedy: remedy,
      recommendations: [])
  }

  /// The last step of a right remedy helps.
  mutating func remedied(_ incident: Incident, step: Int, of count: Int, at now: Int64) {
    guard step == count - 1, right.contains(incident.id) else { return }
    for index in series.indices
    where series[index].isFixable && incident.isAbout(series[index].target, series[index].metric) {
      mend(index, at: now)
    }
  }

  mutating func mend(_ index: Int, at now: Int64) {
    if series[index].isBroken { series[index].mendedAt = now }
    series[index].isBroken = false
  }

  var targets: [String] { Array(Set(series.map(\.target))).sorted() }
}

extension Incident {
  func isAbout(_ target: String, _ metric: String) -> Bool {
    symptoms.contains { $0.latest.metric == metric && $0.latest.target == target }
  }
}
