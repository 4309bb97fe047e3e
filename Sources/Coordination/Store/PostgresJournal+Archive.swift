package import IncidentModel
import PostgresBackend

extension PostgresJournal {
  package func oldest() async throws(StoreError) -> Timestamp? {
    let rows = try await read("SELECT at FROM aiops.journal ORDER BY sequence LIMIT 1", [])
    return rows.int(0, "at").map { Timestamp(milliseconds: Int64($0)) }
  }

  package func archive(_ order: ArchiveOrder, epoch: UInt64) async throws(StoreError) -> Int {
    if Task.isCancelled { return 0 }
    let found = try await read(
      ArchiveOrder.boundaryQuery("aiops.journal", "$1::bigint", "$2::bigint"),
      [String(order.upTo), String(order.before.milliseconds)])
    let boundary = Int64(found.int(0, "boundary") ?? 1)
    var total = 0
    while !Task.isCancelled {
      // A turn for each lot, so that appends come in between.
      let moved = try await inTurn { journal throws(StoreError) in
        try await journal.moveLot(order, boundary: boundary, epoch: epoch)
      }
      guard moved > 0 else { break }
      total += moved
    }
    return total
  }

  /// Moves a lot, in one statement that is its own transaction and checks the epoch as appends do.
  ///
  /// An incident's records go in their order, its end last, so that what is left of it is still known to have ended.
  private static let moveStatement = """
    WITH lead AS (SELECT epoch FROM aiops.leadership WHERE id = 1 FOR SHARE),
    ended AS (
      SELECT DISTINCT incident FROM (
        SELECT incident FROM aiops.journal
        WHERE sequence < $2::bigint AND kind = ANY ($4::text[]) AND incident IS NOT NULL
          AND incident <> ALL ($6::text[])
        ORDER BY sequence LIMIT \(ArchiveOrder.incidentLot)
      ) AS first
    ),
    chosen AS (
      SELECT sequence FROM (
        (SELECT sequence, false AS is_end FROM aiops.journal
         WHERE sequence < $2::bigint AND incident IS NULL AND kind = ANY ($5::text[])
         ORDER BY sequence LIMIT \(ArchiveOrder.lot))
        UNION ALL
        SELECT j.sequence, j.kind = ANY ($4::text[])
        FROM ended JOIN aiops.journal AS j ON j.incident = ended.incident
        WHERE j.sequence < $3::bigint
      ) AS candidates ORDER BY is_end, sequence LIMIT \(ArchiveOrder.lot)
    ),
    moved AS (
      DELETE FROM aiops.journal
      WHERE sequence IN (SELECT sequence FROM chosen) AND (SELECT epoch FROM lead) = $1::bigint
      RETURNING \(allColumns)
    ),
    kept AS (
      INSERT INTO aiops.journal_archive (\(allColumns)) SELECT \(allColumns) FROM moved RETURNING 1
    )
    SELECT (SELECT epoch FROM lead) AS epoch, (SELECT count(*) FROM kept) AS moved
    """

  private func moveLot(
    _ order: ArchiveOrder, boundary: Int64, epoch: UInt64
  ) async throws(StoreError) -> Int {
    let parameters: [PostgresParameter] = [
      .text(String(epoch)), .text(String(boundary)), .text(String(order.upTo)), .texts(order.endings),
      .texts(order.loose), .texts(order.keeping.map(\.text)),
    ]
    // Moving again what was moved is nothing, so a broken connection needs no care.
    let answer = try await asLeader(epoch) { connection, _ async throws(PostgresError) in
      try await connection.query(Self.moveStatement, with: parameters, timeout: .seconds(10))
    }
    let current = UInt64(max(0, answer.int(0, "epoch") ?? 0))
    guard current == epoch else { throw await fence(epoch, current) }
    return answer.int(0, "moved") ?? 0
  }
}
