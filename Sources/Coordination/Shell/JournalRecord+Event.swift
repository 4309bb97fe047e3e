package import FoundationEssentials
package import IncidentEngine
import IncidentModel

extension JournalRecord {
  /// The record of an event.
  init(_ event: EngineEvent, encoder: JSONEncoder) throws(StoreError) {
    do {
      self.init(
        sequence: Int64(event.sequence), incident: event.incident, at: event.at, kind: event.fact.name,
        actor: event.actor, payload: try event.payload(encoder))
    } catch {
      throw .failed(path: "journal", detail: "event \(event.sequence) can't be written as JSON: \(error)")
    }
  }

  /// The event of a record.
  package func event(decoder: JSONDecoder) throws -> EngineEvent {
    guard Self.sequences.contains(sequence) else {
      throw StoreError.corrupt(path: "journal", detail: "a record has the number \(sequence)")
    }
    return EngineEvent(
      sequence: UInt64(sequence), at: at, incident: incident, actor: actor,
      fact: try Fact(json: payload, decoder))
  }
}

extension Fact {
  /// The fact's name in the journal's `kind` column.
  var name: String {
    switch self {
    case .opened: "opened"
    case .signalled: "signalled"
    case .noted: "noted"
    case .queued: "queued"
    case .leased: "leased"
    case .leaseLost: "lease_lost"
    case .jobEnded: "job_ended"
    case .exchanged: "exchanged"
    case .diagnosed: "diagnosed"
    case .approvalRequested: "approval_requested"
    case .approved: "approved"
    case .acknowledged: "acknowledged"
    case .acknowledgementLapsed: "acknowledgement_lapsed"
    case .snoozed: "snoozed"
    case .snoozeEnded: "snooze_ended"
    case .stepIntended: "step_intended"
    case .stepConcluded: "step_concluded"
    case .verified: "verified"
    case .settling: "settling"
    case .unsettled: "unsettled"
    case .resolved: "resolved"
    case .escalated: "escalated"
    case .climbed: "climbed"
    case .markedFalsePositive: "marked_false_positive"
    case .announced: "announced"
    case .announcementTold: "announcement_told"
    case .announcementSettled: "announcement_settled"
    case .access(let record): record.kind.rawValue
    case .archived: "archived"
    }
  }
}
