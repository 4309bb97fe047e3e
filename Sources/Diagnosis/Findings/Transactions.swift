/// The transactions that have been open for longest: `postgres.longest_transactions`.
package struct TransactionsResult: Hashable, Sendable {
  /// Transactions that are asked for at the most.
  package static let maxTransactions = 20

  /// The longest first.
  package var transactions: [OpenTransaction]

  /// An answer.
  package init(transactions: [OpenTransaction]) { self.transactions = transactions }

  var summary: String {
    if transactions.isEmpty { return "no other transaction is open" }
    let lines = transactions.prefix(5).map { one in
      "\(Shown.name(one.application)) as \(Shown.name(one.role)), open for "
        + "\(Figure.duration(one.openSeconds)), \(Shown.text(one.state, limit: 40)) for "
        + "\(Figure.duration(one.stateSeconds)), last statement: \(Shown.text(one.statement, limit: 100))"
    }
    let rest = transactions.count - lines.count
    return lines.joined(separator: "; ") + (rest > 0 ? "; \(rest) more" : "")
  }
}

/// A transaction that is open.
package struct OpenTransaction: Hashable, Sendable {
  package var pid: Int
  package var application: String
  package var role: String
  /// `pg_stat_activity.state`.
  package var state: String
  /// Since it began, in seconds.
  package var openSeconds: Double
  /// In its state, in seconds.
  package var stateSeconds: Double
  /// The running or last statement, cut.
  package var statement: String

  /// A transaction; see the fields.
  package init(
    pid: Int, application: String, role: String, state: String, openSeconds: Double,
    stateSeconds: Double, statement: String
  ) {
    self.pid = pid
    self.application = application
    self.role = role
    self.state = state
    self.openSeconds = openSeconds
    self.stateSeconds = stateSeconds
    self.statement = statement
  }

  /// Whether it holds its locks and does nothing.
  package var isIdle: Bool { state.hasPrefix("idle in transaction") }
}

/// Sessions at the head of lock queues: `postgres.blocking_chains`.
package struct BlockingResult: Hashable, Sendable {
  /// Chains that are asked for at the most.
  package static let maxChains = 20

  /// Who blocks without being blocked, the one that blocks most first.
  package var chains: [BlockingChain]
  /// Sessions that wait for a lock, each once.
  package var waiting: Int

  /// An answer; see the fields.
  package init(chains: [BlockingChain], waiting: Int) {
    self.chains = chains
    self.waiting = waiting
  }

  var summary: String {
    if chains.isEmpty { return "nobody waits for a lock" }
    let lines = chains.prefix(4).map { chain in
      "\(Shown.name(chain.application)) as \(Shown.name(chain.role)) (pid \(chain.pid)), "
        + "\(Shown.text(chain.state, limit: 40)) for \(Figure.duration(chain.stateSeconds)), blocks "
        + "\(chain.blocked), last statement: \(Shown.text(chain.statement, limit: 100))"
    }
    let rest = chains.count - lines.count
    return "\(waiting) wait for locks: " + lines.joined(separator: "; ") + (rest > 0 ? "; \(rest) more" : "")
  }
}

/// A session that others wait for and that waits for nobody.
package struct BlockingChain: Hashable, Sendable {
  /// 0 for a prepared transaction.
  package var pid: Int
  package var application: String
  package var role: String
  package var state: String
  /// In its state, in seconds.
  package var stateSeconds: Double
  /// Since its transaction began, in seconds.
  package var openSeconds: Double
  /// Sessions that wait for it, directly or behind others.
  package var blocked: Int
  /// The running or last statement, cut.
  package var statement: String

  /// A chain; see the fields.
  package init(
    pid: Int, application: String, role: String, state: String, stateSeconds: Double,
    openSeconds: Double, blocked: Int, statement: String
  ) {
    self.pid = pid
    self.application = application
    self.role = role
    self.state = state
    self.stateSeconds = stateSeconds
    self.openSeconds = openSeconds
    self.blocked = blocked
    self.statement = statement
  }

  /// Whether it holds its locks and does nothing.
  package var isIdle: Bool { state.hasPrefix("idle in transaction") }
}
