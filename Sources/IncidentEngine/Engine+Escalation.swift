import IncidentModel

extension Engine {
  /// Hands an incident to people: the policy begins at once.
  mutating func escalate(_ id: IncidentID, reason: String) {
    emit(.escalated(reason: reason), on: id)
    climb(id, at: .start)
  }

  /// Tells whom the policy names at `pointer`, and sets the time for whoever comes next.
  /// - Parameter again: why they are told once more, where it is not for want of an answer.
  mutating func climb(_ id: IncidentID, at pointer: EscalationPointer, again: String? = nil) {
    guard let incident = state.records[id]?.incident else { return }
    let timetable = policy.escalation(for: incident.target)
    let stage = timetable.stage(at: pointer)
    // Counted from now: after an outage what is due is told once, not everything that was missed.
    emit(
      .climbed(
        level: stage.next.step, round: stage.next.round, name: timetable.names(at: stage.next),
        next: now + stage.wait), on: id)
    // What is merely unusual is written down once and wakes nobody.
    let told =
      incident.wakesPeople
      ? stage.told : timetable.firstTold.prefix(1).map { EscalationTarget(name: $0.name, sinks: ["log"]) }
    for target in told {
      // The sequence makes the key another one than that of everybody told before.
      announce(
        id, kind: .escalation, key: "\(id)/escalation/\(state.sequence)", to: target,
        title: "\(id) needs you: \(incident.name)" + (incident.target.map { " on \($0)" } ?? ""),
        text: escalationText(incident, again: again))
    }
  }

  /// Takes a person's word that nobody needs to be told for a while.
  mutating func snooze(_ incident: Incident, for duration: Duration, by person: String, note: String?)
    -> EngineReply?
  {
    guard incident.status == .escalated else {
      return .conflict(
        reason: "\(incident.id) is \(incident.status.rawValue); only what is escalated can be snoozed")
    }
    guard PersonVerb.snoozes.contains(duration) else {
      return .conflict(reason: "an incident can be snoozed for one minute to seven days")
    }
    emit(
      .snoozed(
        until: now + duration, note: note, name: policy.escalation(for: incident.target).firstNames),
      on: incident.id, by: person)
    return nil
  }

  /// Takes a person's word that they look after an incident; with a limit they may say so again.
  mutating func acknowledge(_ incident: Incident, by person: String, note: String?) {
    var until: Timestamp?
    if incident.status == .escalated, incident.wakesPeople, let limit = policy.acknowledgementLimit {
      until = now + limit
    }
    guard incident.acknowledged == nil || until != nil else { return }
    let name = until == nil ? nil : policy.escalation(for: incident.target).firstNames
    emit(.acknowledged(note: note, until: until, name: name), on: incident.id, by: person)
  }

  /// Does what is due for an incident that is in people's hands.
  mutating func expireEscalation(_ id: IncidentID) {
    guard let record = state.records[id], let due = record.escalationDeadline, due.at <= now else { return }
    switch due {
    case .snoozeEnds:
      emit(.snoozeEnded, on: id)
      climb(id, at: .start, again: "The snooze is over and it is still open.")
    case .acknowledgementLapses:
      let person = record.incident.acknowledged?.by ?? "somebody"
      emit(.acknowledgementLapsed(person: person), on: id)
      climb(id, at: .start, again: "\(person) acknowledged it, but it is still open.")
    case .told:
      if let escalation = record.escalation { climb(id, at: escalation.pointer) }
    }
  }

  private func escalationText(_ incident: Incident, again: String?) -> String {
    var lines = [incident.description, "Why you: \(incident.escalationReason ?? "")"]
    if let again { lines.append("Why again: \(again)") }
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
}
