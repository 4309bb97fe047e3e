import Glibc
import PostgresBackend
import TestKit
import Testing

@Suite("PostgreSQL connection")
struct PostgresConnectionTests {
  /// Runs `body` with a connection to the shared server and closes it.
  private func connected(
    timeout: Duration = .seconds(10), _ body: (PostgresConnection, TestPostgres) async throws -> Void
  ) async throws {
    let server = try await TestPostgres.shared()
    let connection = server.connection(application: "backend-tests", timeout: timeout)
    do {
      try await body(connection, server)
      await connection.close()
    } catch {
      await connection.close()
      throw error
    }
  }

  @Test("of several answers every row has a value a column of the first")
  func widths() async throws {
    try await connected { connection, _ in
      let rows = try await connection.query("SELECT 1 AS a, 2 AS b; SELECT 3 AS c; SELECT 4, 5, 6; SELECT")
      #expect(rows.columns == ["a", "b"])
      #expect(rows.rows == [["1", "2"], ["3", nil], ["4", "5"], [nil, nil]])
    }
  }

  @Test("values come back by row and column, NULL is nil, and types are read on demand")
  func values() async throws {
    try await connected { connection, _ in
      let rows = try await connection.query(
        "SELECT 1 AS a, 2.5 AS b, NULL AS c, true AS d, 'é' AS e UNION ALL SELECT 2, 'NaN', 'x', false, ''")
      #expect(rows.columns == ["a", "b", "c", "d", "e"])
      #expect(rows.count == 2)
      #expect(rows.affected == 2)
      #expect(rows.int(0, "a") == 1)
      #expect(rows.double(0, "b") == 2.5)
      #expect(rows[0, "c"] == nil)
      #expect(rows.bool(0, "d") == true)
      #expect(rows[0, "e"] == "é")
      #expect(rows.double(1, "b") == nil)
      #expect(rows[5, "a"] == nil)
      #expect(rows[0, "nope"] == nil)
    }
  }

  @Test("parameters are data, whatever is in them")
  func parameters() async throws {
    try await connected { connection, _ in
      let hostile = "'; DROP TABLE x; -- \\ \" é \n"
      let rows = try await connection.query(
        "SELECT $1::text AS a, $2::text AS b, $3::int + 1 AS c", [hostile, nil, "41"])
      #expect(rows[0, "a"] == hostile)
      #expect(rows[0, "b"] == nil)
      #expect(rows.int(0, "c") == 42)
    }
  }

  @Test("whole arrays are parameters too, for prepared statements as for others")
  func arrays() async throws {
    try await connected { connection, _ in
      let texts = ["a", nil, "", "{\"x\":\\1,'é'}", "NULL"]
      let parameters: [PostgresParameter] = [
        .bigints([Int64.min, -1, 0, 7, .max]), .texts(texts), .text("9"),
      ]
      let sql = "SELECT n, t, $3::int AS x FROM unnest($1::bigint[], $2::text[]) AS u (n, t)"
      try await connection.prepare("pairs", sql)
      for rows in [
        try await connection.query(sql, with: parameters),
        try await connection.query(prepared: "pairs", with: parameters),
      ] {
        #expect(rows.rows.map { $0[1] } == texts)
        #expect(rows.rows.compactMap { $0[0].flatMap { Int64($0) } } == [Int64.min, -1, 0, 7, .max])
        #expect(rows.rows.allSatisfy { $0[2] == "9" })
      }
      let none = try await connection.query(
        prepared: "pairs", with: [.bigints([]), .texts([]), .text(nil)])
      #expect(none.isEmpty)
      let error = await #expect(throws: PostgresError.self) {
        try await connection.query(prepared: "pairs", with: [.bigints([1]), .texts(["a\0b"]), .text("1")])
      }
      #expect(error?.sqlState == "22021")
    }
  }

  @Test("a connection that must not be made anew stays broken; another runs its setup every time")
  func reconnecting() async throws {
    let server = try await TestPostgres.shared()
    for reconnects in [false, true] {
      let connection = PostgresConnection(
        conninfo: server.url(), applicationName: "once", timeout: .seconds(5),
        options: .init(setup: "SET application_name = 'set up'", reconnects: reconnects))
      #expect(try await connection.query("SHOW application_name")[0, "application_name"] == "set up")
      let backend = try #require(await connection.backend)
      try await server.execute("SELECT pg_terminate_backend($1::int, 5000)", [String(backend)])
      if reconnects {
        #expect(try await connection.query("SHOW application_name")[0, "application_name"] == "set up")
        #expect(await connection.backend != backend)
      } else {
        await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
      }
      await connection.close()
    }
  }

  @Test("where a connection string leads is told without its password")
  func place() throws {
    for (text, place) in [
      ("postgres://ann:tulip@db.example:6000/shop?sslmode=require", "postgres://ann@db.example:6000/shop"),
      ("postgres://db.example/shop", "postgres://db.example:5432/shop"),
      ("host=/run/postgresql user=ann password=tulip", "postgres://ann@/run/postgresql:5432/ann"),
    ] {
      #expect(try PostgresConnection.place(of: text) == place)
    }
  }

  @Test("a NUL byte is refused before anything is sent")
  func nul() async throws {
    try await connected { connection, _ in
      for (sql, parameter) in [("SELECT 1\u{0}", "x"), ("SELECT $1::text", "a\u{0}b")] {
        let error = await #expect(throws: PostgresError.self) { try await connection.query(sql, [parameter]) }
        #expect(error?.sqlState == "22021")
      }
      let rows = try await connection.query("SELECT 1")
      #expect(rows.count == 1)
    }
  }

  @Test("the server's refusal has its code, and the connection goes on")
  func refusal() async throws {
    try await connected { connection, _ in
      let before = try await connection.query("SELECT pg_backend_pid() AS pid")
      let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT nonsense") }
      #expect(error?.sqlState == "42703")
      let after = try await connection.query("SELECT pg_backend_pid() AS pid")
      #expect(before == after)
    }
  }

  @Test("the application's name is ours, whatever the connection string says")
  func applicationName() async throws {
    let server = try await TestPostgres.shared()
    let connection = PostgresConnection(
      conninfo: server.url(application: "other"), applicationName: "mine", timeout: .seconds(5))
    let rows = try await connection.query("SHOW application_name")
    await connection.close()
    #expect(rows[0, "application_name"] == "mine")
  }

  @Test("a query over its time is cancelled on the server, and the next one is answered")
  func timeout() async throws {
    try await connected(timeout: .milliseconds(300)) { connection, server in
      await #expect(throws: PostgresError.timedOut(seconds: 0.3)) {
        try await connection.query("SELECT pg_sleep(60) /* timeout-test */")
      }
      try await eventually(timeout: .seconds(5), "the end of the query on the server") {
        try await server.execute(
          """
          SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%timeout-test%'
          AND pid <> pg_backend_pid()
          """
        ).isEmpty
      }
      let rows = try await connection.query("SELECT 1")
      #expect(rows.count == 1)
    }
  }

  @Test("a cancelled task ends its query")
  func cancellation() async throws {
    try await connected { connection, server in
      let task = Task { try await connection.query("SELECT pg_sleep(60) /* cancel-test */") }
      try await eventually("the query's start") {
        try await !server.execute(
          "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%cancel-test%' AND pid <> pg_backend_pid()"
        ).isEmpty
      }
      task.cancel()
      await #expect(throws: PostgresError.cancelled) { try await task.value }
    }
  }

  @Test("an answer with too many rows is refused, and the next query is answered")
  func tooManyRows() async throws {
    try await connected { connection, _ in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.query("SELECT generate_series(1, 100000000)")
      }
      guard case .tooLarge = error else {
        Issue.record("not too large: \(String(describing: error))")
        return
      }
      let rows = try await connection.query("SELECT generate_series(1, 10000)")
      #expect(rows.count == 10_000)
    }
  }

  @Test("a full server is known by its code, 53300")
  func tooManyConnections() async throws {
    try await TestPostgres.withServer(maxConnections: 6) { server in
      try await server.execute("CREATE ROLE app LOGIN")
      var held: [PostgresConnection] = []
      var refusal: PostgresError?
      for _ in 0..<7 {
        let connection = server.connection(user: "app")
        held.append(connection)
        do throws(PostgresError) {
          _ = try await connection.query("SELECT 1")
        } catch {
          refusal = error
        }
      }
      #expect(refusal?.isTooManyConnections == true)
      #expect(refusal?.description.contains("53300") == true)
      for connection in held { await connection.close() }
    }
  }

  @Test("after the server was restarted the next query connects anew")
  func reconnect() async throws {
    try await TestPostgres.withServer(maxConnections: 10) { server in
      let connection = server.connection()
      #expect(try await connection.query("SELECT 1").count == 1)
      await server.halt()
      let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
      guard case .connection = error else {
        Issue.record("not a connection error: \(String(describing: error))")
        return
      }
      try await server.restart()
      #expect(try await connection.query("SELECT 1").count == 1)
      // An end that was not noticed because nothing was asked meanwhile.
      try await server.restart()
      #expect(try await connection.query("SELECT 1").count == 1)
      await connection.close()
    }
  }

  @Test("a server that hangs is given up after the timeout, while connecting and while asking")
  func hang() async throws {
    try await TestPostgres.withServer(maxConnections: 10) { server in
      let asked = server.connection(timeout: .milliseconds(300))
      let pid = try await asked.query("SELECT pg_backend_pid() AS pid").int(0, "pid")
      Glibc.kill(pid_t(try #require(pid)), SIGSTOP)
      server.signal(SIGSTOP)
      await #expect(throws: PostgresError.timedOut(seconds: 0.3)) { try await asked.query("SELECT 1") }
      await #expect(throws: PostgresError.timedOut(seconds: 0.3)) { try await asked.query("SELECT 1") }
      server.signal(SIGCONT)
      Glibc.kill(pid_t(try #require(pid)), SIGCONT)
      try await eventually { try await asked.query("SELECT 1").count == 1 }
      await asked.close()
    }
  }

  @Test(
    "no message has the password",
    arguments: [
      "postgres://u:hunter2@127.0.0.1:1/db", "host=127.0.0.1 port=1 password=hunter2",
      "host=127.0.0.1 password=hunter2 nonsense", "postgres://u:hunter2@host:nonsense/db", "hunter2",
      "password='hunter2", "host=hunter2 password=hunter2",
    ])
  func redaction(_ conninfo: String) async {
    let connection = PostgresConnection(conninfo: conninfo, applicationName: "x", timeout: .seconds(5))
    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
    #expect(error?.description.contains("hunter2") == false)
    await connection.close()
  }

  @Test("a wrong password is refused with its code")
  func wrongPassword() async throws {
    try await TestPostgres.withServer(maxConnections: 10) { server in
      try await server.execute("ALTER ROLE postgres PASSWORD 'right'")
      try await server.execute(
        "COPY (SELECT 'host all all 127.0.0.1/32 scram-sha-256') TO '\(server.folder.path)/data/pg_hba.conf'")
      try await server.execute("SELECT pg_reload_conf()")
      let url = "postgres://postgres:wrong-one@127.0.0.1:\(server.port)/postgres"
      try await eventually("the refusal") {
        let connection = PostgresConnection(conninfo: url, applicationName: "x", timeout: .seconds(5))
        do throws(PostgresError) {
          _ = try await connection.query("SELECT 1")
          return false
        } catch {
          #expect(!error.description.contains("wrong-one"))
          return error.sqlState == "28P01"
        }
      }
    }
  }

  @Test("a closed connection says so")
  func closed() async throws {
    let server = try await TestPostgres.shared()
    let connection = server.connection()
    _ = try await connection.query("SELECT 1")
    await connection.close()
    await #expect(throws: PostgresError.closed) { try await connection.query("SELECT 1") }
  }

  @Test("COPY is refused instead of hanging")
  func copy() async throws {
    try await connected { connection, _ in
      await #expect(throws: PostgresError.self) { try await connection.query("COPY (SELECT 1) TO STDOUT") }
      let rows = try await connection.query("SELECT 1")
      #expect(rows.count == 1)
    }
  }

  @Test("PgBouncer's admin console answers")
  func adminConsole() async throws {
    try await TestPgBouncer.withPooler(before: try await TestPostgres.shared(), poolSize: 7) { pooler in
      let console = PostgresConnection(conninfo: pooler.adminURL, applicationName: "x", timeout: .seconds(5))
      func poolSize() async throws -> String? {
        let rows = try await console.query("SHOW CONFIG")
        return rows.rows.first { $0.first == "default_pool_size" }?[1]
      }
      #expect(try await poolSize() == "7")
      _ = try await console.query("SET default_pool_size = 9")
      #expect(try await poolSize() == "9")
      let through = PostgresConnection(conninfo: pooler.url(), applicationName: "x", timeout: .seconds(5))
      #expect(try await through.query("SELECT $1::int + 1 AS n", ["1"]).int(0, "n") == 2)
      await through.close()
      await console.close()
    }
  }
}
