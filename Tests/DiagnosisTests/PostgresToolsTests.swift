import Diagnosis
import Glibc
import IncidentModel
import PostgresBackend
import Settings
import TestKit
import Testing

@Suite("PostgreSQL tools, on a real server")
struct PostgresToolsTests {
  func investigator(_ server: TestPostgres, user: String = TestPostgres.superuser) -> SourceInvestigator {
    SourceInvestigator(
      SourceSettings(
        name: "shop", kind: .postgres(PostgresSourceSettings(url: Secret(server.url(user: user))))),
      toolTimeout: .seconds(10), now: { Case.now })
  }

  func run(_ tool: Tool, _ investigator: SourceInvestigator) async throws -> ToolResult {
    let finding = await investigator.run(ToolCall(tool), within: .seconds(10))
    #expect(!finding.query.isEmpty)
    return try #require(finding.result, "\(finding.summary)")
  }

  @Test("sessions are counted by application, role and state, whatever the applications call themselves")
  func sessions() async throws {
    try await TestPostgres.withServer(maxConnections: 30) { server in
      try await server.execute("CREATE ROLE app LOGIN; CREATE TABLE t (id int)")
      let hostile = "x'; DROP TABLE t; --"
      let leaks = [
        server.connection(application: hostile, user: "app"),
        server.connection(application: hostile, user: "app"),
      ]
      for leak in leaks { _ = try await leak.query("BEGIN; SELECT 1") }
      let idle = server.connection(application: "storefront")
      _ = try await idle.query("SELECT 1")
      let tools = investigator(server)
      guard case .sessions(let result) = try await run(.postgresSessions, tools) else { return }
      #expect(result.maximum == 30)
      #expect(result.reserved == 3)
      #expect(result.used == 3)
      let group = try #require(result.groups.first { $0.application == hostile })
      #expect(group.count == 2)
      #expect(group.role == "app")
      #expect(group.state == "idle in transaction")
      #expect(group.settled == 0)
      #expect(result.groups.contains { $0.application == "storefront" && $0.state == "idle" })
      guard case .transactions(let open) = try await run(.postgresLongestTransactions, tools) else { return }
      #expect(open.transactions.map(\.application) == [hostile, hostile])
      #expect(open.transactions[0].statement == "BEGIN; SELECT ?")
      guard case .limits(let limits) = try await run(.postgresLimits, tools) else { return }
      #expect(limits.maximum == 30)
      #expect(!limits.version.isEmpty)
      #expect(
        try await server.execute("SELECT to_regclass('t') IS NOT NULL AS there").bool(0, "there") == true)
      for connection in leaks + [idle] { await connection.close() }
      await tools.close()
    }
  }

  @Test("a blocking chain is traced to its head through those in between")
  func blocking() async throws {
    try await TestPostgres.withServer { server in
      try await server.execute(
        "CREATE TABLE stock (id int PRIMARY KEY, n int); INSERT INTO stock VALUES (1, 1), (2, 2)")
      let head = server.connection(application: "head")
      _ = try await head.query("BEGIN; UPDATE stock SET n = 0 WHERE id = 1")
      let middle = server.connection(application: "middle")
      _ = try await middle.query("BEGIN; UPDATE stock SET n = 0 WHERE id = 2")
      let last = server.connection(application: "last")
      let tools = investigator(server)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = try await middle.query("UPDATE stock SET n = 1 WHERE id = 1; COMMIT") }
        group.addTask { _ = try await last.query("UPDATE stock SET n = 1 WHERE id = 2") }
        try await eventually("two wait") {
          guard case .blocking(let found) = try await run(.postgresBlockingChains, tools) else {
            return false
          }
          return found.waiting == 2
        }
        guard case .blocking(let found) = try await run(.postgresBlockingChains, tools) else { return }
        #expect(found.chains.count == 1)
        #expect(found.chains[0].application == "head")
        #expect(found.chains[0].blocked == 2)
        #expect(found.chains[0].state == "idle in transaction")
        #expect(found.chains[0].statement.contains("UPDATE stock"))
        guard case .sessions(let sessions) = try await run(.postgresSessions, tools) else { return }
        #expect(sessions.waiting == 2)
        _ = try await head.query("COMMIT")
        try await group.waitForAll()
      }
      for connection in [head, middle, last] { await connection.close() }
      await tools.close()
    }
  }

  @Test("slow statements are found running and in the record, and joined")
  func statements() async throws {
    try await TestPostgres.withServer { server in
      try await server.execute("CREATE ROLE reports LOGIN")
      let reports = server.connection(application: "reports", user: "reports")
      _ = try await reports.query("SELECT pg_sleep(1.1)")
      let tools = investigator(server)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = try await reports.query("SELECT pg_sleep(2.2)") }
        var answer: StatementsResult?
        try await eventually("the statement is seen while it runs") {
          guard case .statements(let found) = try await run(.postgresSlowestStatements, tools) else {
            return false
          }
          answer = found
          return !found.slow.isEmpty
        }
        let found = try #require(answer)
        let slow = try #require(found.slow.first)
        #expect(slow.application == "reports")
        #expect(slow.role == "reports")
        #expect(!slow.roleIsSuperuser)
        #expect(try #require(found.meanSeconds(of: slow)) > 1)
        try await group.waitForAll()
      }
      await reports.close()
      await tools.close()
    }
  }

  @Test("without pg_stat_statements what runs now is still told")
  func withoutExtension() async throws {
    try await TestPostgres.withServer { server in
      try await server.execute("DROP EXTENSION pg_stat_statements")
      let tools = investigator(server)
      guard case .statements(let found) = try await run(.postgresSlowestStatements, tools) else { return }
      #expect(found.means == nil)
      // The connection goes on after it.
      guard case .sessions = try await run(.postgresSessions, tools) else { return }
      await tools.close()
    }
  }

  @Test("no tool can write, and none leaves anything behind")
  func readOnly() async throws {
    let server = try await TestPostgres.shared()
    let connection = server.connection()
    await #expect(throws: PostgresError.self) {
      try await connection.query(PostgresQueries.readOnly("CREATE TABLE never (id int)", milliseconds: 1000))
    }
    await connection.close()
    let tools = investigator(server)
    for tool in Tool.allCases where tool.sourceKind == .postgres {
      _ = try await run(tool, tools)
      let text = try await server.execute(
        "SELECT state FROM pg_stat_activity WHERE application_name = 'aiops-diagnoser'")
      #expect(text.rows.allSatisfy { $0 == ["idle"] })
    }
    await tools.close()
  }

  @Test("a role without rights, a server that is full and one that is away are findings of their kind")
  func failures() async throws {
    try await TestPostgres.withServer(maxConnections: 8) { server in
      try await server.execute("CREATE ROLE plain LOGIN")
      var held: [PostgresConnection] = []
      for _ in 0..<5 {
        let one = server.connection(application: "holder", user: "plain")
        _ = try await one.query("SELECT 1")
        held.append(one)
      }
      let tools = investigator(server, user: "plain")
      let full = await tools.run(ToolCall(.postgresSessions), within: .seconds(10))
      #expect(full.failure?.kind == .noConnectionLeft)
      #expect(full.summary.hasPrefix("could not be asked"))
      for one in held { await one.close() }
      await server.halt()
      let away = await tools.run(ToolCall(.postgresSessions), within: .seconds(10))
      #expect(away.failure?.kind == .refused)
      await tools.close()
    }
  }

  @Test("a tool that gets no answer in its time is given up, and says so")
  func slowServer() async throws {
    try await TestPostgres.withServer { server in
      let tools = investigator(server)
      _ = try await run(.postgresLimits, tools)
      // The postmaster and with it every new connection stands still.
      server.signal(SIGSTOP)
      let fresh = investigator(server)
      let start = ContinuousClock.now
      let finding = await fresh.run(ToolCall(.postgresLimits), within: .milliseconds(500))
      #expect(finding.failure?.kind == .timedOut)
      #expect(ContinuousClock.now - start < .seconds(5))
      server.signal(SIGCONT)
      await fresh.close()
      await tools.close()
    }
  }
}
