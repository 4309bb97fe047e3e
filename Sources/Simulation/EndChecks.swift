import Coordination
import FoundationEssentials
import IncidentEngine
import IncidentModel
import MessageBus
import OrderedCollections

extension Simulation {
  /// The journal alone gives the state that a core has, bit for bit.
  func checkReplay(_ index: Int) {
    let engine = coordinators[index].core.engine
    guard engine.state.sequence == UInt64(store.events.count) else { return }
    audit.checked()
    var copy = Engine(policy: engine.policy)
    for event in store.events { copy.replay(event) }
    if let difference = copy.state.difference(from: engine.state) {
      fail("the journal alone gives the same state", "coordinator \(index): \(difference)")
    }
  }

  static func throughJSON(_ event: EngineEvent) -> EngineEvent {
    guard let data = try? JSONCoding.encoder().encode(event),
      let copy = try? JSONCoding.decoder().decode(EngineEvent.self, from: data)
    else { return event }
    return copy
  }

  /// Whoever died before the quiet part holds no lease any more.
  func checkLeases() {
    let alive = Set(agents.map { SimAgent.instance($0.index, $0.generation) })
    for node in coordinators where node.core.epoch == store.epoch {
      for record in node.core.engine.state.records.values {
        audit.checked()
        guard let active = record.job?.lease, !alive.contains(active.instance) else { continue }
        fail(
          "a dead worker loses its lease",
          "\(record.incident.id): \(active.instance) has \(active.lease.token)")
      }
    }
  }

  /// After the quiet part: everything was brought to its end, or is in people's hands.
  func checkEnd() {
    report.faults["repeated under the same key", default: 0] += audit.repeats
    let leaders = coordinators.indices.filter { coordinators[$0].core.epoch == store.epoch }
    guard leaders.count == 1, let leader = leaders.first else {
      return fail("somebody leads", "\(leaders.count) coordinators lead under epoch \(store.epoch)")
    }
    checkReplay(leader)
    checkSubscriber(leader)
    let engine = coordinators[leader].core.engine
    let time = time(leader)
    for record in engine.state.records.values.sorted(by: { $0.incident.id < $1.incident.id })
    where record.incident.status.isOpen {
      audit.checked()
      let incident = record.incident
      let inPeoplesHands =
        incident.status == .escalated && (incident.acknowledged != nil || incident.severity < .medium)
      guard let deadline = record.nextDeadline?.at ?? (inPeoplesHands ? time : nil) else {
        return fail(
          "nothing waits for ever", "\(incident.id) is \(incident.status.rawValue) without a deadline")
      }
      if deadline < time - Escalations.allowance || deadline > time + .seconds(3_600) {
        return fail(
          "nothing waits for ever",
          "\(incident.id) is \(incident.status.rawValue), its deadline \(deadline) at \(time)")
      }
      if incident.status != .escalated, time - incident.detectedAt > .seconds(280),
        record.settlesAt == nil
      {
        return fail(
          "every incident ends or is in people's hands",
          "\(incident.id) is \(incident.status.rawValue) since \(incident.detectedAt)")
      }
      if let due = audit.cases[incident.id]?.escalation.due, due < time - Escalations.allowance {
        return fail("no level is forgotten", "\(incident.id): somebody was due at \(due)")
      }
    }
    for announcement in engine.state.announcements.values where time - announcement.at > .seconds(120) {
      return fail("every announcement is settled", announcement.key)
    }
    checkAlarms(leader)
    checkTold(leader)
    for agent in agents where agent.link.counters.spooled > 0 && agent.said.isEmpty {
      fail("signals are delivered", "agent \(agent.index) still has \(agent.link.counters.spooled)")
    }
  }

  /// Whoever had to be told was told, unless it was over before.
  private func checkTold(_ leader: Int) {
    guard let quiet = audit.quietSince else { return }
    for announcement in audit.announcements(after: quiet + 120_000, before: now - 120_000) {
      guard announcement.kind == .escalation, !announcement.sinks.contains("log") else { continue }
      audit.checked()
      for sink in announcement.sinks.isEmpty ? World.sinks : announcement.sinks
      where !audit.wasTold(announcement.key, sink) {
        let incident = coordinators[leader].core.engine.state.records[announcement.incident]?.incident
        guard let incident, incident.status == .escalated, incident.acknowledged == nil,
          incident.snoozedUntil == nil
        else { continue }
        return fail("whoever must be told is told", "\(sink) never got \(announcement.key)")
      }
    }
  }

  /// A fact in one word.
  static func brief(_ fact: Fact) -> String {
    let text = String(describing: fact)
    let name = text.prefix { $0 != "(" }
    switch fact {
    case .opened(let signal, _), .signalled(let signal), .noted(let signal, _):
      return "\(name) \(signal.id) \(signal.metric) \(signal.state.rawValue)"
    case .announced(let announcement): return "\(name) \(announcement.key) to \(announcement.audience)"
    default: return String(text.prefix(160))
    }
  }
}
