package import IncidentModel

/// Something that people or their tools are told about an incident.
package struct Notification: Sendable, Hashable {
  /// What it is about.
  package enum Kind: String, Sendable, Codable, CaseIterable {
    /// The machines hand the incident over.
    case escalation
    /// It was resolved.
    case resolved
    /// A remedy waits for a person's word.
    case approvalNeeded = "approval_needed"
    /// A runbook says something on the way.
    case notice
    /// A coordinator can't do its work: nothing is acknowledged and nobody is told until that is over.
    case coordinatorTrouble = "coordinator_trouble"
    /// What kept a coordinator from its work is over.
    case coordinatorRecovered = "coordinator_recovered"
    /// The end of the journal's chain, to be kept elsewhere; its text has it as `SEQUENCE:HASH`.
    case journalTip = "journal_tip"
  }

  /// The same for every delivery of the same statement, so that a receiver can tell a repeat from news.
  package var key: String
  package var kind: Kind
  /// The incident that it is about; `nil` where it is about none.
  package var incident: IncidentID?
  package var severity: Severity
  /// The incident's.
  package var status: IncidentStatus?
  /// One line.
  package var title: String
  /// The whole story, for people.
  package var text: String
  /// Who is told, e.g. the name of the escalation level; `nil` where it is nobody in particular.
  package var audience: String?
  /// When it was decided to tell.
  package var at: Timestamp

  /// A notification; see the fields.
  package init(
    key: String, kind: Kind, incident: IncidentID?, severity: Severity, status: IncidentStatus?,
    title: String, text: String, audience: String? = nil, at: Timestamp
  ) {
    self.key = key
    self.kind = kind
    self.incident = incident
    self.severity = severity
    self.status = status
    self.title = title
    self.text = text
    self.audience = audience
    self.at = at
  }

  /// A notification about an incident as it stands.
  package init(
    key: String, kind: Kind, about incident: Incident, text: String, audience: String? = nil, at: Timestamp
  ) {
    self.init(
      key: key, kind: kind, incident: incident.id, severity: incident.severity, status: incident.status,
      title: "\(incident.id) \(incident.severity.rawValue): \(incident.name)", text: text,
      audience: audience, at: at)
  }
}

/// What became of a delivery.
package enum DeliveryResult: Sendable, Hashable {
  /// The sink took it; the detail is for people, e.g. `webhook ops answered 200`.
  case delivered(detail: String)
  /// It did not; the reason never shows an URL. Retry only where that can help: never after a 4xx other than 408, 425 and 429.
  case failed(reason: String, retryable: Bool)

  /// Whether the sink took it.
  package var isDelivered: Bool {
    if case .delivered = self { true } else { false }
  }
}
