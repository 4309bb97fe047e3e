/// Where an incident stands.
package enum IncidentStatus: String, Codable, Sendable, CaseIterable {
  case detected, investigating, identified, resolving, resolved, escalated
  case falsePositive = "false_positive"

  /// Whether somebody or something still has to act.
  package var isOpen: Bool { self != .resolved && self != .falsePositive }
}

/// How far a resolver may go on a source.
package enum Autonomy: String, Codable, Sendable, CaseIterable {
  /// Diagnose only; people act.
  case observe
  /// Propose, and wait for a person's approval.
  case suggest
  /// Act, verify, and tell.
  case auto
}

/// What happened to an incident, for people.
package struct TimelineEntry: Hashable, Sendable, Codable {
  /// When.
  package var at: Timestamp
  /// What kind of thing, e.g. `signal`, `status`, `step`.
  package var kind: String
  /// Who: `coordinator`, an agent's name, or a person's.
  package var actor: String
  /// What.
  package var text: String

  /// An entry; see the fields.
  package init(at: Timestamp, kind: String, actor: String, text: String) {
    self.at = at
    self.kind = kind
    self.actor = actor
    self.text = text
  }

  /// Whether it belongs to the execution log.
  var isLogged: Bool {
    switch kind {
    case "step", "verification", "job", "status": true
    default: false
    }
  }
}

/// A person's word on an incident: who and when.
package struct PersonMark: Hashable, Sendable, Codable {
  /// The person's name.
  package var by: String
  /// When they said so.
  package var at: Timestamp

  /// A mark; see the fields.
  package init(by: String, at: Timestamp) {
    self.by = by
    self.at = at
  }
}
