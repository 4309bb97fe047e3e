import IncidentModel

/// A transaction that has been open for too long: whose is it, does it do anything, who waits for it?
struct TransactionProcedure: Procedure {
  func question(_ dossier: Dossier) -> Question? {
    if dossier.asked(.postgresLongestTransactions) == 0 {
      return Question(
        "Which transactions have been open for longest, and whose are they?", .postgresLongestTransactions)
    }
    if dossier.asked(.postgresBlockingChains) == 0 {
      return Question("Does anybody wait for them?", .postgresBlockingChains)
    }
    if dossier.asked(.postgresSessions) == 0 {
      return Question("How many sessions of the same application are in the same state?", .postgresSessions)
    }
    return nil
  }

  func candidates(_ dossier: Dossier) -> [Candidate] {
    [longest(dossier), BlockerCause.candidate(dossier)].compactMap { $0 }
  }

  private func longest(_ dossier: Dossier) -> Candidate? {
    guard let found = dossier.found(.postgresLongestTransactions),
      case .transactions(let result)? = found.result
    else { return ConnectionProcedure.exhausted(dossier).first }
    let bound = dossier.symptom.map { $0.rule.condition == .above ? $0.rule.threshold : 0 } ?? 0
    let long = result.transactions.filter { $0.openSeconds > max(bound, RemedyBounds.youngestSession) }
    guard let head = long.first else { return nil }
    let mine = long.filter { $0.application == head.application && $0.state == head.state }
    let name = Shown.name(head.application)
    var confidence = Confidence(explaining: Double(mine.count), of: Double(long.count))
    var evidence = [found.evidence]
    if let sessions = dossier.found(.postgresSessions), case .sessions(let answer)? = sessions.result {
      confidence.weigh(
        answer.groups.contains {
          $0.application == head.application && $0.state == head.state
            && $0.settled >= mine.count { $0.stateSeconds >= SessionsResult.settledSeconds }
        })
      evidence.append(sessions.evidence)
    }
    if let blocking = dossier.found(.postgresBlockingChains) { evidence.append(blocking.evidence) }
    let proposal = mine.count * 2 > long.count ? ending(mine, bound: bound) : nil
    let meetsOnly = RemedyBounds.meetsOnly(
      named: mine.count, application: head.application, state: head.state, dossier)
    return Candidate(
      cause:
        "\(mine.count) of \(long.count) transactions that are open for too long are application \(name)'s, "
        + "\(Shown.text(head.state, limit: 40)), the longest for \(Figure.duration(head.openSeconds)); "
        + "last statement: \(Shown.text(head.statement, limit: 160))",
      family: .connectionPool, confidence: confidence, evidence: evidence + dossier.symptomEvidence,
      proposal: meetsOnly ? proposal : nil,
      advice: (head.isIdle ? [] : ["The transaction is at work: ask its owner before it is ended"])
        + (proposal != nil && !meetsOnly ? [RemedyBounds.meetsOthers(head.application)] : []))
  }

  /// Only transactions that do nothing may be ended, and have done nothing for half of what the rule lets them
  /// be open: an application that pauses now and then in a long piece of work is at work.
  private func ending(_ transactions: [OpenTransaction], bound: Double) -> Proposal? {
    let floor = max(RemedyBounds.youngestSession, bound / 2)
    let settled = transactions.filter { $0.isIdle && $0.stateSeconds >= floor }
    let ages = settled.map(\.stateSeconds).sorted()
    guard let head = settled.first, let youngest = ages.first else { return nil }
    return Proposal(
      runbook: "end-long-transactions",
      parameters: [
        "application": .text(head.application), "state": .text(head.state),
        "older_than": .number(
          RemedyBounds.olderThan(
            youngest: youngest, median: ages[ages.count / 2], floor: floor)),
      ], limit: RemedyBounds.limit(seen: settled.count, most: 1000))
  }
}
