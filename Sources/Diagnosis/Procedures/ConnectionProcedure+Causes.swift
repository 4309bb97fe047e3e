import IncidentModel

extension ConnectionProcedure.View {
  /// The symptom went away by itself: nothing is to be done to what is left.
  var passed: Candidate? {
    guard let rule = usageRule, isAboutUsageOnly, rule.isRecovered(sessions.usage()) else { return nil }
    return Candidate(
      cause:
        "The connections came free by themselves: \(sessions.used) of \(sessions.maximum) are in use now "
        + "(\(Figure.decimal(sessions.usage())) %)",
      family: .connectionPool, confidence: Confidence(explaining: 1, of: 1, seenOn: Double(sessions.used)),
      evidence: [finding.evidence] + dossier.symptomEvidence,
      advice: ["See whether it comes again: a short peak needs more connections, not fewer sessions"])
  }

  /// One application leaves transactions open.
  var leaked: Candidate? {
    guard let leak, whole > 0 else { return nil }
    let name = Shown.name(leak.application)
    var confidence = Confidence(explaining: Double(leak.settled), of: Double(whole))
    var evidence = [finding.evidence]
    if let (agrees, piece) = transactions(of: leak) {
      confidence.weigh(agrees)
      evidence.append(piece)
    }
    if let rule = usageRule {
      let rest = sessions.usage(without: leak.settled)
      confidence.weigh(rule.isRecovered(rest))
      evidence.append(
        finding.evidence(
          "without them \(sessions.used - leak.settled) of \(sessions.maximum) connections would be in use "
            + "(\(Figure.decimal(rest)) %)"))
    }
    if let blocking = dossier.found(.postgresBlockingChains) { evidence.append(blocking.evidence) }
    let isMajority = leak.settled * 2 > whole
    return Candidate(
      cause: "\(leak.settled) of \(sessions.used) connections are \(leak.state), held by application \(name) "
        + "for \(Figure.duration(leak.oldestSeconds))",
      family: .connectionPool, confidence: confidence, evidence: evidence + dossier.symptomEvidence,
      proposal: isMajority && leak.youngestSettledSeconds >= leakAge ? freeing(leak) : nil,
      advice: [
        "Find where \(name) leaves a transaction open, and set idle_in_transaction_session_timeout for its role"
      ]
        + (isMajority && leak.youngestSettledSeconds < leakAge
          ? [
            "No runbook is proposed: the connections are only more than usual, and some are idle in "
              + "transaction for no longer than \(Figure.duration(leak.youngestSettledSeconds))"
          ] : []))
  }

  /// Whether the longest transactions are the leak's too.
  private func transactions(of leak: SessionGroup) -> (Bool, Evidence)? {
    guard let found = dossier.found(.postgresLongestTransactions),
      case .transactions(let result)? = found.result
    else { return nil }
    let mine = result.transactions.filter { $0.application == leak.application && $0.isIdle }
    guard let longest = mine.first else { return (false, found.evidence) }
    return (
      mine.count * 2 > result.transactions.count,
      found.evidence(
        "\(mine.count) of the \(result.transactions.count) longest transactions are idle ones of "
          + "\(Shown.name(leak.application)), the longest open for \(Figure.duration(longest.openSeconds)), "
          + "last statement: \(Shown.text(longest.statement, limit: 160))")
    )
  }

  /// From which age an idle transaction counts as leaked, in seconds.
  ///
  /// Where a bound was passed, or the server is nearly full, as soon as it is settled. That there are only more
  /// than usual may be a busy hour in good health: then whoever is ended must have been idle for long.
  private var leakAge: Double {
    let metrics = ["database_connection_usage", "database_idle_in_transaction"]
    let isFirm = dossier.incident.symptoms.contains { symptom in
      let signal = symptom.latest
      return !symptom.isCleared && (metrics.contains(signal.metric) || signal == dossier.symptom)
        && (signal.rule.kind == .threshold || signal.rule.kind == .alert)
    }
    return isFirm || sessions.usage() >= Self.nearlyFull ? RemedyBounds.youngestSession : Self.unusualAge
  }

  /// Percent of the maximum from which a leak is dangerous whatever is usual.
  private static let nearlyFull = 70.0
  /// How long a leak must be idle when all that is known is that it is unusual, in seconds.
  private static let unusualAge = 30.0

  private func freeing(_ leak: SessionGroup) -> Proposal {
    Proposal(
      runbook: "free-leaked-connections",
      parameters: [
        "application": .text(leak.application), "state": .text(leak.state),
        "older_than": .number(
          RemedyBounds.olderThan(
            youngest: leak.youngestSettledSeconds, median: leak.medianSettledSeconds,
            floor: leakAge)),
      ],
      limit: RemedyBounds.limit(seen: leak.count, most: max(1, sessions.maximum)))
  }

  /// The load itself: sessions at work.
  var load: Candidate? {
    let busy = working
    guard busy > 0, sessions.used > 0 else { return nil }
    let applications = Set(
      sessions.groups.filter { $0.state == "active" && $0.count > $0.waiting }.map(\.application))
    var evidence = [finding.evidence]
    if let statements = dossier.found(.postgresSlowestStatements) { evidence.append(statements.evidence) }
    if let limits = dossier.found(.postgresLimits) { evidence.append(limits.evidence) }
    return Candidate(
      cause: "\(busy) of \(sessions.used) connections are at work for \(applications.count) "
        + "\(applications.count == 1 ? "application" : "applications"): the load needs more connections than "
        + "the \(sessions.maximum) there are",
      family: .connectionPool,
      confidence: Confidence(explaining: Double(busy), of: Double(sessions.used)),
      evidence: evidence + dossier.symptomEvidence)
  }

  /// Pools that hold more than they use.
  var pooled: Candidate? {
    let idle = sessions.byApplication.filter { $0.state == "idle" }
    let all = idle.reduce(0) { $0 + $1.count }
    guard let largest = idle.max(by: { $0.count < $1.count }), sessions.used > 0 else { return nil }
    var evidence = [finding.evidence]
    if let limits = dossier.found(.postgresLimits) { evidence.append(limits.evidence) }
    return Candidate(
      cause: "\(all) of \(sessions.used) connections are idle in pools, \(largest.count) of them "
        + "\(Shown.name(largest.application))'s, for up to \(Figure.duration(largest.oldestSeconds))",
      family: .connectionPool,
      confidence: Confidence(explaining: Double(all), of: Double(sessions.used)),
      evidence: evidence + dossier.symptomEvidence,
      advice: ["Make the applications' pools smaller, or put PgBouncer between them and the server"])
  }
}
