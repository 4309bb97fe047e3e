import IncidentEngine
package import IncidentModel
import MessageBus
import OrderedCollections

extension Coordinator: CoordinatorAPI {
  private static let overloaded = APIError.unavailable(
    reason: "the coordinator stops or has more to do than it can take; try again in a few seconds")

  package nonisolated var instance: String { me.instance }

  package func writer() -> Writer {
    switch core.role {
    case .leading: .me
    case .following(nil): .nobody
    case .following(let leader?): leader.http.isEmpty ? .unreachable : .other(http: leader.http)
    }
  }

  package func incidents(_ query: IncidentQuery) throws(APIError) -> IncidentPage {
    query.page(of: core.views.values)
  }

  package func incident(_ id: IncidentID) async throws(APIError) -> Incident? {
    if let incident = core.views[id] { return incident }
    // An incident that ended long ago is only in the journal.
    do {
      let decoder = JSONCoding.decoder()
      let events = try await store.records(of: id, limit: 10_000).map { try $0.event(decoder: decoder) }
      return Incident.replayed(from: events)
    } catch {
      throw .unavailable(reason: "the journal can't be read: \(error)")
    }
  }

  package func command(
    _ verb: PersonVerb, on id: IncidentID, by person: String, note: String?
  ) async throws(APIError) -> Incident {
    switch await submit(.person(verb, id, by: person, note: note)) {
    case .incident(let incident): return incident
    case .conflict(let reason): throw .conflict(reason: reason)
    case .notFound:
      // Long over, perhaps.
      if let ended = try await incident(id) {
        throw .conflict(reason: "\(id) has ended: it is \(ended.status.rawValue)")
      }
      throw .notFound
    default: throw Self.overloaded
    }
  }

  package func submit(_ alerts: [AIopsAlert]) async throws(APIError) -> [AlertReceipt] {
    let posting = String(UInt64.random(in: .min ... .max), radix: 36)
    guard case .alerts(let placements) = await submit(.alerts(alerts, posting: "alert-\(posting)")) else {
      throw Self.overloaded
    }
    return zip(alerts, placements).map { alert, placement in
      AlertReceipt(
        alertID: alert.alertID, fingerprint: alert.fingerprint, incident: placement.incident,
        outcome: placement.outcome)
    }
  }

  package func status() async -> StatusReport {
    // First, because whoever held the engine over a wait would make it copy itself meanwhile.
    let store = StoreReport(await store.health())
    let engine = core.engine
    return StatusReport(
      version: AIOpsVersion.current, instance: me.instance, startedAt: startedAt,
      uptimeSeconds: (now - startedAt).inSeconds, ready: readiness() == .ready,
      role: core.epoch == nil ? .standby : .leading, leader: leader,
      sequence: engine.state.sequence, store: store,
      incidents: core.counts,
      queues: [
        "diagnose": engine.state.waitingCount(.diagnose), "resolve": engine.state.waitingCount(.resolve),
        "inputs": core.intake.count, "signals": core.intake.waitingSignals,
        "announcements": engine.state.announcements.count,
      ],
      deadlines: engine.nextDeadlines(20).map {
        DeadlineReport(incident: $0.incident, kind: $0.what, at: $0.at)
      },
      agents: engine.state.workers.values.reduce(into: [:]) { $0[$1.info.kind.rawValue, default: 0] += 1 },
      shards: core.epoch == nil ? nil : ShardsReport(core.shards))
  }

  package func agents() -> [AgentReport] {
    let engine = core.engine
    let workers = engine.state.workers.values.sorted {
      ($0.info.kind.rawValue, $0.info.name, $0.info.instance) < (
        $1.info.kind.rawValue, $1.info.name, $1.info.instance
      )
    }
    let held = engine.state.records.values.reduce(into: [String: [IncidentID]]()) { held, record in
      if let lease = record.job?.lease { held[lease.instance, default: []].append(record.incident.id) }
    }
    return workers.map { worker in
      let incidents = held[worker.info.instance, default: []].sorted()
      return AgentReport(
        worker.info, lastHeartbeat: worker.lastSeen, load: worker.load,
        freeSlots: max(0, worker.capacity - incidents.count), incidents: incidents,
        spool: core.spools[worker.info.instance],
        shards: worker.info.kind == .detector && core.epoch != nil
          ? core.shards.shards(of: worker.info.instance).map(\.description) : nil)
    }
  }

  /// Who leads, as far as is known: perhaps this one.
  private var leader: LeaderInfo? {
    switch core.role {
    case .following(let leader): return leader
    case .leading(let epoch):
      var leader = me
      leader.epoch = epoch
      return leader
    }
  }

  /// How long ago the journal was read to its end; nothing while this one writes it.
  private var journalAge: Duration { core.epoch == nil ? ContinuousClock.now - journalReadAt : .zero }

  package func changes(after sequence: UInt64?) -> ChangeFeed { hub.subscribe(after: sequence) }

  package func readiness() -> Readiness {
    if let storeTrouble { return .notReady(reason: storeTrouble) }
    if core.epoch != nil { return .ready }
    if leader == nil { return .notReady(reason: "no coordinator leads at the moment") }
    return journalAge <= Self.staleJournal
      ? .ready : .notReady(reason: "the journal was not read for \(Int(journalAge.inSeconds)) s")
  }

  package func metricsText() async -> String {
    metrics.text(
      core, journalAge: journalAge, followers: hub.subscriberCount, bus: await bus.counters)
  }
}
