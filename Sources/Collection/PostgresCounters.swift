import PostgresBackend

/// Counters over all databases of a server; they start again when statistics are reset.
struct DatabaseCounters: Equatable {
  var deadlocks: Double
  var hits: Double
  var reads: Double

  /// What happened since an earlier reading; `nil` when they started again.
  func since(_ earlier: DatabaseCounters) -> DatabaseCounters? {
    let delta = DatabaseCounters(
      deadlocks: deadlocks - earlier.deadlocks, hits: hits - earlier.hits, reads: reads - earlier.reads)
    return delta.deadlocks >= 0 && delta.hits >= 0 && delta.reads >= 0 ? delta : nil
  }
}

/// Calls and time of every statement, as pg_stat_statements sums them up.
struct StatementCounters: Equatable {
  struct Statement: Hashable {
    var user: String
    var database: String
    var query: String
  }

  struct Total: Equatable {
    var calls: Double
    var milliseconds: Double
  }

  var totals: [Statement: Total]

  init(totals: [Statement: Total]) { self.totals = totals }

  init(_ rows: PostgresRows) {
    totals = [:]
    for row in 0..<rows.count {
      guard let user = rows[row, "userid"], let database = rows[row, "dbid"],
        let query = rows[row, "queryid"],
        let calls = rows.double(row, "calls"), let milliseconds = rows.double(row, "milliseconds"),
        // Numbers, all three.
        max(user.utf8.count, database.utf8.count, query.utf8.count) <= 32
      else { continue }
      totals[Statement(user: user, database: database, query: query)] = Total(
        calls: calls, milliseconds: milliseconds)
    }
  }

  /// How many statements were called since an earlier reading and took more than `limit` on average since then.
  ///
  /// One that is new, or whose counters went back because it was forgotten meanwhile, was called as often as
  /// it says.
  func slow(since earlier: StatementCounters, overMilliseconds limit: Double) -> Int {
    totals.count { statement, now in
      var calls = now.calls
      var milliseconds = now.milliseconds
      if let old = earlier.totals[statement], old.calls <= calls, old.milliseconds <= milliseconds {
        calls -= old.calls
        milliseconds -= old.milliseconds
      }
      return calls > 0 && milliseconds / calls > limit
    }
  }
}
