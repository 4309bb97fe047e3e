package import IncidentModel

/// One numbered change, as the coordinator publishes it to everybody.
package struct Change: Hashable, Sendable {
  /// Rises by one with every change of one run of the coordinator, from 1.
  package var sequence: UInt64
  /// The run of the coordinator that counts.
  package var coordinator: String
  /// The incident after the change.
  package var incident: IncidentDigest

  /// A change; see the fields.
  package init(sequence: UInt64, coordinator: String, incident: IncidentDigest) {
    self.sequence = sequence
    self.coordinator = coordinator
    self.incident = incident
  }
}

/// All that the changes up to a number add up to.
package struct Snapshot: Hashable, Sendable {
  /// Incidents in one snapshot at the most; the coordinator sends the latest.
  package static let limit = 10_000

  /// The run of the coordinator that counts.
  package var coordinator: String
  /// The last change that is in it; 0 for none.
  package var sequence: UInt64
  /// The incidents, at most ``limit``.
  package var incidents: [IncidentDigest]

  /// A snapshot; see the fields.
  package init(coordinator: String, sequence: UInt64, incidents: [IncidentDigest]) {
    self.coordinator = coordinator
    self.sequence = sequence
    self.incidents = incidents
  }
}

/// An incident in brief.
package struct IncidentDigest: Hashable, Sendable {
  package var id: IncidentID
  package var name: String
  package var severity: Severity
  package var status: IncidentStatus
  /// The configured source it is about.
  package var target: String?
  package var rootCause: String?
  /// The runbook that was chosen.
  package var runbook: String?
  package var detectedAt: Timestamp
  package var resolvedAt: Timestamp?
  package var autoResolved: Bool
  /// The series it is about.
  package var fingerprints: [Fingerprint]

  /// A digest; see the fields.
  package init(
    id: IncidentID, name: String, severity: Severity, status: IncidentStatus, target: String?,
    rootCause: String?, runbook: String?, detectedAt: Timestamp, resolvedAt: Timestamp?,
    autoResolved: Bool, fingerprints: [Fingerprint]
  ) {
    self.id = id
    self.name = name
    self.severity = severity
    self.status = status
    self.target = target
    self.rootCause = rootCause
    self.runbook = runbook
    self.detectedAt = detectedAt
    self.resolvedAt = resolvedAt
    self.autoResolved = autoResolved
    self.fingerprints = fingerprints
  }

  /// The digest of `incident`.
  package init(_ incident: Incident) {
    self.init(
      id: incident.id, name: incident.name, severity: incident.severity, status: incident.status,
      target: incident.target, rootCause: incident.rootCause,
      runbook: incident.diagnosis?.remedy?.runbook, detectedAt: incident.detectedAt,
      resolvedAt: incident.resolvedAt, autoResolved: incident.autoResolved,
      fingerprints: incident.symptoms.map(\.fingerprint))
  }
}
