import Diagnosis
import IncidentModel
import Testing

@Suite("Connections: the assistant")
struct ConnectionDecisionTests {
  let assistant = BuiltInAssistant()
  let usage = Case.signal("database_connection_usage")

  @Test("a leak is named with its figures, its evidence and the runbook that fits it")
  func leak() throws {
    let dossier = Case.dossier(
      usage, Case.postgres(),
      [
        (
          .postgresSessions,
          Case.sessions(
            Case.group("checkout", "idle in transaction", 34),
            Case.group("storefront", "idle", 3, oldest: 1))
        ),
        (.postgresLongestTransactions, Case.transactions("checkout", 20)),
      ])
    let diagnosis = try #require(assistant.conclusion(dossier))
    #expect(
      diagnosis.rootCause
        == "34 of 37 connections are idle in transaction, held by application checkout for 42 s")
    #expect(diagnosis.confidence > 0.9)
    #expect(diagnosis.hypotheses[0].evidence.contains { $0.query == "the query of postgres.sessions" })
    let remedy = try #require(diagnosis.remedy)
    #expect(remedy.runbook == "free-leaked-connections")
    #expect(remedy.text("application") == "checkout")
    #expect(remedy.text("state") == "idle in transaction")
    #expect(remedy.number("older_than") == 15.7)
    #expect(remedy.number("limit") == 37)
    #expect(remedy.steps.count == 1)
    #expect(diagnosis.recommendations.contains("Enable connection timeouts"))
  }

  @Test("the dialogue asks who holds, then whether the longest transactions agree, and stops")
  func order() {
    let (asked, _) = assistant.dialogue(Case.dossier(usage, Case.postgres())) { call in
      call.tool == .postgresSessions
        ? Case.found(call.tool, Case.sessions(Case.group("checkout", "idle in transaction", 37)))
        : Case.found(call.tool, Case.transactions("checkout", 20))
    }
    #expect(asked.map(\.tool) == [.postgresSessions, .postgresLongestTransactions])
  }

  @Test("sessions that are not idle for long are looked at once more before they are blamed")
  func patience() {
    var looks = 0
    let (asked, diagnosis) = assistant.dialogue(Case.dossier(usage, Case.postgres())) { call in
      guard call.tool == .postgresSessions else {
        return Case.found(call.tool, Case.transactions("checkout", 20, open: 9))
      }
      looks += 1
      return Case.found(
        call.tool,
        Case.sessions(Case.group("checkout", "idle in transaction", 35, oldest: looks == 1 ? 3 : 9)))
    }
    #expect(asked.map(\.tool) == [.postgresSessions, .postgresSessions, .postgresLongestTransactions])
    #expect(asked[1].waitSeconds > 5)
    #expect(diagnosis.remedy?.number("older_than") == 5)
  }

  @Test("sessions that settle in no time stay unblamed")
  func busy() {
    let (_, diagnosis) = assistant.dialogue(Case.dossier(usage, Case.postgres())) { call in
      call.tool == .postgresSessions
        ? Case.found(call.tool, Case.sessions(Case.group("shop", "idle in transaction", 35, oldest: 0.4)))
        : Case.failed(call.tool, .other)
    }
    #expect(diagnosis.remedy == nil)
  }

  @Test("a load spread over many applications gets advice and no runbook")
  func spread() throws {
    let groups = (0..<9).map { Case.group("app-\($0)", "active", 4, oldest: 0.2) }
    let result = ToolResult.sessions(
      SessionsResult(groups: groups, used: 36, maximum: 40, reserved: 3))
    let diagnosis = try #require(
      assistant.conclusion(Case.dossier(usage, Case.postgres(), [(.postgresSessions, result)])))
    #expect(diagnosis.remedy == nil)
    #expect(diagnosis.rootCause.contains("36 of 36 connections are at work for 9 applications"))
    #expect(diagnosis.recommendations.contains("Increase the database's connection pool"))
  }

  @Test("several leaking applications without a majority go to people")
  func noMajority() throws {
    let diagnosis = try #require(
      assistant.conclusion(
        Case.dossier(
          usage, Case.postgres(),
          [
            (
              .postgresSessions,
              Case.sessions(
                Case.group("a", "idle in transaction", 13), Case.group("b", "idle in transaction", 12),
                Case.group("c", "idle in transaction", 12))
            )
          ])))
    #expect(diagnosis.remedy == nil)
    #expect(!diagnosis.hypotheses.isEmpty)
  }

  @Test(
    "an application that the config protects, the system's own, or none is never named by a remedy",
    arguments: [("checkout", ["checkout"]), ("Checkout ", ["checkout"]), ("aiops-resolver", []), ("", [])])
  func protected(application: String, protected: [String]) throws {
    let diagnosis = try #require(
      assistant.conclusion(
        Case.dossier(
          usage, Case.postgres(protected: protected),
          [
            (.postgresSessions, Case.sessions(Case.group(application, "idle in transaction", 37))),
            (.postgresLongestTransactions, Case.transactions(application, 20)),
          ])))
    #expect(diagnosis.remedy == nil)
    #expect(diagnosis.confidence > 0.6, "the cause is known, only the remedy is withheld")
    #expect(diagnosis.recommendations.contains { $0.hasPrefix("No runbook is proposed") })
  }

  @Test(
    "when sessions idle in transaction are the symptom, they are held against each other, not all sessions")
  func idleInTransaction() throws {
    let symptom = Case.signal("database_idle_in_transaction", 12, above: 5, clear: 4.75, unit: "count")
    let diagnosis = try #require(
      assistant.conclusion(
        Case.dossier(
          symptom, Case.postgres(),
          [
            (
              .postgresSessions,
              Case.sessions(
                Case.group("checkout", "idle in transaction", 11),
                Case.group("other", "idle in transaction", 1),
                Case.group("storefront", "active", 60, oldest: 0.1), maximum: 100)
            ),
            (.postgresLongestTransactions, Case.transactions("checkout", 11)),
          ])))
    #expect(diagnosis.remedy?.text("application") == "checkout")
    #expect(diagnosis.hypotheses.count == 1)
  }

  @Test("connections that came free by themselves leave nothing to end")
  func passed() throws {
    let diagnosis = try #require(
      assistant.conclusion(
        Case.dossier(
          usage, Case.postgres(),
          [(.postgresSessions, Case.sessions(Case.group("checkout", "idle in transaction", 8)))])))
    #expect(diagnosis.rootCause.hasPrefix("The connections came free by themselves: 8 of 40"))
    #expect(diagnosis.remedy == nil)
  }

  @Test("a server without a connection left is a finding: asked once more, then said")
  func exhausted() {
    let (asked, diagnosis) = assistant.dialogue(Case.dossier(usage, Case.postgres())) { call in
      Case.failed(call.tool, .noConnectionLeft)
    }
    #expect(asked.map(\.tool) == [.postgresSessions, .postgresSessions])
    #expect(diagnosis.rootCause.contains("refused 2 of 2 tries"))
    #expect(diagnosis.confidence == 0.5)
    #expect(diagnosis.remedy == nil)
    #expect(diagnosis.hypotheses[0].family == .connectionPool)
  }

  @Test("a server that is away is unknown, with the failure as evidence")
  func away() {
    let (asked, diagnosis) = assistant.dialogue(Case.dossier(usage, Case.postgres())) { call in
      Case.failed(call.tool, .timedOut)
    }
    #expect(asked.count == 1)
    #expect(diagnosis.rootCause == Diagnosis.unknownCause)
    #expect(diagnosis.hypotheses[0].evidence.contains { $0.statement.hasPrefix("could not be asked") })
    #expect(diagnosis.recommendations == ProblemFamily.unknownRemedies)
  }

  @Test("an idle transaction that others queue for is the cause, and only it may be ended")
  func blocker() throws {
    let chain = BlockingChain(
      pid: 77, application: "migration", role: "app", state: "idle in transaction", stateSeconds: 60,
      openSeconds: 61, blocked: 33, statement: "LOCK TABLE orders")
    let diagnosis = try #require(
      assistant.conclusion(
        Case.dossier(
          usage, Case.postgres(),
          [
            (
              .postgresSessions,
              Case.sessions(
                Case.group("shop", "active", 33, oldest: 50, waiting: 33),
                Case.group("migration", "idle in transaction", 1, oldest: 60))
            ),
            (.postgresBlockingChains, .blocking(BlockingResult(chains: [chain], waiting: 33))),
          ])))
    #expect(diagnosis.rootCause.contains("33 of 33 waiting sessions wait for application migration (pid 77)"))
    #expect(diagnosis.remedy?.runbook == "end-long-transactions")
    #expect(diagnosis.remedy?.text("application") == "migration")
    #expect(diagnosis.remedy?.number("older_than") == 54)
    #expect(diagnosis.remedy?.number("limit") == 1)
  }

  @Test("an idle blocker is not ended when other sessions like it would be ended too")
  func blockerAmongOthers() throws {
    let chain = BlockingChain(
      pid: 77, application: "migration", role: "app", state: "idle in transaction", stateSeconds: 60,
      openSeconds: 61, blocked: 33, statement: "LOCK TABLE orders")
    let diagnosis = try #require(
      assistant.conclusion(
        Case.dossier(
          usage, Case.postgres(),
          [
            (
              .postgresSessions,
              Case.sessions(
                Case.group("shop", "active", 33, oldest: 50, waiting: 33),
                Case.group("migration", "idle in transaction", 1, oldest: 60),
                Case.group("migration", "idle in transaction", 1, role: "another", oldest: 70))
            ),
            (.postgresBlockingChains, .blocking(BlockingResult(chains: [chain], waiting: 33))),
          ])))
    #expect(diagnosis.rootCause.contains("application migration (pid 77)"))
    #expect(diagnosis.remedy == nil)
    #expect(diagnosis.recommendations.contains { $0.contains("other sessions of migration") })
  }

  @Test("more connections than usual are no reason to end what has only just fallen idle")
  func baseline() throws {
    func diagnosis(_ kind: SignalRule.Kind, oldest: Double, maximum: Int) throws -> Diagnosis {
      var signal = Case.signal("database_connection_usage", 40, above: 20, clear: 15)
      signal.rule.kind = kind
      return try #require(
        assistant.conclusion(
          Case.dossier(
            signal, Case.postgres(),
            [
              (
                .postgresSessions,
                Case.sessions(
                  Case.group("checkout", "idle in transaction", 37, oldest: oldest), maximum: maximum)
              ), (.postgresLongestTransactions, Case.transactions("checkout", 20)),
            ])))
    }
    let unsure = try diagnosis(.baseline, oldest: 20, maximum: 100)
    #expect(unsure.remedy == nil)
    #expect(unsure.recommendations.contains { $0.contains("only more than usual") })
    #expect(try diagnosis(.baseline, oldest: 62, maximum: 100).remedy?.number("older_than") == 30)
    #expect(try diagnosis(.baseline, oldest: 20, maximum: 50).remedy != nil, "nearly full")
    #expect(try diagnosis(.threshold, oldest: 20, maximum: 100).remedy != nil)
    #expect(try diagnosis(.alert, oldest: 20, maximum: 100).remedy != nil)
  }

  @Test("a blocker that is at work is for people to judge")
  func workingBlocker() throws {
    let chain = BlockingChain(
      pid: 77, application: "migration", role: "app", state: "active", stateSeconds: 60, openSeconds: 61,
      blocked: 33, statement: "UPDATE orders SET total = 0")
    let diagnosis = try #require(
      assistant.conclusion(
        Case.dossier(
          usage, Case.postgres(),
          [
            (.postgresSessions, Case.sessions(Case.group("shop", "active", 34, oldest: 50, waiting: 33))),
            (.postgresBlockingChains, .blocking(BlockingResult(chains: [chain], waiting: 33))),
          ])))
    #expect(diagnosis.remedy == nil)
  }

  @Test("earlier incidents are evidence and move confidence a little, either way")
  func history() throws {
    func confidence(_ ends: PastIncident.End...) throws -> (Double, [Evidence]) {
      let past = ends.enumerated().map { index, end in
        PastIncident(
          id: IncidentID(number: UInt32(index + 10)), fingerprints: [usage.fingerprint], end: end,
          detectedAt: Case.now)
      }
      let diagnosis = try #require(
        assistant.conclusion(
          Case.dossier(
            usage, Case.postgres(),
            [
              (
                .postgresSessions,
                Case.sessions(
                  Case.group("checkout", "idle in transaction", 26, oldest: 20),
                  Case.group("storefront", "idle", 8))
              )
            ],
            history: past)))
      return (diagnosis.confidence, diagnosis.hypotheses[0].evidence)
    }
    let alone = try confidence().0
    let (resolved, evidence) = try confidence(.resolved(runbook: "free-leaked-connections"))
    #expect(resolved > alone)
    #expect(resolved - alone < 0.1)
    #expect(evidence.contains { $0.query == "aiopsctl incidents show INC-0000000A" })
    #expect(try confidence(.resolved(runbook: "another")).0 == alone)
    let wrong = try confidence(.falsePositive).0
    #expect(wrong < alone)
    #expect(alone - wrong < 0.11)
  }

  @Test("the longest transaction as the symptom names whose it is, and ends only idle ones")
  func longestTransaction() throws {
    let symptom = Case.signal(
      "database_longest_transaction", 400, above: 300, clear: 285, unit: "seconds")
    func diagnosis(idle: Bool, sessions: Int = 1, inState: Double = 400) throws -> Diagnosis {
      var result = Case.transactions("batch", 1, idle: idle, open: 400)
      if case .transactions(var open) = result {
        open.transactions[0].stateSeconds = inState
        result = .transactions(open)
      }
      return try #require(
        assistant.conclusion(
          Case.dossier(
            symptom, Case.postgres(),
            [
              (.postgresLongestTransactions, result),
              (
                .postgresSessions,
                Case.sessions(Case.group("batch", idle ? "idle in transaction" : "active", sessions))
              ),
            ])))
    }
    #expect(try diagnosis(idle: true, sessions: 2).remedy == nil, "another would be ended too")
    #expect(try diagnosis(idle: true, inState: 149).remedy == nil, "it was at work a while ago")
    #expect(try diagnosis(idle: true, inState: 160).remedy?.number("older_than") == 150)
    #expect(try diagnosis(idle: true).remedy?.runbook == "end-long-transactions")
    #expect(try diagnosis(idle: true).remedy?.number("older_than") == 200)
    #expect(try diagnosis(idle: false).remedy == nil)
  }
}
