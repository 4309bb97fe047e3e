/// What runs slowly now and what did on average: `postgres.slowest_statements`.
package struct StatementsResult: Hashable, Sendable {
  /// A statement is slow from so many seconds on, as `database_slow_queries` counts.
  package static let slowSeconds = 1.0
  /// Rows that are asked for at the most, of each of the two lists.
  package static let maxRows = 50

  /// Running statements of clients, the longest first.
  package var running: [RunningStatement]
  /// From pg_stat_statements, the highest mean first; `nil` when the extension is not there or not readable.
  package var means: [StatementMean]?

  /// An answer; see the fields.
  package init(running: [RunningStatement], means: [StatementMean]?) {
    self.running = running
    self.means = means
  }

  /// The known mean of a running statement, in seconds.
  package func meanSeconds(of statement: RunningStatement) -> Double? {
    guard let id = statement.queryID else { return nil }
    return means?.first { $0.queryID == id && $0.role == statement.role }?.meanSeconds
  }

  /// How long a running statement takes as far as can be said now: so far, or on average.
  package func expectedSeconds(_ statement: RunningStatement) -> Double {
    max(statement.seconds, meanSeconds(of: statement) ?? 0)
  }

  /// Running statements that are slow, by their age or by their mean, and wait for no lock.
  package var slow: [RunningStatement] {
    running.filter { !$0.waitsForLock && expectedSeconds($0) >= Self.slowSeconds }
  }

  var summary: String {
    let lines = running.prefix(4).map { one in
      "\(Shown.name(one.application)) as \(Shown.name(one.role)) for \(Figure.duration(one.seconds))"
        + (one.waitsForLock ? ", waiting for a lock" : "") + ": \(Shown.text(one.statement, limit: 100))"
    }
    var text =
      running.isEmpty
      ? "no other statement is running" : "\(running.count) running: " + lines.joined(separator: "; ")
    if let means {
      text += ". On average: "
      text +=
        means.isEmpty
        ? "none recorded"
        : means.prefix(3).map { mean in
          "\(Figure.duration(mean.meanSeconds)) over \(mean.calls) calls by \(Shown.name(mean.role)): "
            + Shown.text(mean.statement, limit: 100)
        }.joined(separator: "; ")
    } else {
      text += ". pg_stat_statements is not there"
    }
    return text
  }
}

/// A statement that is running.
package struct RunningStatement: Hashable, Sendable {
  package var application: String
  package var role: String
  /// Whether the role is a superuser: time limits on it would hit maintenance too.
  package var roleIsSuperuser: Bool
  /// Since it began, in seconds.
  package var seconds: Double
  package var waitsForLock: Bool
  /// The id that pg_stat_statements knows it by.
  package var queryID: String?
  /// The statement, cut.
  package var statement: String

  /// A statement; see the fields.
  package init(
    application: String, role: String, roleIsSuperuser: Bool = false, seconds: Double,
    waitsForLock: Bool = false, queryID: String? = nil, statement: String
  ) {
    self.application = application
    self.role = role
    self.roleIsSuperuser = roleIsSuperuser
    self.seconds = seconds
    self.waitsForLock = waitsForLock
    self.queryID = queryID
    self.statement = statement
  }

  /// Whether it keeps or moves data as a whole, so that cutting it off does harm of its own.
  package var isMaintenance: Bool {
    // Without comments, however long: they may stand before the first word.
    let word = Shown.statement(statement).drop { $0.isWhitespace || $0 == "(" || $0 == ";" }
      .prefix { $0.isLetter }.lowercased()
    return [
      "vacuum", "analyze", "analyse", "create", "reindex", "cluster", "copy", "alter", "refresh", "drop",
      "call", "do",
    ].contains(word)
  }
}

/// What pg_stat_statements recorded of one statement.
package struct StatementMean: Hashable, Sendable {
  package var role: String
  package var queryID: String
  package var calls: Int
  package var meanSeconds: Double
  package var longestSeconds: Double
  /// The statement with its constants replaced, cut.
  package var statement: String

  /// A record; see the fields.
  package init(
    role: String, queryID: String, calls: Int, meanSeconds: Double, longestSeconds: Double,
    statement: String
  ) {
    self.role = role
    self.queryID = queryID
    self.calls = calls
    self.meanSeconds = meanSeconds
    self.longestSeconds = longestSeconds
    self.statement = statement
  }
}
