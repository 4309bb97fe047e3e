package import IncidentModel

/// A fact of the journal: what happened, when, to which incident, by whom.
///
/// The state is nothing but the events applied in order.
package struct EngineEvent: Sendable, Equatable, Codable {
  /// The place in the journal, from 1, without gaps.
  package var sequence: UInt64
  package var at: Timestamp
  /// The incident it belongs to; `nil` for what belongs to none.
  package var incident: IncidentID?
  /// Who: `coordinator`, an agent's name, or a person's.
  package var actor: String
  package var fact: Fact
  /// What it changed, for the audit; only on the way into the journal.
  package var change: Alteration?

  /// An event; see the fields.
  package init(
    sequence: UInt64, at: Timestamp, incident: IncidentID?, actor: String, fact: Fact,
    change: Alteration? = nil
  ) {
    self.sequence = sequence
    self.at = at
    self.incident = incident
    self.actor = actor
    self.fact = fact
    self.change = change
  }
}

/// What can happen.
///
/// What is large is on the heap: an event is copied on its way from the engine into the journal and out to readers.
package enum Fact: Sendable, Equatable, Codable {
  /// An incident began with this signal.
  indirect case opened(signal: Signal, autonomy: Autonomy)
  /// A signal joined or changed an incident.
  indirect case signalled(signal: Signal)
  /// A signal that belongs to no open incident, and why it opened none.
  indirect case noted(signal: Signal, reason: String)
  /// Work waits for a worker; it must be done by the deadline.
  case queued(job: JobKind, deadline: Timestamp)
  /// A worker got the work.
  indirect case leased(lease: Lease, worker: String, instance: String, attempt: Int, expires: Timestamp)
  /// A worker lost the work or gave it back; it waits again.
  case leaseLost(token: UInt64, reason: String)
  /// The work is over: under a token with its worker's result, without one for other reasons.
  case jobEnded(token: UInt64?, reason: String)
  indirect case exchanged(exchange: Exchange)
  indirect case diagnosed(diagnosis: Diagnosis)
  case approvalRequested(deadline: Timestamp)
  case approved(note: String?)
  /// Somebody looks after it: until that moment, where there is one; then `name` is told.
  case acknowledged(note: String?, until: Timestamp?, name: String?)
  /// An acknowledgement ended by time: whose.
  case acknowledgementLapsed(person: String)
  /// Nobody is told until then; after it `name` is.
  case snoozed(until: Timestamp, note: String?, name: String)
  /// A snooze ended by time.
  case snoozeEnded
  /// A step is about to run.
  case stepIntended(index: Int, name: String, token: UInt64)
  indirect case stepConcluded(outcome: StepOutcome)
  indirect case verified(verification: Verification)
  /// All symptoms are gone; if they stay so until then, the incident is over.
  case settling(until: Timestamp)
  /// A symptom is back before the incident was over.
  case unsettled
  case resolved(auto: Bool, reason: String)
  case escalated(reason: String)
  /// The policy went on: its step of the index `level`, in this round of a repeat, is due at `next`, which tells
  /// `name`, unless somebody answers.
  case climbed(level: Int, round: Int, name: String, next: Timestamp)
  case markedFalsePositive(note: String?, quietUntil: Timestamp)
  /// Somebody must be told.
  indirect case announced(announcement: Announcement)
  /// One sink took it; after a restart it isn't told again.
  case announcementTold(key: String, sink: String)
  /// Everybody was told, or it was given up.
  case announcementSettled(key: String, outcome: String)
  /// Who may connect to the bus, who did, who was kept out.
  indirect case access(record: AccessRecord)
  /// What ended before that moment is not needed any more; so many incidents were opened so far, numbered
  /// from `salt` in that way (scattered where an older journal doesn't say), and this was the last token.
  case archived(
    before: Timestamp, opened: UInt32, salt: UInt32?, numbering: IncidentNumbering?, lastToken: UInt64)
}

/// Something that people must be told; kept until it was delivered or given up.
package struct Announcement: Sendable, Equatable, Hashable, Codable {
  /// Why people are told.
  package enum Kind: String, Codable, Sendable {
    case escalation
    case approvalNeeded = "approval_needed"
    case resolved
  }

  /// The idempotency key: the same announcement always has the same one.
  package var key: String
  package var kind: Kind
  package var incident: IncidentID
  /// Who it is for, by name.
  package var audience: String
  /// The sinks that are told; empty means every sink.
  package var sinks: [String]
  package var severity: Severity
  package var title: String
  package var text: String
  package var at: Timestamp

  /// An announcement; see the fields.
  package init(
    key: String, kind: Kind, incident: IncidentID, audience: String, sinks: [String],
    severity: Severity, title: String, text: String, at: Timestamp
  ) {
    self.key = key
    self.kind = kind
    self.incident = incident
    self.audience = audience
    self.sinks = sinks
    self.severity = severity
    self.title = title
    self.text = text
    self.at = at
  }
}
