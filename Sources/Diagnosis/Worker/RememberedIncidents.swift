package import IncidentModel
package import MessageBus

/// Earlier incidents as the coordinator's changes told them, bounded.
package actor RememberedIncidents: IncidentHistory {
  /// Ended incidents kept at the most; those that were detected first go first.
  package static let limit = 2000

  private var incidents: [IncidentID: PastIncident] = [:]

  /// Nothing is remembered yet.
  package init() {}

  /// Takes an incident's latest state in; one that is not ended is none of the past.
  package func note(_ digest: IncidentDigest) {
    let end: PastIncident.End
    switch digest.status {
    case .resolved: end = .resolved(runbook: digest.autoResolved ? digest.runbook : nil)
    case .falsePositive: end = .falsePositive
    case .escalated: end = .escalated
    case .detected, .investigating, .identified, .resolving:
      incidents[digest.id] = nil
      return
    }
    incidents[digest.id] = PastIncident(
      id: digest.id, fingerprints: Set(digest.fingerprints.prefix(Incident.maxSymptoms)), end: end,
      detectedAt: digest.detectedAt)
    // Cut in steps, so that sorting is rare.
    if incidents.count > Self.limit + Self.limit / 10 {
      let kept = incidents.values.sorted { $0.detectedAt > $1.detectedAt }.prefix(Self.limit)
      incidents = Dictionary(kept.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// Forgets what was known: these are the incidents there are.
  package func reset(to digests: [IncidentDigest]) {
    incidents = [:]
    for digest in digests { note(digest) }
  }

  package func earlier(like incident: Incident, limit: Int) -> [PastIncident] {
    let wanted = Set(incident.symptoms.map(\.latest.fingerprint))
    let alike = incidents.values.filter {
      $0.id != incident.id && !$0.fingerprints.isDisjoint(with: wanted)
    }
    return Array(alike.sorted { ($0.detectedAt, $1.id) > ($1.detectedAt, $0.id) }.prefix(limit))
  }
}
