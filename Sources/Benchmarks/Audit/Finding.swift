/// What one kind of check came to.
struct Finding: Sendable {
  /// What is claimed.
  var claim: String
  /// How many things were looked at.
  var checked = 0
  /// What was seen on the way that is no violation, e.g. how many were late because of a change of leaders.
  var notes: [String] = []
  /// Evidence that the claim is false.
  var violations: [String] = []

  init(_ claim: String) { self.claim = claim }

  var holds: Bool { violations.isEmpty }

  /// Looks at one thing.
  mutating func check(_ isTrue: Bool, _ evidence: @autoclosure () -> String) {
    checked += 1
    if !isTrue { violations.append(evidence()) }
  }
}
