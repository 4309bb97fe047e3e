package import Dashboard
import FoundationEssentials
package import IncidentEngine
package import IncidentModel
import JournalAudit
import MessageBus
import Settings

/// The coordinator's own state. Nothing here looks at every incident: what is counted is kept counted.
extension Coordinator {
  /// Deadlines, and those that tell somebody, at the most.
  private static let maxDeadlines = 20
  /// Leases at the most.
  private static let maxLeases = 50
  /// Refusals at the most.
  private static let maxRefusals = 40
  /// A standby of which the store has heard nothing for so long is shown no more: its session only lingers.
  static let standbyMemory = Duration.seconds(600)
  /// Events of an incident that its plot is made of at the most; the latest.
  private static let maxMeasured = 2_000

  package func status() async -> StatusReport {
    // First, because whoever held the engine over a wait would make it copy itself meanwhile.
    async let health = store.health()
    async let asked = standbys()
    var storeReport = StoreReport(await health)
    storeReport.recentCommits = Nullable(commitTimes.report)
    let others = await asked
    let engine = core.engine
    // A leader decides before it writes.
    let written = core.epoch == nil ? nil : writtenTip.map { UInt64($0.sequence) }
    let now = now
    let (deadlines, tellings) = engine.outlooks(Self.maxDeadlines, telling: Self.maxDeadlines)
    var report = StatusReport(
      version: AIOpsVersion.current, instance: me.instance, startedAt: startedAt,
      uptimeSeconds: (now - startedAt).inSeconds, ready: readiness() == .ready,
      role: core.epoch == nil ? .standby : .leading, leader: leader,
      sequence: written ?? engine.state.sequence,
      store: storeReport, incidents: core.counts,
      queues: [
        "diagnose": engine.state.waitingCount(.diagnose), "resolve": engine.state.waitingCount(.resolve),
        "inputs": core.intake.count, "signals": core.intake.waitingSignals,
        "announcements": engine.state.announcements.count,
      ],
      deadlines: deadlines.map(deadline),
      agents: engine.state.workers.values.reduce(into: [:]) { $0[$1.info.kind.rawValue, default: 0] += 1 })
    report.standbys = others
    report.shards = Nullable(core.epoch == nil ? nil : ShardsReport(core.shards))
    report.tellings = tellings.map(deadline)
    let leases = engine.state.leased.compactMap { engine.lease(on: $0) }
    report.leaseCount = leases.count
    report.leases = leases.sorted {
      ($0.lease.since, $0.lease.lease.token) < ($1.lease.since, $1.lease.lease.token)
    }
    .prefix(Self.maxLeases).map { LeaseReport($0) }
    report.oldestJob = Nullable(engine.oldestWaiting().map { WaitingReport($0, at: now) })
    report.refusals = refusals.latest(Self.maxRefusals)
    report.versions = VersionReport(
      coordinator: AIOpsVersion.current, protocol: WireCodec.version, schema: store.schemaVersion,
      agents: engine.state.workers.values.reduce(into: [:]) { $0[$1.info.version, default: 0] += 1 })
    return report
  }

  /// The coordinators that have the journal open and do not lead.
  ///
  /// The store is asked and not the coordinators themselves: whoever can take over is who is at the journal.
  private func standbys() async -> [StandbyReport] {
    let seen = (try? await store.coordinators()) ?? []
    let leading = leader?.instance ?? ""
    let now = now
    return seen.compactMap { other in
      // The store may keep only the beginning of a name.
      guard !leading.hasPrefix(other.instance), other.silence < Self.standbyMemory else { return nil }
      return StandbyReport(
        instance: other.instance, http: other.http, seenAt: now - max(other.silence, .zero))
    }
  }

  private func deadline(_ outlook: Outlook) -> DeadlineReport {
    DeadlineReport(
      incident: outlook.incident, kind: outlook.what, at: outlook.at,
      tells: outlook.telling.map { TellingReport($0, every: settings.sinks.map(\.name)) })
  }

  package func outlooks(of ids: [IncidentID]) -> [IncidentID: IncidentOutlook] {
    let engine = core.engine
    let now = now
    return ids.reduce(into: [:]) { outlooks, id in
      outlooks[id] = IncidentOutlook(
        lease: engine.lease(on: id).map { LeaseReport($0) },
        waiting: engine.waiting(on: id).map { WaitingReport($0, at: now) },
        next: engine.outlook(of: id).map(deadline))
    }
  }

  package nonisolated func measurements(of incident: Incident) async -> [SymptomSeries] {
    // The journal has every value that was ever stated, and so nothing has to be kept for it in memory.
    let records = (try? await store.records(of: incident.id, limit: Self.maxMeasured)) ?? []
    return await Self.series(of: incident, records)
  }

  /// Off the actor, because readers should not wait for it.
  @concurrent
  private static func series(of incident: Incident, _ records: [JournalRecord]) async -> [SymptomSeries] {
    let decoder = JSONCoding.decoder()
    let measuring: Set = ["opened", "signalled", "verified"]
    let events = records.filter { measuring.contains($0.kind) }.compactMap { try? $0.event(decoder: decoder) }
    return SymptomSeries.collect(incident, events)
  }

  /// Writes down what an agent is refused.
  func noteRefusal(_ message: CoordinatorMessage, to peer: PeerID) {
    switch message {
    case .refused(_, let reason):
      refusals.note(.lease, who: core.instance(of: peer) ?? peer.description, reason: reason, at: now)
    case .rejected(let reason): refusals.note(.agent, who: peer.description, reason: reason, at: now)
    default: break
    }
  }
}

extension SymptomSeries {
  /// What the symptoms of an incident were measured at, in their order.
  /// - Parameter events: of the incident, as far as they are known; what the incident itself says is added.
  package static func collect(_ incident: Incident, _ events: [EngineEvent]) -> [SymptomSeries] {
    var points: [Fingerprint: [Point]] = [:]
    var checks = incident.verification?.measurements ?? []
    for event in events {
      switch event.fact {
      case .opened(let signal, _), .signalled(let signal):
        points[signal.fingerprint, default: []].append(Point(at: signal.observedAt, value: signal.value))
      case .verified(let verification): checks += verification.measurements
      default: break
      }
    }
    var claimed: Set<String> = []
    return incident.symptoms.map { symptom in
      var series = SymptomSeries(
        metric: symptom.latest.metric, target: symptom.latest.target, unit: symptom.latest.unit,
        rule: symptom.latest.rule)
      let own = [symptom.first, symptom.latest].map { Point(at: $0.observedAt, value: $0.value) }
      // A measurement names its metric only; of several series of one name it was of the first.
      let isFirst = claimed.insert(symptom.latest.metric).inserted
      let measured = isFirst ? checks.filter { $0.name == symptom.latest.metric } : []
      series.add(
        own + points[symptom.fingerprint, default: []]
          + measured.map { Point(at: $0.timestamp, value: $0.value, isCheck: true) })
      return series
    }
  }
}
