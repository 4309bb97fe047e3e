package import Dashboard
package import IncidentEngine
package import IncidentModel

/// What the HTTP API asks of the coordinator.
package protocol CoordinatorAPI: Sendable {
  /// Unique to this run.
  var instance: String { get }

  /// Who takes what changes anything.
  func writer() async -> Writer

  /// One page of the incidents that match, newest first; ``IncidentQuery/page(of:)`` makes one.
  func incidents(_ query: IncidentQuery) async throws(APIError) -> IncidentPage

  /// An incident, or `nil` if there is none of that id.
  func incident(_ id: IncidentID) async throws(APIError) -> Incident?

  /// Takes a person's word; returns when it is durable.
  /// - Parameters:
  ///   - person: a name of at most ``CommandInput/maxNameLength`` bytes, without control characters.
  ///   - note: at most ``CommandInput/maxNoteLength`` bytes.
  /// - Returns: the incident afterwards.
  func command(
    _ verb: PersonVerb, on id: IncidentID, by person: String, note: String?
  ) async throws(APIError) -> Incident

  /// Takes the statements of outside monitors, all of which were checked; returns when they are durable.
  /// - Parameter token: the name of the token that they came with, for the journal; `nil` where there are none.
  /// - Returns: what became of each, in their order.
  func submit(_ alerts: [AIopsAlert], token: String?) async throws(APIError) -> [AlertReceipt]

  /// The coordinator's own state.
  func status() async -> StatusReport

  /// What goes on with incidents and what time will bring them; nothing for those that are not in memory.
  func outlooks(of ids: [IncidentID]) async -> [IncidentID: IncidentOutlook]

  /// What the symptoms of an incident were measured at, in their order, as far as the journal tells.
  func measurements(of incident: Incident) async -> [SymptomSeries]

  /// Where it is written down what was refused.
  var refusals: RefusalLog { get }

  /// The agents it knows.
  func agents() async -> [AgentReport]

  /// The changes of incidents from now on, and those since `sequence` if they are still known.
  func changes(after sequence: UInt64?) async -> ChangeFeed

  /// Whether it can take signals and alerts.
  func readiness() async -> Readiness

  /// The metrics in Prometheus's text format 0.0.4.
  func metricsText() async -> String
}

/// Why the coordinator could not do what the API asked for; the reasons are for people.
package enum APIError: Error, Sendable, Equatable {
  /// There is no such incident.
  case notFound
  /// The incident's state does not allow it.
  case conflict(reason: String)
  /// Not now: starting, stopping, or the store can't be written.
  case unavailable(reason: String)
}

/// Who takes what changes anything: one coordinator of several.
package enum Writer: Sendable, Equatable {
  /// This one leads.
  case me
  /// Another one leads; its API is at this `host:port`.
  case other(http: String)
  /// Another one leads, and where its API is, is not known.
  case unreachable
  /// Nobody leads, as far as is known.
  case nobody
}

/// Whether the coordinator can take signals and alerts.
package enum Readiness: Sendable, Equatable {
  case ready
  /// It can't, and why; for people.
  case notReady(reason: String)
}

/// What became of an alert.
package struct AlertReceipt: Sendable, Equatable {
  /// The monitor's own id for it.
  package var alertID: String
  /// What it is about.
  package var fingerprint: Fingerprint
  /// The incident it belongs to, if any.
  package var incident: IncidentID?
  /// What it did.
  package var outcome: AlertOutcome

  /// A receipt; see the fields.
  package init(alertID: String, fingerprint: Fingerprint, incident: IncidentID?, outcome: AlertOutcome) {
    self.alertID = alertID
    self.fingerprint = fingerprint
    self.incident = incident
    self.outcome = outcome
  }
}
