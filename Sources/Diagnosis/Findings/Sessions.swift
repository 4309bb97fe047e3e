/// Who holds a PostgreSQL server's connections: `postgres.sessions`.
package struct SessionsResult: Hashable, Sendable {
  /// A session must have been in its state for so many seconds to count as settled there: a
  /// transaction in good health pauses between two statements too, but not for so long.
  package static let settledSeconds = 5.0
  /// Groups that are asked for at the most.
  package static let maxGroups = 60

  /// Client sessions by application, role and state, the most first.
  package var groups: [SessionGroup]
  /// All client sessions but the diagnoser's own, those of further groups too.
  package var used: Int
  /// `max_connections`.
  package var maximum: Int
  /// Connections that only superusers and privileged roles get.
  package var reserved: Int

  /// An answer; see the fields.
  package init(groups: [SessionGroup], used: Int, maximum: Int, reserved: Int) {
    self.groups = groups
    self.used = used
    self.maximum = maximum
    self.reserved = reserved
  }

  /// Sessions whose state the diagnoser's role may not see.
  package var hidden: Int {
    groups.reduce(0) { $0 + ($1.state == SessionGroup.hiddenState ? $1.count : 0) }
  }

  /// Sessions that wait for a lock.
  package var waiting: Int { groups.reduce(0) { $0 + $1.waiting } }

  /// Use in percent of the maximum.
  package func usage(without freed: Int = 0) -> Double {
    maximum > 0 ? Double(max(0, used - freed)) / Double(maximum) * 100 : 0
  }

  /// The groups with roles taken together, because filters name application and state only.
  package var byApplication: [SessionGroup] {
    var merged: [[String]: SessionGroup] = [:]
    for group in groups {
      let key = [group.application, group.state]
      merged[key] = merged[key].map { $0.merged(with: group) } ?? group
    }
    return merged.values.sorted {
      ($0.settled, $0.count, $1.application, $1.state) > ($1.settled, $1.count, $0.application, $0.state)
    }
  }

  /// How many sessions of an application have been in a state for a while, whatever their roles.
  package func settled(application: String, state: String) -> Int {
    groups.reduce(0) { $0 + ($1.application == application && $1.state == state ? $1.settled : 0) }
  }

  var summary: String {
    let lines = groups.prefix(6).map { group in
      "\(group.count) × \(Shown.name(group.application)) as \(Shown.name(group.role)) "
        + "\(Shown.text(group.state, limit: 40)), the oldest for \(Figure.duration(group.oldestSeconds))"
    }
    let rest = used - groups.prefix(6).reduce(0) { $0 + $1.count }
    return "\(used) of \(maximum) connections in use, \(reserved) reserved: "
      + lines.joined(separator: "; ") + (rest > 0 ? "; \(rest) more" : "")
  }
}

/// Sessions alike.
package struct SessionGroup: Hashable, Sendable {
  /// Stands for a state that may not be seen.
  package static let hiddenState = "hidden"

  package var application: String
  package var role: String
  /// `pg_stat_activity.state`.
  package var state: String
  package var count: Int
  /// Those that wait for a lock.
  package var waiting: Int
  /// Those that have been in the state for ``SessionsResult/settledSeconds`` or longer.
  package var settled: Int
  /// Time in the state of the youngest settled one, in seconds; 0 without one.
  package var youngestSettledSeconds: Double
  /// The median of the settled ones, in seconds; 0 without one.
  package var medianSettledSeconds: Double
  /// Time in the state of the oldest, in seconds.
  package var oldestSeconds: Double

  /// A group; see the fields.
  package init(
    application: String, role: String, state: String, count: Int, waiting: Int = 0, settled: Int,
    youngestSettledSeconds: Double, medianSettledSeconds: Double, oldestSeconds: Double
  ) {
    self.application = application
    self.role = role
    self.state = state
    self.count = count
    self.waiting = waiting
    self.settled = settled
    self.youngestSettledSeconds = youngestSettledSeconds
    self.medianSettledSeconds = medianSettledSeconds
    self.oldestSeconds = oldestSeconds
  }

  /// Whether it holds a transaction open and does nothing.
  package var isIdleInTransaction: Bool { state.hasPrefix("idle in transaction") }

  func merged(with other: SessionGroup) -> SessionGroup {
    var merged = self
    merged.count += other.count
    merged.waiting += other.waiting
    merged.settled += other.settled
    merged.oldestSeconds = max(oldestSeconds, other.oldestSeconds)
    if settled == 0 {
      merged.youngestSettledSeconds = other.youngestSettledSeconds
      merged.medianSettledSeconds = other.medianSettledSeconds
    } else if other.settled > 0 {
      merged.youngestSettledSeconds = min(youngestSettledSeconds, other.youngestSettledSeconds)
      let weighted =
        medianSettledSeconds * Double(settled) + other.medianSettledSeconds * Double(other.settled)
      merged.medianSettledSeconds = weighted / Double(merged.settled)
    }
    if other.role != role { merged.role = "several roles" }
    return merged
  }
}

/// The limits of a PostgreSQL server: `postgres.limits`.
package struct LimitsResult: Hashable, Sendable {
  package var version: String
  package var maximum: Int
  package var reserved: Int
  /// In seconds; 0 is none.
  package var statementTimeoutSeconds: Double
  /// In seconds; 0 is none.
  package var idleInTransactionTimeoutSeconds: Double
  package var isInRecovery: Bool

  /// Limits; see the fields.
  package init(
    version: String, maximum: Int, reserved: Int, statementTimeoutSeconds: Double,
    idleInTransactionTimeoutSeconds: Double, isInRecovery: Bool
  ) {
    self.version = version
    self.maximum = maximum
    self.reserved = reserved
    self.statementTimeoutSeconds = statementTimeoutSeconds
    self.idleInTransactionTimeoutSeconds = idleInTransactionTimeoutSeconds
    self.isInRecovery = isInRecovery
  }

  var summary: String {
    func limit(_ seconds: Double) -> String { seconds > 0 ? Figure.duration(seconds) : "none" }
    return "PostgreSQL \(Shown.text(version, limit: 40)), max_connections \(maximum), \(reserved) reserved, "
      + "statement_timeout \(limit(statementTimeoutSeconds)), "
      + "idle_in_transaction_session_timeout \(limit(idleInTransactionTimeoutSeconds))"
      + (isInRecovery ? ", a standby" : "")
  }
}
