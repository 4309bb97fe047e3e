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

  /// At most as many as were seen and a tenth more, two at least, for those that came meanwhile.
  static func limit(seen: Int, most: Int) -> Double {
    Double(min(seen + max(2, seen / 10), max(1, most)))
  }
}
