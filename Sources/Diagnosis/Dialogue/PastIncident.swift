package import IncidentModel

/// An earlier incident about a series that is in trouble again.
package struct PastIncident: Hashable, Sendable {
  /// How it ended.
  package enum End: Hashable, Sendable {
    /// Resolved; by that runbook where one did it.
    case resolved(runbook: String?)
    /// A person said that it was nothing.
    case falsePositive
    /// It went to people.
    case escalated
  }

  package var id: IncidentID
  package var fingerprints: Set<Fingerprint>
  package var end: End
  package var detectedAt: Timestamp

  /// An incident; see the fields.
  package init(id: IncidentID, fingerprints: Set<Fingerprint>, end: End, detectedAt: Timestamp) {
    self.id = id
    self.fingerprints = fingerprints
    self.end = end
    self.detectedAt = detectedAt
  }
}

/// What is remembered of earlier incidents.
package protocol IncidentHistory: Sendable {
  /// Ended incidents other than `incident` that share a fingerprint with it, the latest first, at most `limit`.
  func earlier(like incident: Incident, limit: Int) async -> [PastIncident]
}
