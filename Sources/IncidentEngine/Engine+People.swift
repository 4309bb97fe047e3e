import IncidentModel
import OrderedCollections

extension Engine {
  /// Takes a person's word.
  mutating func take(_ verb: PersonVerb, on id: IncidentID, by person: String, note: String?) -> EngineReply {
    guard let incident = state.records[id]?.incident else { return .notFound }
    guard incident.status.isOpen else {
      return .conflict(reason: "\(id) has ended: it is \(incident.status.rawValue)")
    }
    switch verb {
    case .acknowledge: acknowledge(incident, by: person, note: note)
    case .snooze(let duration):
      if let refusal = snooze(incident, for: duration, by: person, note: note) { return refusal }
    case .approve:
      guard incident.awaitingApproval, incident.diagnosis?.remedy != nil else {
        return .conflict(reason: "\(id) is \(incident.status.rawValue) and no remedy waits for approval")
      }
      emit(.approved(note: note), on: id, by: person)
      emit(
        .queued(job: .resolve, deadline: now + policy.resolutionLimit), on: id, why: "approved by \(person)")
    case .resolve:
      endJob(id, reason: "resolved by \(person)")
      resolve(id, auto: false, reason: "by \(person)" + (note.map { ": \($0)" } ?? ""), by: person)
    case .falsePositive:
      endJob(id, reason: "false positive, says \(person)")
      emit(
        .markedFalsePositive(note: note, quietUntil: now + policy.falsePositiveQuiet), on: id, by: person)
    }
    guard let incident = state.records[id]?.incident else { return .notFound }
    return .incident(incident)
  }

  /// Ends an incident as resolved and tells the stakeholders.
  mutating func resolve(_ id: IncidentID, auto: Bool, reason: String, by actor: String = "coordinator") {
    emit(.resolved(auto: auto, reason: reason), on: id, by: actor)
    announce(
      id, kind: .resolved, key: "\(id)/resolved", to: EscalationTarget(name: "stakeholders", sinks: []),
      title: "\(id) resolved: \(state.records[id]?.incident.name ?? "")", text: reason)
  }

  /// Asks people for their approval.
  mutating func announceApproval(_ id: IncidentID, _ remedy: Remedy) {
    guard let incident = state.records[id]?.incident else { return }
    for target in policy.escalation(for: incident.target).firstTold {
      announce(
        id, kind: .approvalNeeded, key: "\(id)/approval/\(state.sequence)", to: target,
        title: "\(id) waits for your approval: \(remedy.runbook)",
        text: "\(incident.rootCause ?? "")\nWould run: "
          + incident.resolutionSteps.prefix(remedy.steps.count).joined(separator: "; ")
          + "\nApprove with: aiopsctl incidents approve \(id)")
    }
  }

  /// Tells somebody something about an incident.
  mutating func announce(
    _ id: IncidentID, kind: Announcement.Kind, key: String, to target: EscalationTarget, title: String,
    text: String
  ) {
    guard let severity = state.records[id]?.incident.severity else { return }
    let announcement = Announcement(
      key: key, kind: kind, incident: id, audience: target.name, sinks: target.sinks,
      severity: severity,
      title: title, text: text, at: now)
    emit(.announced(announcement: announcement), on: id)
    decision.effects.append(.announce(announcement))
  }

  /// Takes that one sink was told.
  mutating func told(_ key: String, _ sink: String) {
    guard let announcement = state.announcements[key], state.told[key]?.contains(sink) != true else { return }
    emit(.announcementTold(key: key, sink: sink), on: announcement.incident)
  }

  /// Takes what became of an announcement.
  mutating func settle(_ key: String, _ outcome: String) {
    guard let announcement = state.announcements[key] else { return }
    emit(.announcementSettled(key: key, outcome: outcome), on: announcement.incident)
  }
}
