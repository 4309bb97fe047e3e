package import IncidentModel

/// An incident with what goes on with it and what time will bring.
package struct IncidentRow: Sendable {
  package var incident: Incident
  /// Who works on it.
  package var lease: LeaseRow?
  /// Work on it that nobody has taken.
  package var waiting: WaitingJob?
  /// What happens when nothing else does.
  package var next: TellingRow?

  /// A row; see the fields.
  package init(
    _ incident: Incident, lease: LeaseRow? = nil, waiting: WaitingJob? = nil, next: TellingRow? = nil
  ) {
    self.incident = incident
    self.lease = lease
    self.waiting = waiting
    self.next = next
  }
}

extension IncidentRow {
  /// What is being done about it, in a few words.
  var doing: String {
    let incident = incident
    if let lease {
      guard lease.kind == .resolve else { return "\(lease.worker) investigates" }
      let step = incident.steps.last { $0.state == .intended }
      let count = incident.diagnosis?.remedy?.steps.count ?? incident.steps.count
      return "\(lease.worker) repairs"
        + (step.map { ": step \($0.index + 1) of \(max(count, $0.index + 1)), \($0.name)" } ?? "")
    }
    if incident.awaitingApproval {
      return "waits for approval" + (incident.diagnosis?.remedy.map { " of \($0.runbook)" } ?? "")
    }
    if let waiting { return "waits: \(waiting.reason)" }
    switch incident.status {
    case .escalated:
      if let snooze = incident.snoozedUntil { return "snoozed until \(Format.clock(snooze))" }
      if let mark = incident.acknowledged { return "\(mark.by) looks after it" }
      return "needs somebody" + (incident.escalatedTo.map { "; told: \($0)" } ?? "")
    case .resolved: return incident.autoResolved ? "resolved by a runbook" : "resolved"
    case .falsePositive: return "no incident"
    case .detected, .investigating, .identified, .resolving:
      return incident.rootCause == nil ? "waits" : "identified"
    }
  }

  /// Whether a person has to do something.
  var needsSomebody: Bool {
    incident.awaitingApproval
      || (incident.status == .escalated && incident.acknowledged == nil && incident.snoozedUntil == nil)
  }
}

/// What may be said about an incident as it stands.
package enum Choices {
  /// The verbs that are not refused, in the order in which they are offered.
  package static func verbs(for incident: Incident) -> [PersonVerb.Name] {
    guard incident.status.isOpen else { return [] }
    var verbs: [PersonVerb.Name] = []
    if incident.awaitingApproval, incident.diagnosis?.remedy != nil { verbs.append(.approve) }
    if incident.acknowledged == nil { verbs.append(.acknowledge) }
    if incident.status == .escalated { verbs.append(.snooze) }
    return verbs + [.resolve, .falsePositive]
  }
}
