import IncidentModel
import PostgresBackend
import Resolution
import TestKit
import Testing

/// Sessions of one application, held open.
private struct Sessions {
  let connections: [PostgresConnection]

  static func open(
    _ count: Int, _ server: TestPostgres, application: String, user: String = "postgres",
    _ sql: String = "BEGIN"
  ) async throws -> Sessions {
    var connections: [PostgresConnection] = []
    for _ in 0..<count {
      let connection = server.connection(application: application, user: user)
      _ = try await connection.query(sql)
      connections.append(connection)
    }
    return Sessions(connections: connections)
  }

  /// How many of the sessions still are the ones that were opened.
  static func count(_ server: TestPostgres, application: String) async throws -> Int {
    try await server.execute(
      "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = $1", [application]
    ).int(0, "n") ?? -1
  }

  func close() async { for connection in connections { await connection.close() } }
}

private func terminate(
  state: String? = "idle in transaction", application: String? = nil, olderThan: Double = 0, limit: Int = 100
) -> Action {
  .terminateBackends(
    SessionFilter(state: state, application: application, olderThanSeconds: olderThan, limit: limit))
}

@Suite("Ending sessions")
struct SessionActionTests {
  @Test("ends the leaked sessions and nothing that is healthy, protected, replicating or the system's own")
  func endsOnlyTheLeak() async throws {
    try await TestPostgres.withServer(maxConnections: 40) { server in
      let leak = try await Sessions.open(6, server, application: "checkout")
      let bystanders = [
        try await Sessions.open(2, server, application: "healthy", "SELECT 1"),
        try await Sessions.open(1, server, application: "payroll"),
        try await Sessions.open(1, server, application: "aiops-detector"),
      ]
      let replication = PostgresConnection(
        conninfo: server.url() + "?replication=true", applicationName: "standby", timeout: .seconds(5))
      _ = try await replication.query("IDENTIFY_SYSTEM")
      let bench = Bench.postgres(server.url(), protected: ["payroll"])

      let run = await bench.run(terminate())
      #expect(run.isSuccess)
      #expect(run.detail.contains("ended 6 of 6 sessions idle in transaction"), "\(run.detail)")
      #expect(run.undo == nil)
      try await eventually { try await Sessions.count(server, application: "checkout") == 0 }

      // A second run with no state at all would also match idle ones: replication stays even so.
      let idle = await bench.run(terminate(state: "idle", application: "standby"))
      #expect(idle.isSuccess && idle.detail.hasPrefix("none matched"), "\(idle.detail)")
      for (application, count) in [("healthy", 2), ("payroll", 1), ("aiops-detector", 1), ("standby", 1)] {
        #expect(try await Sessions.count(server, application: application) == count, "\(application)")
      }
      await leak.close()
      for sessions in bystanders { await sessions.close() }
      await replication.close()
    }
  }

  @Test("a session that has moved on is not hit, and nothing to do is success")
  func movedOn() async throws {
    let server = try await TestPostgres.shared()
    let sessions = try await Sessions.open(2, server, application: "moved-on")
    for connection in sessions.connections { _ = try await connection.query("COMMIT") }
    let run = await Bench.postgres(server.url()).run(terminate(application: "moved-on"))
    #expect(run.isSuccess && run.detail.hasPrefix("none matched"), "\(run.detail)")
    #expect(try await Sessions.count(server, application: "moved-on") == 2)
    await sessions.close()
  }

  @Test("a session that is too young stays")
  func tooYoung() async throws {
    let server = try await TestPostgres.shared()
    let sessions = try await Sessions.open(1, server, application: "too-young")
    let run = await Bench.postgres(server.url()).run(terminate(application: "too-young", olderThan: 60))
    #expect(run.isSuccess && run.detail.hasPrefix("none matched"), "\(run.detail)")
    #expect(try await Sessions.count(server, application: "too-young") == 1)
    await sessions.close()
  }

  @Test("the limit holds, the oldest go first")
  func limit() async throws {
    let server = try await TestPostgres.shared()
    let sessions = try await Sessions.open(4, server, application: "limited")
    let newest = try await sessions.connections[3].query("SELECT pg_backend_pid() AS pid").int(0, "pid")
    let run = await Bench.postgres(server.url()).run(terminate(application: "limited", limit: 3))
    #expect(run.detail.contains("ended 3 of 4"), "\(run.detail)")
    try await eventually { try await Sessions.count(server, application: "limited") == 1 }
    let left = try await server.execute(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'limited'")
    #expect(left.int(0, "pid") == newest)
    await sessions.close()
  }

  @Test("without rights it says which to grant and ends nothing; with them it spares superusers")
  func rights() async throws {
    let server = try await TestPostgres.shared()
    try await server.execute("CREATE ROLE weak LOGIN; CREATE ROLE app_r LOGIN")
    let mine = try await Sessions.open(1, server, application: "rights", user: "app_r")
    let superuser = try await Sessions.open(1, server, application: "rights")
    let bench = Bench.postgres(server.url(user: "weak"))

    let blind = await bench.run(terminate(application: "rights"))
    #expect(!blind.isSuccess && blind.detail.contains("GRANT pg_read_all_stats"), "\(blind.detail)")
    try await server.execute("GRANT pg_read_all_stats TO weak")
    let powerless = await bench.run(terminate(application: "rights"))
    #expect(
      !powerless.isSuccess && powerless.detail.contains("GRANT pg_signal_backend"), "\(powerless.detail)")
    #expect(try await Sessions.count(server, application: "rights") == 2)

    try await server.execute("GRANT pg_signal_backend TO weak")
    let run = await bench.run(terminate(application: "rights"))
    #expect(run.isSuccess && run.detail.contains("ended 1 of 2"), "\(run.detail)")
    #expect(run.detail.contains("1 could not be signaled"), "\(run.detail)")
    try await eventually { try await Sessions.count(server, application: "rights") == 1 }
    await mine.close()
    await superuser.close()
  }

  @Test("hostile names are data")
  func hostileNames() async throws {
    let server = try await TestPostgres.shared()
    let run = await Bench.postgres(server.url(), protected: ["'; DROP TABLE x; --"])
      .run(terminate(application: "'); SELECT pg_terminate_backend(pid) FROM pg_stat_activity; --"))
    #expect(run.isSuccess && run.detail.hasPrefix("none matched"), "\(run.detail)")
  }

  @Test("what has no bound is refused")
  func unbounded() async {
    let bench = Bench.postgres("postgres://127.0.0.1:1/none")
    for action in [
      terminate(state: nil), terminate(limit: 0), terminate(limit: 100_000), terminate(olderThan: .nan),
      terminate(olderThan: -1),
    ] {
      let run = await bench.run(action)
      #expect(!run.isSuccess && !run.detail.contains("connect"), "\(run.detail)")
    }
  }

  @Test("a server that is away is a failure that names no password")
  func serverAway() async {
    let run = await Bench.postgres("postgres://u:hunter2@127.0.0.1:1/none").run(terminate())
    #expect(!run.isSuccess)
    #expect(!run.detail.contains("hunter2"))
  }

  @Test("canceling stops a statement and keeps its session")
  func cancel() async throws {
    let server = try await TestPostgres.shared()
    let slow = server.connection(application: "slow-report", timeout: .seconds(30))
    let other = server.connection(application: "other-report", timeout: .seconds(30))
    async let stopped = slow.query("SELECT pg_sleep(25)")
    async let untouched = other.query("SELECT pg_sleep(1)")
    try await eventually {
      try await server.execute(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name LIKE '%-report' AND state = 'active'"
      ).int(0, "n") == 2
    }
    let run = await Bench.postgres(server.url()).run(
      .cancelQueries(SessionFilter(state: nil, application: "slow-report", olderThanSeconds: 0, limit: 5)))
    #expect(run.isSuccess && run.detail.contains("canceled 1 of 1 running statements"), "\(run.detail)")
    do {
      _ = try await stopped
      Issue.record("it was not canceled")
    } catch {
      #expect((error as? PostgresError)?.sqlState == "57014")
    }
    _ = try await untouched
    #expect(try await slow.query("SELECT 1").count == 1)
    await slow.close()
    await other.close()
  }

  @Test("only the named role's slow statements are canceled: no lock waiter and no maintenance")
  func cancelSpares() async throws {
    try await TestPostgres.withServer { server in
      try await server.execute(
        """
        CREATE ROLE slow_r LOGIN; CREATE ROLE other_r LOGIN; CREATE TABLE held (id int);
        GRANT ALL ON held TO slow_r; GRANT CREATE ON SCHEMA public TO slow_r
        """)
      let holder = server.connection(application: "holder")
      _ = try await holder.query("BEGIN; LOCK TABLE held")
      let statements = [
        ("slow_r", "SELECT pg_sleep(20)"), ("other_r", "SELECT pg_sleep(20)"), ("slow_r", "TABLE held"),
        ("slow_r", "/* SELECT ** */ -- a 'report'\n CREATE TABLE made AS SELECT 1 AS id FROM pg_sleep(20)"),
        ("slow_r", "-- x\nDO $$ BEGIN PERFORM pg_sleep(20); END $$"),
      ]
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (role, statement) in statements {
          group.addTask {
            let session = server.connection(application: "job", user: role, timeout: .seconds(30))
            _ = try? await session.query(statement)
            await session.close()
          }
        }
        let active = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'job' AND state = 'active'"
        try await eventually {
          let waiting = try await server.execute(active + " AND wait_event_type = 'Lock'").count
          return try await server.execute(active).count == statements.count && waiting == 1
        }
        let run = await Bench.postgres(server.url()).run(
          .cancelQueries(
            SessionFilter(state: nil, application: "job", role: "slow_r", olderThanSeconds: 0, limit: 50)))
        #expect(run.isSuccess && run.detail.contains("canceled 1 of 1 running statements"), "\(run.detail)")
        #expect(run.detail.contains("as role slow_r"), "\(run.detail)")
        try await eventually { try await server.execute(active).count == statements.count - 1 }
        try await server.execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'job'")
        await holder.close()
        try await group.waitForAll()
      }
    }
  }

  @Test("sessions are ended of the named role only")
  func endsOfRole() async throws {
    let server = try await TestPostgres.shared()
    try await server.execute("CREATE ROLE leaky_r LOGIN")
    let leak = try await Sessions.open(2, server, application: "two-roles", user: "leaky_r")
    let other = try await Sessions.open(1, server, application: "two-roles")
    let run = await Bench.postgres(server.url()).run(
      .terminateBackends(
        SessionFilter(
          state: "idle in transaction", application: "two-roles", role: "leaky_r", olderThanSeconds: 0,
          limit: 10)))
    #expect(run.isSuccess && run.detail.contains("ended 2 of 2"), "\(run.detail)")
    try await eventually { try await Sessions.count(server, application: "two-roles") == 1 }
    await leak.close()
    await other.close()
  }
}
