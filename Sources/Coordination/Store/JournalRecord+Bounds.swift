extension JournalRecord {
  /// The numbers that a record can have; no journal comes near the end, and none is counted beyond.
  static let sequences: ClosedRange<Int64> = 1...(1 << 62)
}
