package import IncidentModel

/// What may go from the journal to its archive. The store itself knows nothing of what records mean.
package struct ArchiveOrder: Sendable, Equatable {
  /// Only records before this one.
  package var upTo: Int64
  /// Only incidents that ended before this moment, and loose records older than it.
  package var before: Timestamp
  /// Kinds of records that end an incident.
  package var endings: [String]
  /// Kinds of records that belong to no incident and matter no more when they are older.
  package var loose: [String]
  /// Incidents that stay although they ended.
  package var keeping: [IncidentID]

  /// An order; see the fields.
  package init(
    upTo: Int64, before: Timestamp, endings: [String], loose: [String], keeping: [IncidentID]
  ) {
    self.upTo = upTo
    self.before = before
    self.endings = endings
    self.loose = loose
    self.keeping = keeping
  }

  /// Records that one transaction moves at the most.
  static let lot = 1_000
  /// Incidents whose records one transaction moves at the most.
  static let incidentLot = 50

  /// Finds the first record that is not older than a moment, by halving, for times only rise along the journal.
  ///
  /// The same text for both databases; `upTo` and `before` stand in the places of the two arguments.
  static func boundaryQuery(_ table: String, _ upTo: String, _ before: String) -> String {
    let middle = "(low + high) / 2"
    let isOld = """
      (SELECT at FROM \(table) WHERE sequence >= \(middle) ORDER BY sequence LIMIT 1) < \(before)
      """
    return """
      WITH RECURSIVE halving (low, high) AS (
        SELECT CAST(1 AS bigint), \(upTo)
        UNION ALL
        SELECT CASE WHEN \(isOld) THEN \(middle) + 1 ELSE low END,
          CASE WHEN \(isOld) THEN high ELSE \(middle) END
        FROM halving WHERE low < high
      )
      SELECT max(low) AS boundary FROM halving
      """
  }
}
