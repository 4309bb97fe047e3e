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
    case .acknowledge:
      if incident.acknowledged == nil { emit(.acknowledged(note: note), on: id, by: person) }
    case .approve:
      guard incident.awaitingApproval, incident.diagnosis?.remedy != nil else {
        return .conflict(reason: "\(id) is \(incident.status.rawValue) and no remedy waits for approval")
      }
      emit(.approved(note: note), on: id, by: person)
      emit(.queued(job: .resolve, deadline: now + policy.resolutionLimit), on: id)
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
      id, kind: .resolved, key: "\(id)/resolved", audience: "stakeholders", sinks: [],
      title: "\(id) resolved: \(state.records[id]?.incident.name ?? "")", text: reason)
  }

  /// Hands an incident to people: the first level of the policy is told at once.
  mutating func escalate(_ id: IncidentID, reason: String) {
    emit(.escalated(reason: reason), on: id)
    climb(id, level: 0, round: 0)
  }

  /// Tells one level, and sets the time for the next.
  mutating func climb(_ id: IncidentID, level: Int, round: Int) {
    guard let incident = state.records[id]?.incident else { return }
    let current = policy.level(level)
    let isLast = level + 1 >= policy.levels.count
    emit(
      .climbed(
        level: level, round: round, name: policy.level(isLast ? level : level + 1).name,
        next: now + current.wait), on: id)
    // The escalation is the incident's n-th; its key must be another one than that of an earlier one.
    let key = "\(id)/escalation/\(state.sequence)"
    announce(
      id, kind: .escalation, key: key, audience: current.name,
      // What is merely unusual is written down and wakes nobody.
      sinks: incident.wakesPeople ? current.sinks : ["log"],
      title: "\(id) needs you: \(incident.name)"
        + (incident.target.map { " on \($0)" } ?? ""),
      text: escalationText(incident))
  }

  /// Asks people for their approval.
  mutating func announceApproval(_ id: IncidentID, _ remedy: Remedy) {
    guard let incident = state.records[id]?.incident else { return }
    let level = policy.level(0)
    announce(
      id, kind: .approvalNeeded, key: "\(id)/approval/\(state.sequence)", audience: level.name,
      sinks: level.sinks,
      title: "\(id) waits for your approval: \(remedy.runbook)",
      text: "\(incident.rootCause ?? "")\nWould run: "
        + incident.resolutionSteps.prefix(remedy.steps.count).joined(separator: "; ")
        + "\nApprove with: aiopsctl incidents approve \(id)")
  }

  private mutating func announce(
    _ id: IncidentID, kind: Announcement.Kind, key: String, audience: String, sinks: [String],
    title: String, text: String
  ) {
    guard let severity = state.records[id]?.incident.severity else { return }
    let announcement = Announcement(
      key: key, kind: kind, incident: id, audience: audience, sinks: sinks, severity: severity,
      title: title, text: text, at: now)
    emit(.announced(announcement: announcement), on: id)
    decision.effects.append(.announce(announcement))
  }

  private func escalationText(_ incident: Incident) -> String {
    var lines = [incident.description, "Why you: \(incident.escalationReason ?? "")"]
    if let cause = incident.rootCause { lines.append("Cause: \(cause)") }
    for step in incident.steps {
      lines.append("Tried: \(step.name): \(step.state.rawValue): \(step.detail)")
    }
    if let advice = incident.diagnosis?.recommendations, !advice.isEmpty {
      lines.append("Next: " + advice.joined(separator: "; "))
    }
    lines.append("Look: aiopsctl incidents show \(incident.id)")
    return lines.joined(separator: "\n")
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
