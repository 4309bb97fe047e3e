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

/// `INC-` and eight upper-case hexadecimal digits.
package struct IncidentID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The text, e.g. `INC-1A2B3C4D`.
  package let text: String

  /// The id of a number.
  package init(number: UInt32) {
    let digits = String(number, radix: 16, uppercase: true)
    text = "INC-" + String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// Reads an id; `nil` unless it is `INC-` and eight upper-case hexadecimal digits.
  package init?(_ text: String) {
    guard text.utf8.count == 12, text.hasPrefix("INC-"),
      text.utf8.dropFirst(4).allSatisfy({ (48...57).contains($0) || (65...70).contains($0) })
    else { return nil }
    self.text = text
  }

  /// The number that ``init(number:)`` takes.
  package var number: UInt32 { UInt32(text.dropFirst(4), radix: 16) ?? 0 }

  package var description: String { text }
  package static func < (a: IncidentID, b: IncidentID) -> Bool { a.text < b.text }
}

extension IncidentID: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let id = IncidentID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not an incident id such as INC-1A2B3C4D")
    }
    self = id
  }
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// One series' part in an incident.
package struct Symptom: Hashable, Sendable, Codable {
  /// The first statement, with the severity and value it opened with.
  package var first: Signal
  /// The latest statement.
  package var latest: Signal
  /// How many statements came.
  package var count: Int

  /// A symptom; see the fields.
  package init(first: Signal, latest: Signal, count: Int = 1) {
    self.first = first
    self.latest = latest
    self.count = count
  }

  /// Whether the series was last seen in order.
  package var isCleared: Bool { latest.state == .cleared }
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

/// What people care about: one or more correlated signals with a status, a severity, a timeline.
package struct Incident: Hashable, Sendable, Codable {
  /// Lines kept in ``logs`` at the most; the oldest go first.
  package static let maxLogs = 200
  /// Entries kept in ``timeline`` at the most; the oldest but the first go first. The journal keeps all.
  package static let maxTimeline = 300
  /// Symptoms kept at the most; further series of the same trouble are only counted.
  package static let maxSymptoms = 50

  package var id: IncidentID
  /// `Anomaly: <metric>`.
  package var name: String
  /// The value and unit that opened it, and what outside monitors said.
  package var description: String
  package var severity: Severity
  package var status: IncidentStatus
  package var detectedAt: Timestamp
  package var resolvedAt: Timestamp?
  /// The diagnosis's first cause.
  package var rootCause: String?
  /// What was done, or is proposed, one line a step.
  package var resolutionSteps: [String]
  /// The targets that its signals came from.
  package var affectedSystems: [String]
  /// The latest value of each symptom.
  package var metrics: [HealthMetric]
  /// The execution log.
  package var logs: [String]
  /// Whether it was resolved without a person.
  package var autoResolved: Bool
  /// Whom it was handed to.
  package var escalatedTo: String?

  /// When anything last happened to it.
  package var updatedAt: Timestamp
  /// How many signals and alerts belong to it.
  package var count: Int
  /// The series it is about, in the order they joined.
  package var symptoms: [Symptom]
  /// How far a resolver may go.
  package var autonomy: Autonomy
  /// The dialogue that led to the diagnosis.
  package var dialogue: [Exchange]
  package var diagnosis: Diagnosis?
  /// Whether the remedy waits for a person's word.
  package var awaitingApproval: Bool
  package var approved: PersonMark?
  package var acknowledged: PersonMark?
  /// Until when nobody is told, because a person said so.
  package var snoozedUntil: Timestamp?
  /// What became of the remedy's steps.
  package var steps: [StepRecord]
  package var verification: Verification?
  /// Why it was handed to people.
  package var escalationReason: String?
  package var timeline: [TimelineEntry]

  /// A new incident, opened by `signal`.
  package init(id: IncidentID, openedBy signal: Signal, autonomy: Autonomy, at now: Timestamp) {
    self.id = id
    name = "Anomaly: \(signal.metric)"
    description =
      "\(signal.metric) is \(ParameterValue.number(signal.value))"
      + (signal.unit.isEmpty ? "" : " \(signal.unit)") + ", \(signal.rule.text)"
    severity = signal.severity
    status = .detected
    detectedAt = now
    resolutionSteps = []
    affectedSystems = signal.target.map { [$0] } ?? []
    metrics = []
    logs = []
    autoResolved = false
    updatedAt = now
    count = 0
    symptoms = []
    self.autonomy = autonomy
    dialogue = []
    awaitingApproval = false
    steps = []
    timeline = []
  }

  /// The configured source that the incident is about.
  package var target: String? { affectedSystems.first }
}
