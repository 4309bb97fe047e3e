/// What a person can say about an incident.
package enum PersonVerb: String, Sendable, Codable, CaseIterable {
  /// I am on it: nobody else needs to be told.
  case acknowledge
  /// Run the proposed remedy.
  case approve
  /// It is over.
  case resolve
  /// It never was one.
  case falsePositive = "false-positive"
}
