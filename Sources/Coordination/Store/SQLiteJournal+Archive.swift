import GRDB
package import IncidentModel

extension SQLiteJournal {
  package func oldest() async throws(StoreError) -> Timestamp? {
    try await read { db in
      try Int64.fetchOne(db, sql: "SELECT at FROM journal ORDER BY sequence LIMIT 1").map {
        Timestamp(milliseconds: $0)
      }
    }
  }

  package func archive(_ order: ArchiveOrder, epoch: UInt64) async throws(StoreError) -> Int {
    try checkLead(epoch)
    let boundary = try await read { db in
      try Int64.fetchOne(
        db, sql: ArchiveOrder.boundaryQuery("journal", ":up_to", ":before"),
        arguments: ["up_to": order.upTo, "before": order.before.milliseconds]) ?? 1
    }
    var total = 0
    while !Task.isCancelled {
      try checkLead(epoch)
      let moved = try await write { db in
        try Self.checkEpoch(epoch, db)
        return try Self.moveLot(order, boundary: boundary, db)
      }
      guard moved > 0 else { break }
      total += moved
    }
    return total
  }

  /// Moves a lot in the transaction that is open. An incident's records go in their order, its end last, so that
  /// what is left of it is still known to have ended.
  private static func moveLot(_ order: ArchiveOrder, boundary: Int64, _ db: Database) throws -> Int {
    let chosen = try Int64.fetchAll(
      db,
      sql: """
        WITH ended AS (
          SELECT DISTINCT incident FROM (
            SELECT incident FROM journal
            WHERE sequence < :boundary AND kind IN (SELECT value FROM json_each(:endings))
              AND incident IS NOT NULL AND incident NOT IN (SELECT value FROM json_each(:keeping))
            ORDER BY sequence LIMIT \(ArchiveOrder.incidentLot)
          )
        )
        SELECT sequence FROM (
          SELECT * FROM (
            SELECT sequence, 0 AS is_end FROM journal
            WHERE sequence < :boundary AND incident IS NULL AND kind IN (SELECT value FROM json_each(:loose))
            ORDER BY sequence LIMIT \(ArchiveOrder.lot)
          )
          UNION ALL
          SELECT j.sequence, j.kind IN (SELECT value FROM json_each(:endings))
          FROM ended JOIN journal AS j ON j.incident = ended.incident
          WHERE j.sequence < :up_to
        ) ORDER BY is_end, sequence LIMIT \(ArchiveOrder.lot)
        """,
      arguments: [
        "boundary": boundary, "up_to": order.upTo, "endings": json(order.endings),
        "loose": json(order.loose), "keeping": json(order.keeping.map(\.text)),
      ])
    guard !chosen.isEmpty else { return 0 }
    let these = "[\(chosen.map(String.init).joined(separator: ","))]"
    try db.execute(
      sql: """
        INSERT INTO journal_archive (\(allColumns))
        SELECT \(allColumns) FROM journal WHERE sequence IN (SELECT value FROM json_each(?))
        """, arguments: [these])
    try db.execute(
      sql: "DELETE FROM journal WHERE sequence IN (SELECT value FROM json_each(?))", arguments: [these])
    return chosen.count
  }

  /// Names and ids as a JSON array; they hold no characters that JSON would escape.
  private static func json(_ texts: [String]) -> String {
    "[\(texts.map { "\"\($0)\"" }.joined(separator: ","))]"
  }
}
