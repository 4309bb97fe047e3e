import IncidentEngine
package import IncidentModel
import JournalAudit
import MessageBus
import OrderedCollections

extension Coordinator: CoordinatorAPI {
  private static let overloaded = APIError.unavailable(
    reason: "the coordinator stops or has more to do than it can take; try again in a few seconds")
  /// How long a request waits for the journal: longer than a database takes to start again. One that waited for
  /// ever would hold its connection, and in an outage soon all of them.
  static let patience = Duration.seconds(20)
  private static let late = APIError.unavailable(
    reason: "the journal has not answered for \(patience.components.seconds) s; what you sent may still be "
      + "taken: look before you send it again")

  package nonisolated var instance: String { me.instance }

  package func writer() -> Writer {
    switch core.role {
    case .leading: .me
    case .following(nil): .nobody
    case .following(let leader?): leader.http.isEmpty ? .unreachable : .other(http: leader.http)
    }
  }

  package func incidents(_ query: IncidentQuery) throws(APIError) -> IncidentPage {
    let page = core.index.page(query)
    return IncidentPage(incidents: page.ids.compactMap { core.views[$0] }, next: page.next)
  }

  package func incident(_ id: IncidentID) async throws(APIError) -> Incident? {
    if let incident = core.views[id] { return incident }
    // An incident that ended long ago is only in the journal. Of a very long one its opening and its latest are read.
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
    switch try await ask(.person(verb, id, by: person, note: note)) {
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

  package func submit(
    _ alerts: [AIopsAlert], token: String? = nil
  ) async throws(APIError) -> [AlertReceipt] {
    let posting = "alert-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    guard case .alerts(let placements) = try await ask(.alerts(alerts, posting: posting, token: token)) else {
      throw Self.overloaded
    }
    return zip(alerts, placements).map { alert, placement in
      AlertReceipt(
        alertID: alert.alertID, fingerprint: alert.fingerprint, incident: placement.incident,
        outcome: placement.outcome)
    }
  }

  /// The engine's reply to a request, for which somebody waits.
  private func ask(_ input: EngineInput) async throws(APIError) -> EngineReply {
    let began = now
    if let reply = await submit(input, patience: Self.patience) { return reply }
    throw now - began < Self.patience ? Self.overloaded : Self.late
  }

  package func agents() -> [AgentReport] {
    let engine = core.engine
    let workers = engine.state.workers.values.sorted {
      ($0.info.kind.rawValue, $0.info.name, $0.info.instance) < (
        $1.info.kind.rawValue, $1.info.name, $1.info.instance
      )
    }
    let held = engine.state.leased.reduce(into: [String: [IncidentID]]()) { held, id in
      if let out = engine.lease(on: id) { held[out.lease.instance, default: []].append(id) }
    }
    return workers.map { worker in
      let incidents = held[worker.info.instance, default: []].sorted()
      return AgentReport(
        worker.info, lastHeartbeat: worker.lastSeen, load: worker.load,
        freeSlots: max(0, worker.capacity - incidents.count), incidents: incidents,
        spool: core.spools[worker.info.instance], identity: worker.identity?.name,
        shards: worker.info.kind == .detector && core.epoch != nil
          ? core.shards.shards(of: worker.info.instance).map(\.description) : nil)
    }
  }

  /// Who leads, as far as is known: perhaps this one.
  var leader: LeaderInfo? {
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
    // Before the core is looked at: one that is looked at across a wait is copied by the next batch.
    let counters = await bus.counters
    // Whoever stands by has read so far; the leader's engine may be ahead of what is durable.
    let written = core.epoch == nil ? nil : writtenTip?.sequence
    return metrics.text(
      core, journalAge: journalAge, followers: hub.subscriberCount, bus: counters,
      tip: written ?? Int64(core.engine.state.sequence))
  }
}
