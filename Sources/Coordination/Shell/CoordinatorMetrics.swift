import IncidentEngine
import IncidentModel
import MessageBus
import Observability

/// What the coordinator counts, for `/metrics`. Counted from what is durable, from zero at every start.
struct CoordinatorMetrics: Sendable {
  private let registry = MetricsRegistry()
  private let detected: MetricFamily
  private let resolved: MetricFamily
  private let resolutionTime: MetricFamily
  private let detectionLatency: MetricFamily
  private let falsePositives: MetricFamily
  private let escalations: MetricFamily
  private let events: MetricFamily
  private let commitFailures: MetricFamily
  private let open: MetricFamily
  private let inputs: MetricFamily
  private let agents: MetricFamily
  private let followers: MetricFamily
  private let busMessages: MetricFamily
  private let busRefused: MetricFamily
  private let shed: MetricFamily
  private let leading: MetricFamily
  private let spool: SpoolMetrics
  let shards: ShardMetrics
  private let terms: MetricFamily
  private let journalAge: MetricFamily
  private let tip: MetricFamily

  init() {
    detected = registry.counter(
      "aiops_incidents_detected_total", "Incidents detected, by severity and metric.",
      labels: ["severity", "type"])
    resolved = registry.counter(
      "aiops_incidents_resolved_total", "Incidents resolved, by severity and whether a runbook did it.",
      labels: ["severity", "auto_resolved"])
    resolutionTime = registry.histogram(
      "aiops_resolution_time_seconds", "From detection to resolution.", labels: ["severity"],
      buckets: MetricsRegistry.incidentBuckets)
    detectionLatency = registry.histogram(
      "aiops_detection_latency_seconds", "From the first bad measurement to the incident.",
      buckets: MetricsRegistry.incidentBuckets)
    falsePositives = registry.counter(
      "aiops_false_positives_total", "Incidents that a person marked as false positives.")
    escalations = registry.counter(
      "aiops_incidents_escalated_total", "Incidents handed to people, by severity.", labels: ["severity"])
    events = registry.counter("aiops_journal_events_total", "Events made durable.")
    commitFailures = registry.counter(
      "aiops_journal_commit_failures_total", "Commits that failed and were tried again.")
    open = registry.gauge("aiops_incidents_open", "Incidents that have not ended.")
    inputs = registry.gauge("aiops_coordinator_inputs_waiting", "Inputs that wait for the engine.")
    agents = registry.gauge("aiops_agents_connected", "Agents that said hello and are still heard of.")
    followers = registry.gauge("aiops_stream_followers", "Followers of the stream of changes.")
    busMessages = registry.counter(
      "aiops_bus_messages_total", "Messages on the bus, by what became of them.", labels: ["outcome"])
    busRefused = registry.counter(
      "aiops_bus_handshakes_refused_total",
      "Connections that the bus refused, by reason; no_key counts those who hung up in the handshake too.",
      labels: ["reason"])
    shed = registry.counter(
      "aiops_intake_shed_total",
      "Messages that found no room and come again, those of the busiest source first.")
    leading = registry.gauge(
      "aiops_leading", "The epoch that this coordinator leads under, 0 while it stands by.")
    terms = registry.counter(
      "aiops_leadership_changes_total", "Times that this coordinator began to lead, or stepped down.",
      labels: ["change"])
    journalAge = registry.gauge(
      "aiops_journal_read_age_seconds",
      "Since a coordinator that stands by last read the journal to its end; 0 while it leads.")
    tip = registry.gauge(
      "aiops_journal_tip_sequence", "The number of the latest record of the journal that is known here.")
    spool = SpoolMetrics(registry)
    shards = ShardMetrics(registry)
    registry.addProcessMetrics()
  }

  /// Counts a durable event.
  func observe(_ event: EngineEvent, incident: Incident?) {
    guard let incident else { return }
    let severity = incident.severity.rawValue
    switch event.fact {
    case .opened(let signal, _):
      detected.add(1, signal.severity.rawValue, signal.metric)
      detectionLatency.observe(max(0, (event.at - signal.breachedSince).inSeconds))
    case .resolved(let auto, _):
      resolved.add(1, severity, auto ? "true" : "false")
      resolutionTime.observe((event.at - incident.detectedAt).inSeconds, severity)
    case .escalated: escalations.add(1, severity)
    case .markedFalsePositive: falsePositives.add(1)
    default: break
    }
  }

  /// Counts a term that began.
  func led() { terms.add(1, "led") }

  /// Counts a term that was ended by another coordinator.
  func steppedDown() { terms.add(1, "stepped_down") }

  /// Counts a commit.
  func committed(_ count: Int) { events.add(Double(count)) }

  /// Counts a commit that failed.
  func commitFailed() { commitFailures.add(1) }

  /// All metrics in Prometheus's text format, with the gauges as they are now.
  func text(
    _ core: CoordinatorCore, journalAge age: Duration, followers followerCount: Int, bus: BusCounters,
    tip sequence: Int64
  ) -> String {
    open.set(Double(core.counts.open))
    inputs.set(Double(core.intake.count))
    agents.set(Double(core.engine.state.workers.count))
    shed.set(Double(core.intake.shed))
    leading.set(Double(core.epoch ?? 0))
    journalAge.set(age.inSeconds)
    tip.set(Double(sequence))
    followers.set(Double(followerCount))
    spool.set(core)
    shards.set(core.shards)
    for (outcome, count) in [
      ("received", bus.received), ("malformed", bus.malformedFrames), ("sent", bus.sent),
      ("unroutable", bus.unroutable), ("dropped", bus.dropped), ("published", bus.published),
      ("cut_off", bus.cutOff), ("impostor", Int(clamping: core.impostors)),
    ] {
      busMessages.set(Double(count), outcome)
    }
    for reason in RefusalReason.allCases {
      busRefused.set(Double(bus.refused[reason] ?? 0), reason.rawValue)
    }
    return registry.exposition()
  }
}
