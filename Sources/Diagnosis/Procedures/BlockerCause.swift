import IncidentModel

/// Somebody holds a lock that others queue for.
enum BlockerCause {
  /// The cause when blocking chains were found; the share is that of the waiting sessions behind the
  /// application that blocks most.
  static func candidate(_ dossier: Dossier) -> Candidate? {
    guard let found = dossier.found(.postgresBlockingChains), case .blocking(let result)? = found.result,
      let worst = worst(result), result.waiting > 0
    else { return nil }
    let name = Shown.name(worst.head.application)
    var confidence = Confidence(
      explaining: Double(min(worst.blocked, result.waiting)), of: Double(result.waiting))
    var evidence = [found.evidence]
    if let transactions = dossier.found(.postgresLongestTransactions),
      case .transactions(let open)? = transactions.result
    {
      confidence.weigh(open.transactions.contains { $0.pid == worst.head.pid })
      evidence.append(transactions.evidence)
    }
    if let sessions = dossier.found(.postgresSessions), case .sessions(let answer)? = sessions.result {
      // Is the symptom about those who wait? Most of those in use must.
      if dossier.symptom?.metric == "database_connection_usage" {
        confidence.weigh(answer.waiting * 2 > answer.used)
      }
      evidence.append(sessions.evidence)
    }
    if let statements = dossier.found(.postgresSlowestStatements),
      case .statements(let answer)? = statements.result
    {
      let waiting = answer.running.count { $0.waitsForLock }
      confidence.weigh(waiting * 2 > answer.running.count)
      evidence.append(statements.evidence)
    }
    let head = worst.head
    let proposal = worst.blocked * 2 > result.waiting ? ending(worst.chains) : nil
    let meetsOnly = RemedyBounds.meetsOnly(
      named: worst.chains.count, application: head.application, state: head.state, dossier)
    return Candidate(
      cause: "\(worst.blocked) of \(result.waiting) waiting sessions wait for application \(name) "
        + "(pid \(head.pid)), which is \(Shown.text(head.state, limit: 40)) for "
        + "\(Figure.duration(head.stateSeconds)) and holds its locks; its last statement was: "
        + Shown.text(head.statement, limit: 160),
      family: .connectionPool, confidence: confidence, evidence: evidence + dossier.symptomEvidence,
      proposal: meetsOnly ? proposal : nil,
      advice: ["Find why \(name) keeps its transaction open while others wait"]
        + (proposal != nil && !meetsOnly ? [RemedyBounds.meetsOthers(head.application)] : []))
  }

  /// The application and state whose chains block most.
  private static func worst(
    _ result: BlockingResult
  ) -> (head: BlockingChain, chains: [BlockingChain], blocked: Int)? {
    let groups = Dictionary(grouping: result.chains) { [$0.application, $0.state] }
    let sums = groups.values.map { chains in
      (head: chains[0], chains: chains, blocked: chains.reduce(0) { $0 + $1.blocked })
    }
    return sums.max { ($0.blocked, $1.head.pid) < ($1.blocked, $0.head.pid) }
  }

  /// Only a transaction that does nothing may be ended; one at work is for people to judge.
  private static func ending(_ chains: [BlockingChain]) -> Proposal? {
    guard let head = chains.first, head.isIdle,
      let youngest = chains.map(\.stateSeconds).min(), youngest >= RemedyBounds.youngestSession
    else { return nil }
    return Proposal(
      runbook: "end-long-transactions",
      parameters: [
        "application": .text(head.application), "state": .text(head.state),
        // Nearly the blocker's own age: what is younger is not what blocks.
        "older_than": .number(
          RemedyBounds.olderThan(
            youngest: youngest * 0.9, median: youngest * 1.8, floor: RemedyBounds.youngestSession)),
      ], limit: Double(chains.count))
  }
}
