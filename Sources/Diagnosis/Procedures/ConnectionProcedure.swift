import IncidentModel

/// Connection pool: who holds the connections, in which state, and is it one application's fault?
///
/// 1. Sessions by application, role and state. A refusal (53300) is asked once more.
/// 2. Many idle in transaction, but not yet for long: the same again when they would be settled.
/// 3. Settled ones: do the longest transactions name the same application? Do others wait for them?
/// 4. Most are at work: what do they run? Many wait: who blocks?
struct ConnectionProcedure: Procedure {
  func question(_ dossier: Dossier) -> Question? {
    guard let view = View(dossier) else { return questionWithoutAnswer(dossier) }
    let target = Shown.name(dossier.source.name)
    if let idle = view.idle, view.isTooYoung(idle), dossier.asked(.postgresSessions) == 1 {
      return Question(
        "\(idle.count) sessions are idle in transaction, but few for long. Are they still, in a moment?",
        .postgresSessions, waitSeconds: SessionsResult.settledSeconds + 1)
    }
    if let leak = view.leak, dossier.asked(.postgresLongestTransactions) == 0 {
      return Question(
        "\(leak.settled) sessions of \(Shown.name(leak.application)) sit idle in transaction. "
          + "Are the longest transactions theirs too, and what did they run last?",
        .postgresLongestTransactions)
    }
    if view.sessions.waiting > 0, dossier.asked(.postgresBlockingChains) == 0 {
      return Question(
        "\(view.sessions.waiting) sessions wait for a lock. Who blocks them?", .postgresBlockingChains)
    }
    if view.leak == nil, view.working * 2 > view.sessions.used, dossier.asked(.postgresSlowestStatements) == 0
    {
      return Question("Most sessions are at work. What takes them so long?", .postgresSlowestStatements)
    }
    if view.leak == nil, dossier.asked(.postgresLimits) == 0 {
      return Question("What are the limits of \(target)?", .postgresLimits)
    }
    return nil
  }

  private func questionWithoutAnswer(_ dossier: Dossier) -> Question? {
    let target = Shown.name(dossier.source.name)
    switch dossier.asked(.postgresSessions) {
    case 0:
      return Question(
        "Who holds the connections of \(target), in which state and for how long?", .postgresSessions)
    case 1 where dossier.finding(.postgresSessions)?.failure?.kind == .noConnectionLeft:
      return Question(
        "The server has no connection left for the question itself. Is there one in a moment?",
        .postgresSessions, waitSeconds: 3)
    default: return nil
    }
  }

  func candidates(_ dossier: Dossier) -> [Candidate] {
    guard let view = View(dossier) else { return Self.exhausted(dossier) }
    if let passed = view.passed { return [passed] }
    // How busy the others are explains nothing when open transactions are the symptom.
    let others = view.isAboutTransactions ? [] : [view.load, view.pooled]
    return ([view.leaked, BlockerCause.candidate(dossier)] + others).compactMap { $0 }
  }

  /// Nobody could look inside, but that the door was shut is seen.
  ///
  /// The two refusals say that all places are taken, not by whom: half of the question is open, so
  /// they count half.
  static func exhausted(_ dossier: Dossier) -> [Candidate] {
    let refusals = dossier.findings.filter { $0.failure?.kind == .noConnectionLeft }
    guard !refusals.isEmpty else { return [] }
    let tries = dossier.findings.count
    return [
      Candidate(
        cause: "Every connection that the role may use is taken: the server refused \(refusals.count) of "
          + "\(tries) tries to ask who holds them",
        family: .connectionPool,
        confidence: Confidence(
          explaining: Double(refusals.count) / 2, of: Double(tries), seenOn: Double(tries)),
        evidence: refusals.map(\.evidence) + dossier.symptomEvidence,
        advice: [
          "Ask with a reserved connection who holds them: SELECT application_name, state, count(*) "
            + "FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC",
          "Give the role of the diagnoser a reserved connection (pg_use_reserved_connections, or a superuser)",
        ])
    ]
  }
}

extension ConnectionProcedure {
  /// The latest answer about sessions, read for this family.
  struct View {
    let dossier: Dossier
    let finding: Finding
    let sessions: SessionsResult
    /// Idle in transaction, by application and state: the one with the most settled, then the most.
    let idle: SessionGroup?

    init?(_ dossier: Dossier) {
      guard let finding = dossier.found(.postgresSessions), case .sessions(let sessions)? = finding.result
      else { return nil }
      self.dossier = dossier
      self.finding = finding
      self.sessions = sessions
      let groups = sessions.byApplication.filter(\.isIdleInTransaction)
      idle = groups.first { $0.settled > 0 } ?? groups.max { $0.count < $1.count }
    }

    /// The idle group when some of it is settled.
    var leak: SessionGroup? { idle.flatMap { $0.settled > 0 ? $0 : nil } }

    /// Whether a moment's patience would show more: they are the most of what is looked at, and more than
    /// a tenth is not settled yet. Without it a remedy would leave behind those that leaked last.
    func isTooYoung(_ idle: SessionGroup) -> Bool {
      idle.count * 2 > whole && (idle.count - idle.settled) * 10 > idle.count
    }

    /// Sessions at work; one that waits for a lock is not.
    var working: Int {
      sessions.groups.reduce(0) { $0 + ($1.state == "active" ? max(0, $1.count - $1.waiting) : 0) }
    }

    func count(_ condition: (SessionGroup) -> Bool) -> Int {
      sessions.groups.reduce(0) { $0 + (condition($1) ? $1.count : 0) }
    }

    /// The rule of the symptom that is about the share of connections in use, the worst or not.
    var usageRule: SignalRule? {
      dossier.incident.symptoms.first { !$0.isCleared && $0.latest.metric == "database_connection_usage" }?
        .latest.rule
    }

    /// Whether the share of connections in use is all that is wrong.
    var isAboutUsageOnly: Bool {
      dossier.incident.symptoms.allSatisfy {
        $0.isCleared || $0.latest.metric == "database_connection_usage"
      }
    }

    /// Whether the symptom is how many sessions are idle in transaction.
    var isAboutTransactions: Bool { dossier.symptom?.metric == "database_idle_in_transaction" }

    /// What the culprit is held against: all sessions in use, or those idle in transaction when
    /// these are the symptom.
    var whole: Int {
      isAboutTransactions ? count(\.isIdleInTransaction) : sessions.used
    }
  }
}
