package import IncidentModel

/// How far an escalation got.
package struct EscalationProgress: Sendable, Equatable {
  /// What is due next.
  package var pointer: EscalationPointer
  /// When it is due.
  package var next: Timestamp
  /// Who is told then.
  package var nextName: String
}

/// The end of an answer: when a snooze is over or an acknowledgement lapses.
package struct AnswerEnd: Sendable, Equatable {
  /// When.
  package var at: Timestamp
  /// Who is told then, unless somebody answers before.
  package var name: String
}

/// What time alone brings about for an incident that is in people's hands.
enum EscalationDeadline: Equatable {
  /// The policy goes on.
  case told(name: String, at: Timestamp)
  /// Nobody answered while it was snoozed; the policy begins anew.
  case snoozeEnds(AnswerEnd)
  /// Whoever acknowledged it did not end it; the policy begins anew.
  case acknowledgementLapses(AnswerEnd)

  var at: Timestamp {
    switch self {
    case .told(_, let at): at
    case .snoozeEnds(let end), .acknowledgementLapses(let end): end.at
    }
  }

  /// For people.
  var text: String {
    switch self {
    case .told(let name, _): "tell \(name)"
    case .snoozeEnds(let end): "the snooze ends: tell \(end.name)"
    case .acknowledgementLapses(let end): "the acknowledgement lapses: tell \(end.name)"
    }
  }
}

extension IncidentRecord {
  /// When people are told next, and why; `nil` when that is not for time alone to decide.
  var escalationDeadline: EscalationDeadline? {
    guard incident.status == .escalated else { return nil }
    if incident.snoozedUntil != nil { return answerEnd.map(EscalationDeadline.snoozeEnds) }
    if incident.acknowledged != nil { return answerEnd.map(EscalationDeadline.acknowledgementLapses) }
    guard let escalation, incident.wakesPeople else { return nil }
    return .told(name: escalation.nextName, at: escalation.next)
  }
}

extension Announcement {
  /// Whether people still need to hear it, as its incident stands now; `nil`: it is no longer kept.
  package func isWanted(for incident: Incident?) -> Bool {
    guard let incident else { return kind == .resolved }
    return switch kind {
    case .escalation:
      incident.status == .escalated && incident.acknowledged == nil && incident.snoozedUntil == nil
    case .approvalNeeded: incident.awaitingApproval
    case .resolved: true
    }
  }
}
