import Diagnosis
import IncidentModel
import Testing

@Suite("Slow queries: the assistant")
struct SlowQueryDecisionTests {
  let assistant = BuiltInAssistant()
  let slow = Case.signal("database_slow_queries", 14, above: 10, clear: 9.5, unit: "count")

  /// With the default `means` the running statement, and nothing else, was recorded.
  func diagnosis(
    _ running: [RunningStatement], means: [StatementMean]?? = .none, sessions: ToolResult? = nil,
    protected: [String] = [], symptom: Signal? = nil
  ) throws -> Diagnosis {
    let known = [mean(30, role: running.first?.role ?? "reports")]
    let result = ToolResult.statements(StatementsResult(running: running, means: means ?? known))
    let groups = sessions ?? Case.sessions(Case.group("reports", "active", running.count, role: "reports"))
    return try #require(
      assistant.conclusion(
        Case.dossier(
          symptom ?? slow, Case.postgres(protected: protected),
          [(.postgresSlowestStatements, result), (.postgresSessions, groups)])))
  }

  func mean(_ seconds: Double, id: String = "7", role: String = "reports", longest: Double? = nil)
    -> StatementMean
  {
    StatementMean(
      role: role, queryID: id, calls: 20, meanSeconds: seconds, longestSeconds: longest ?? seconds,
      statement: "SELECT $1")
  }

  @Test("one application's slow statements are canceled and its role gets a limit between slow and healthy")
  func culprit() throws {
    let found = try diagnosis(
      Case.running("reports", 8) + Case.running("storefront", 1, role: "storefront", seconds: 0.1, id: "1"),
      means: [mean(20), mean(0.01, id: "9")])
    #expect(found.rootCause.hasPrefix("8 of 8 slow statements are application reports's as role reports"))
    let remedy = try #require(found.remedy)
    #expect(remedy.runbook == "cancel-slow-queries")
    #expect(remedy.text("application") == "reports")
    #expect(remedy.text("role") == "reports")
    #expect(remedy.number("older_than") == 15)
    #expect(remedy.number("statement_timeout") == 15)
  }

  @Test("a short statement that is slow on average is caught by its mean")
  func byMean() throws {
    let found = try diagnosis(Case.running("reports", 3, seconds: 0.3), means: [mean(1.3)])
    #expect(found.remedy?.number("older_than") == 1)
    #expect(found.remedy?.number("statement_timeout") == 1)
  }

  @Test("a time limit that would hit healthy statements of the role, or others, is not set")
  func healthyRole() throws {
    let healthy = try diagnosis(
      Case.running("reports", 3, seconds: 2), means: [mean(0.9, id: "9", longest: 1.5)])
    #expect(healthy.remedy == nil)
    #expect(try diagnosis(Case.running("reports", 3), means: []).remedy == nil, "nothing is known")
    #expect(try diagnosis(Case.running("reports", 3), means: .some(nil)).remedy == nil)
    #expect(
      try diagnosis(Case.running("reports", 3), means: [mean(0.1, role: "another")]).remedy == nil)
    let superuser = try diagnosis(Case.running("reports", 3, superuser: true))
    #expect(superuser.remedy == nil)
    let shared = Case.sessions(
      Case.group("reports", "active", 3, role: "reports"),
      Case.group("payments", "active", 3, role: "reports"))
    #expect(try diagnosis(Case.running("reports", 3), means: .some(nil), sessions: shared).remedy == nil)
    #expect(try diagnosis(Case.running("reports", 3), sessions: shared).remedy != nil)
    #expect(
      try diagnosis(Case.running("reports", 3), sessions: shared, protected: ["payments"]).remedy == nil)
    let unasked = try #require(
      assistant.conclusion(
        Case.dossier(
          slow, Case.postgres(),
          [
            (
              .postgresSlowestStatements,
              .statements(StatementsResult(running: Case.running("reports", 3), means: [mean(30)]))
            )
          ])))
    #expect(unasked.remedy == nil)
  }

  @Test("a report that takes its time is not taken for one of the slow statements")
  func nightlyReport() throws {
    let running = Case.running("reports", 3, seconds: 2)
    let alike = [mean(2), mean(2.1, id: "8", longest: 2.5)]
    #expect(try diagnosis(running, means: alike).remedy?.number("statement_timeout") == 1)
    #expect(try diagnosis(running, means: alike + [mean(20, id: "9")]).remedy == nil)
    let shared = Case.sessions(
      Case.group("reports", "active", 3, role: "reports"), Case.group("batch", "idle", 1, role: "reports"))
    #expect(try diagnosis(running, means: alike, sessions: shared).remedy == nil, "it may be another's")
    let longest = Case.signal("database_longest_query", 400, above: 300, clear: 285, unit: "seconds")
    #expect(try diagnosis(running, means: alike, symptom: longest).remedy == nil)
    #expect(try diagnosis(running, means: [mean(2)], symptom: longest).remedy != nil)
  }

  @Test(
    "maintenance is not cut off",
    arguments: [
      "VACUUM FULL orders", " create index on a (b)", "COPY t TO STDOUT", "CALL archive()",
      "-- nightly\n/* it's /* nested */ */ REINDEX TABLE orders",
    ])
  func maintenance(statement: String) throws {
    #expect(try diagnosis(Case.running("admin", 3, statement: statement)).remedy == nil)
    #expect(try diagnosis(Case.running("admin", 3, statement: "/* x */ SELECT 1")).remedy != nil)
  }

  @Test("statements that wait for a lock point to who holds it")
  func locked() throws {
    let chain = BlockingChain(
      pid: 9, application: "cart", role: "app", state: "idle in transaction", stateSeconds: 30,
      openSeconds: 31, blocked: 6, statement: "UPDATE items SET stock = 0")
    let (asked, found) = assistant.dialogue(Case.dossier(slow, Case.postgres())) { call in
      switch call.tool {
      case .postgresSlowestStatements:
        Case.found(
          call.tool,
          .statements(StatementsResult(running: Case.running("shop", 6, waits: true), means: [])))
      case .postgresBlockingChains:
        Case.found(call.tool, .blocking(BlockingResult(chains: [chain], waiting: 6)))
      case .postgresSessions:
        Case.found(
          call.tool,
          Case.sessions(
            Case.group("cart", "idle in transaction", 1), Case.group("shop", "active", 6, waiting: 6)))
      default: Case.failed(call.tool, .other)
      }
    }
    #expect(asked.map(\.tool) == [.postgresSlowestStatements, .postgresBlockingChains, .postgresSessions])
    #expect(found.remedy?.runbook == "end-long-transactions")
    #expect(found.remedy?.text("application") == "cart")
    #expect(found.hypotheses[0].family == .slowQueries)
  }

  @Test("what is only in the record names the statement, and nobody to cut off")
  func recorded() throws {
    let found = try diagnosis([], means: [mean(3)])
    #expect(found.rootCause.hasPrefix("Role reports sent 20 times a statement that takes 3 s on average"))
    #expect(found.remedy == nil)
  }
}
