import IncidentModel

/// Slow statements: whose are they, are they slow themselves, or do they wait for a lock?
///
/// 1. Running statements, and what pg_stat_statements recorded of them.
/// 2. Some wait for a lock: who blocks, and has whoever blocks other sessions like the one that does?
/// 3. Nothing slow is running now: once more in a moment, a slow statement that comes again is caught.
/// 4. A role sends them: who else works as this role, and would be hit by a time limit?
struct SlowQueryProcedure: Procedure {
  func question(_ dossier: Dossier) -> Question? {
    if dossier.asked(.postgresSlowestStatements) == 0 {
      return Question(
        "Which statements are slow, now and on average, and who sends them?", .postgresSlowestStatements)
    }
    guard let view = View(dossier) else { return nil }
    if view.statements.running.contains(where: \.waitsForLock), dossier.asked(.postgresBlockingChains) == 0 {
      return Question("Some wait for a lock. Who blocks them?", .postgresBlockingChains)
    }
    if view.culprit == nil, view.waiting == 0, dossier.asked(.postgresSlowestStatements) == 1 {
      return Question(
        "No slow statement is running just now. Does one come again?", .postgresSlowestStatements,
        waitSeconds: 2)
    }
    if let culprit = view.culprit, dossier.asked(.postgresSessions) == 0 {
      return Question(
        "\(Shown.name(culprit.application)) sends them as \(Shown.name(culprit.role)). "
          + "Who else works as this role?", .postgresSessions)
    }
    if case .blocking(let result)? = dossier.found(.postgresBlockingChains)?.result,
      let head = result.chains.first(where: \.isIdle), dossier.asked(.postgresSessions) == 0
    {
      return Question(
        "\(Shown.name(head.application)) blocks them. Which other sessions of its are in the same state?",
        .postgresSessions)
    }
    return nil
  }

  func candidates(_ dossier: Dossier) -> [Candidate] {
    guard let view = View(dossier) else { return ConnectionProcedure.exhausted(dossier) }
    var blocker = BlockerCause.candidate(dossier)
    blocker?.family = .slowQueries
    return [view.slow, blocker, view.onAverage].compactMap { $0 }
  }
}

extension SlowQueryProcedure {
  /// The latest answer about statements, read for this family.
  struct View {
    let dossier: Dossier
    let finding: Finding
    let statements: StatementsResult
    /// Slow running statements of the application and role that has the most of them.
    let culprit: Culprit?

    /// Who sends slow statements.
    struct Culprit {
      var application: String
      var role: String
      var statements: [RunningStatement]
    }

    init?(_ dossier: Dossier) {
      // A later look that saw less does not take back what an earlier one saw.
      let answers = dossier.findings.compactMap { finding -> (Finding, StatementsResult)? in
        guard case .statements(let result)? = finding.result else { return nil }
        return (finding, result)
      }
      guard let (finding, statements) = answers.last(where: { !$0.1.slow.isEmpty }) ?? answers.last
      else { return nil }
      self.dossier = dossier
      self.finding = finding
      self.statements = statements
      let groups = Dictionary(grouping: statements.slow) { [$0.application, $0.role] }
      let most = groups.values.max {
        ($0.count, $1[0].application, $1[0].role) < ($1.count, $0[0].application, $0[0].role)
      }
      culprit = most.map { Culprit(application: $0[0].application, role: $0[0].role, statements: $0) }
    }

    var waiting: Int { statements.running.count { $0.waitsForLock } }
  }
}

extension SlowQueryProcedure.View {
  /// One application's running statements are slow.
  var slow: Candidate? {
    guard let culprit, let head = culprit.statements.max(by: { expected($0) < expected($1) }) else {
      return nil
    }
    let all = statements.slow.count
    let mine = culprit.statements
    let name = Shown.name(culprit.application)
    // Statements in a lock queue are slow too, but not by themselves.
    var confidence = Confidence(explaining: Double(mine.count), of: Double(all + waiting))
    var evidence = [finding.evidence]
    let means = mine.compactMap { statements.meanSeconds(of: $0) }
    confidence.weigh(means.isEmpty ? nil : means.contains { $0 >= StatementsResult.slowSeconds })
    if let sessions = dossier.found(.postgresSessions) { evidence.append(sessions.evidence) }
    let isMajority = mine.count * 2 > all
    let limit = TimeLimit(self, culprit)
    return Candidate(
      cause: "\(mine.count) of \(all) slow statements are application \(name)'s as role "
        + "\(Shown.name(culprit.role)), running for up to \(Figure.duration(head.seconds))"
        + (statements.meanSeconds(of: head).map { ", \(Figure.duration($0)) on average" } ?? "")
        + ": \(Shown.text(head.statement, limit: 200))",
      family: .slowQueries, confidence: confidence, evidence: evidence + dossier.symptomEvidence,
      proposal: isMajority ? limit.seconds.map { cancelling(culprit, timeout: $0) } : nil,
      advice: limit.objection.map { ["No runbook is proposed: \($0)"] } ?? [])
  }

  private func expected(_ statement: RunningStatement) -> Double { statements.expectedSeconds(statement) }

  private func cancelling(_ culprit: Culprit, timeout: Double) -> Proposal {
    let ages = culprit.statements.map(expected).sorted()
    return Proposal(
      runbook: "cancel-slow-queries",
      parameters: [
        "application": .text(culprit.application), "role": .text(culprit.role),
        "older_than": .number(
          RemedyBounds.olderThan(
            youngest: ages[0], median: ages[ages.count / 2], floor: StatementsResult.slowSeconds)),
        "statement_timeout": .number(timeout),
      ], limit: RemedyBounds.limit(seen: ages.count, most: 1000))
  }

  /// Nothing slow was caught running, but the record names it; by whom it does not say.
  var onAverage: Candidate? {
    guard culprit == nil, let means = statements.means else { return nil }
    let slow = means.filter { $0.meanSeconds >= StatementsResult.slowSeconds && $0.calls > 0 }
    func total(_ mean: StatementMean) -> Double { mean.meanSeconds * Double(mean.calls) }
    guard let worst = slow.max(by: { total($0) < total($1) }) else { return nil }
    let sum = slow.reduce(0) { $0 + total($1) }
    return Candidate(
      cause: "Role \(Shown.name(worst.role)) sent \(worst.calls) times a statement that takes "
        + "\(Figure.duration(worst.meanSeconds)) on average: \(Shown.text(worst.statement, limit: 200))",
      family: .slowQueries,
      // The record reaches into the past, so it is held against one doubt more than what is seen now.
      confidence: Confidence(explaining: total(worst), of: sum * 2, seenOn: Double(worst.calls)),
      evidence: [finding.evidence] + dossier.symptomEvidence,
      advice: ["See its plan: EXPLAIN (ANALYZE, BUFFERS) of the statement with its usual parameters"])
  }
}
