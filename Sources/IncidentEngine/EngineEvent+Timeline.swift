package import IncidentModel

extension EngineEvent {
  /// The event as people read it in an incident's timeline; `nil` for what only the machinery needs.
  package var timelineEntry: TimelineEntry? {
    let (kind, text): (String, String)
    switch fact {
    case .opened(let signal, _):
      (kind, text) = ("status", "detected: \(Self.describe(signal))")
    case .signalled(let signal): (kind, text) = ("signal", Self.describe(signal))
    case .noted, .archived, .access, .announcementSettled(_, "delivered"), .announcementTold, .climbed,
      .jobEnded(nil, _):
      return nil
    case .queued(let job, _):
      (kind, text) = ("job", job == .diagnose ? "waits for a diagnoser" : "waits for a resolver")
    case .leased(let lease, let worker, _, let attempt, _):
      let again = attempt > 1 ? " (attempt \(attempt))" : ""
      (kind, text) = (
        "status",
        lease.kind == .diagnose ? "investigating by \(worker)\(again)" : "resolving by \(worker)\(again)"
      )
    case .leaseLost(_, let reason): (kind, text) = ("job", "work taken back: \(reason)")
    case .jobEnded(_, let reason): (kind, text) = ("job", reason)
    case .exchanged(let exchange):
      (kind, text) = ("dialogue", "\(exchange.question) — \(exchange.finding)")
    case .diagnosed(let diagnosis):
      let percent = Int((min(max(diagnosis.confidence, 0), 1) * 100).rounded())
      let remedy = diagnosis.remedy.map { "; runbook \($0.runbook)" } ?? "; no runbook"
      (kind, text) = ("diagnosis", "\(diagnosis.rootCause) (\(percent) % sure\(remedy))")
    case .approvalRequested(let deadline):
      (kind, text) = ("approval", "waits for approval until \(deadline.rfc3339)")
    case .approved(let note): (kind, text) = ("approval", "approved by \(actor)" + Self.suffix(note))
    case .acknowledged(let note, let until, _):
      let limit = until.map { " until \($0.rfc3339)" } ?? ""
      (kind, text) = ("person", "acknowledged by \(actor)\(limit)" + Self.suffix(note))
    case .acknowledgementLapsed(let person):
      (kind, text) = ("person", "the acknowledgement by \(person) lapsed: it is still open")
    case .snoozed(let until, let note, _):
      (kind, text) = ("person", "snoozed by \(actor) until \(until.rfc3339)" + Self.suffix(note))
    case .snoozeEnded: (kind, text) = ("person", "the snooze is over and nobody answered")
    case .stepIntended(let index, let name, _): (kind, text) = ("step", "step \(index &+ 1) \(name): begins")
    case .stepConcluded(let outcome):
      (kind, text) = (
        "step", "step \(outcome.index &+ 1) \(outcome.state.rawValue): \(outcome.detail)"
      )
    case .verified(let verification):
      (kind, text) = ("verification", "\(verification.verdict.rawValue): \(verification.detail)")
    case .settling(let until):
      (kind, text) = ("signal", "all symptoms gone; over if they stay gone until \(until.rfc3339)")
    case .unsettled: (kind, text) = ("signal", "a symptom is back")
    case .resolved(_, let reason): (kind, text) = ("status", "resolved: \(reason)")
    case .escalated(let reason): (kind, text) = ("status", "escalated: \(reason)")
    case .markedFalsePositive(let note, _):
      (kind, text) = ("status", "false positive, says \(actor)" + Self.suffix(note))
    case .announced(let announcement):
      (kind, text) = ("notification", "\(announcement.audience) told: \(announcement.title)")
    case .announcementSettled(_, let outcome): (kind, text) = ("notification", outcome)
    }
    return TimelineEntry(at: at, kind: kind, actor: actor, text: text)
  }

  private static func describe(_ signal: Signal) -> String {
    let value = ParameterValue.number((signal.value * 100).rounded() / 100)
    let unit = signal.unit.isEmpty ? "" : " \(signal.unit)"
    let place = signal.target.map { " of \($0)" } ?? ""
    return switch signal.state {
    case .raised: "\(signal.metric)\(place) is \(value)\(unit): \(signal.rule.text)"
    case .cleared: "\(signal.metric)\(place) is in order again: \(value)\(unit)"
    }
  }

  private static func suffix(_ note: String?) -> String {
    guard let note, !note.isEmpty else { return "" }
    return ": \(note)"
  }
}
