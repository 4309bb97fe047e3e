import IncidentEngine
package import IncidentModel

/// An incident in a list or a stream of changes.
package struct IncidentSummary: Sendable, Encodable, Equatable {
  package var id: IncidentID
  package var name: String
  package var severity: Severity
  package var status: IncidentStatus
  package var detectedAt: Timestamp
  package var autoResolved: Bool
  package var resolvedAt: Nullable<Timestamp>
  package var updatedAt: Timestamp
  package var count: Int
  package var affectedSystems: [String]
  package var rootCause: Nullable<String>
  package var escalatedTo: Nullable<String>
  package var awaitingApproval: Bool
  package var acknowledgedBy: Nullable<String>
  package var snoozedUntil: Nullable<Timestamp>
  /// The runbook of the diagnosis.
  package var runbook: Nullable<String>

  /// The summary of an incident.
  package init(_ incident: Incident) {
    id = incident.id
    name = incident.name
    severity = incident.severity
    status = incident.status
    detectedAt = incident.detectedAt
    autoResolved = incident.autoResolved
    resolvedAt = Nullable(incident.resolvedAt)
    updatedAt = incident.updatedAt
    count = incident.count
    affectedSystems = incident.affectedSystems
    rootCause = Nullable(incident.rootCause)
    escalatedTo = Nullable(incident.escalatedTo)
    awaitingApproval = incident.awaitingApproval
    acknowledgedBy = Nullable(incident.acknowledged?.by)
    snoozedUntil = Nullable(incident.snoozedUntil)
    runbook = Nullable(incident.diagnosis?.remedy?.runbook)
  }
}

/// Everything about one incident: the model's own fields, so that an ``IncidentModel/Incident`` can be
/// read from it, with `null` for what is not there yet, and at most the latest ``maxLogs`` log lines.
package struct IncidentDetail: Sendable, Encodable {
  static let maxLogs = 20

  private var incident: Incident

  init(_ incident: Incident) {
    self.incident = incident
    self.incident.logs = Array(incident.logs.suffix(Self.maxLogs))
  }

  private enum Absent: String, CodingKey {
    case resolvedAt, rootCause, escalatedTo, diagnosis, approved, acknowledged, verification
    case escalationReason, snoozedUntil
  }

  /// What the API answers for an incident, to the byte.
  package static func json(of incident: Incident) throws -> String {
    String(decoding: try APIResponder.encode(IncidentDetail(incident)), as: UTF8.self)
  }

  package func encode(to encoder: any Encoder) throws {
    try incident.encode(to: encoder)
    var container = encoder.container(keyedBy: Absent.self)
    func absent(_ key: Absent, _ isAbsent: Bool) throws {
      if isAbsent { try container.encodeNil(forKey: key) }
    }
    try absent(.resolvedAt, incident.resolvedAt == nil)
    try absent(.rootCause, incident.rootCause == nil)
    try absent(.escalatedTo, incident.escalatedTo == nil)
    try absent(.diagnosis, incident.diagnosis == nil)
    try absent(.approved, incident.approved == nil)
    try absent(.acknowledged, incident.acknowledged == nil)
    try absent(.verification, incident.verification == nil)
    try absent(.escalationReason, incident.escalationReason == nil)
    try absent(.snoozedUntil, incident.snoozedUntil == nil)
  }
}

/// One page of the list.
struct IncidentListView: Sendable, Encodable {
  let incidents: [IncidentSummary]
  let nextPageToken: Nullable<String>

  init(_ page: IncidentPage) {
    incidents = page.incidents.map { IncidentSummary($0) }
    nextPageToken = Nullable(page.next?.token)
  }
}

/// The agents.
struct AgentListView: Sendable, Encodable {
  let agents: [AgentReport]
}

/// What became of the posted alerts.
struct AlertReceiptsView: Sendable, Encodable {
  struct Receipt: Sendable, Encodable {
    let alertId: String
    let fingerprint: Fingerprint
    let incidentId: Nullable<IncidentID>
    let outcome: AlertOutcome
  }

  let alerts: [Receipt]

  init(_ receipts: [AlertReceipt]) {
    alerts = receipts.map {
      Receipt(
        alertId: $0.alertID, fingerprint: $0.fingerprint, incidentId: Nullable($0.incident),
        outcome: $0.outcome)
    }
  }
}

/// The data of a stream's `incident` event.
struct ChangeView: Sendable, Encodable {
  let sequence: UInt64
  let incident: IncidentSummary
}

/// The data of a stream's `reset` event: where to read everything again.
struct ResetView: Sendable, Encodable {
  let sequence: UInt64
  let incidents = "/aiops/incidents"
}

/// A word, e.g. `{"status":"ok"}`.
struct WordView: Sendable, Encodable {
  let status: String
}
