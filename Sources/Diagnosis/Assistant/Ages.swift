/// Bounds of a remedy, taken from what was seen.
enum RemedyBounds {
  /// Sessions of less age than this are never ended, in seconds; as long as
  /// ``SessionsResult/settledSeconds``, so that nothing is ended that was not seen to be settled.
  static let youngestSession = SessionsResult.settledSeconds

  /// The age from which things are ended: half the median of those seen, but no older than the
  /// youngest of them, so that all are met, and never less than `floor`, so that nothing in good
  /// health is. They all grow older until the remedy runs; what comes after them does not reach it.
  static func olderThan(youngest: Double, median: Double, floor: Double) -> Double {
    let age = max(floor, min(youngest, median / 2))
    return age.isFinite ? (age * 10).rounded(.down) / 10 : floor
  }

  /// Whether ending `named` sessions by their application and state would meet no others: a filter can't name
  /// sessions one by one. Without an answer about the sessions nobody knows.
  static func meetsOnly(named: Int, application: String, state: String, _ dossier: Dossier) -> Bool {
    guard case .sessions(let sessions)? = dossier.found(.postgresSessions)?.result else { return false }
    return sessions.settled(application: application, state: state) <= named
  }

  /// What people read when ending would meet others.
  static func meetsOthers(_ application: String) -> String {
    "No runbook is proposed: other sessions of \(Shown.name(application)) are in the same state, and would be "
      + "ended too"
  }

  /// At most as many as were seen and a tenth more, two at least, for those that came meanwhile.
  static func limit(seen: Int, most: Int) -> Double {
    Double(min(seen + max(2, seen / 10), max(1, most)))
  }
}
