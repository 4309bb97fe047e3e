/// What a person can say about an incident.
package enum PersonVerb: Sendable, Hashable {
  /// I am on it: nobody else needs to be told.
  case acknowledge
  /// Run the proposed remedy.
  case approve
  /// It is over.
  case resolve
  /// It never was one.
  case falsePositive
  /// Tell nobody for so long, then begin anew.
  case snooze(Duration)

  /// The verb's name, in paths of the API.
  package enum Name: String, Sendable, CaseIterable {
    case acknowledge, approve, resolve, snooze
    case falsePositive = "false-positive"
  }

  /// How long a snooze may be.
  package static let snoozes: ClosedRange<Duration> = .seconds(60) ... .seconds(604_800)
}
