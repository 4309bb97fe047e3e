import IncidentModel
import PostgresBackend
import Resolution
import TestKit
import Testing

@Suite("Time limits of roles")
struct TimeoutActionTests {
  private func limits(_ role: String, _ statement: Double?, _ idle: Double? = nil) -> Action {
    .setTimeouts(
      TimeoutSettings(role: role, statementSeconds: statement, idleInTransactionSeconds: idle))
  }

  private func settings(_ server: TestPostgres, _ role: String) async throws -> [String] {
    try await server.execute(
      """
      SELECT unnest(s.setconfig) AS setting FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
      WHERE r.rolname = $1 ORDER BY 1
      """, [role]
    ).rows.compactMap { $0.first ?? nil }
  }

  @Test("sets what is asked, and the undo brings back what was there, even nothing")
  func setAndUndo() async throws {
    let server = try await TestPostgres.shared()
    try await server.execute(
      "CREATE ROLE limited_r LOGIN; ALTER ROLE limited_r SET idle_in_transaction_session_timeout = '2min'")
    let bench = Bench.postgres(server.url())
    let run = await bench.run(limits("limited_r", 30, 1.5))
    #expect(run.isSuccess, "\(run.detail)")
    #expect(
      try await settings(server, "limited_r") == [
        "idle_in_transaction_session_timeout=1500", "statement_timeout=30000",
      ])
    let again = await bench.run(limits("limited_r", 30, 1.5))
    #expect(again.isSuccess && again.undo == nil && again.detail.contains("already"), "\(again.detail)")

    let undo = try #require(run.undo)
    #expect(undo == limits("limited_r", -1, 120))
    try await server.execute("ALTER ROLE limited_r SET statement_timeout = '40s'")
    let changed = await bench.run(undo, purpose: .undo, undoing: limits("limited_r", 30, 1.5))
    #expect(!changed.isSuccess && changed.detail.contains("is 40 s now"), "\(changed.detail)")
    try await server.execute("ALTER ROLE limited_r SET statement_timeout = '30s'")
    let back = await bench.run(undo, purpose: .undo, undoing: limits("limited_r", 30, 1.5))
    #expect(back.isSuccess, "\(back.detail)")
    #expect(try await settings(server, "limited_r") == ["idle_in_transaction_session_timeout=120000"])
  }

  @Test("a role's name is quoted by the server")
  func hostileRole() async throws {
    let server = try await TestPostgres.shared()
    let role = "ro\"le'; DROP ROLE x; --"
    try await server.execute("CREATE ROLE \"ro\"\"le'; DROP ROLE x; --\"")
    let run = await Bench.postgres(server.url()).run(limits(role, 5))
    #expect(run.isSuccess, "\(run.detail)")
    #expect(try await settings(server, role) == ["statement_timeout=5000"])
  }

  @Test("superusers, unknown roles and limits out of bounds are refused")
  func refusals() async throws {
    let server = try await TestPostgres.shared()
    let bench = Bench.postgres(server.url())
    for (action, word) in [
      (limits("postgres", 5), "superuser"), (limits("nobody_r", 5), "no role"),
      (limits("x", nil), "no limit"),
      (limits("x", -1), "must be"), (limits("x", .infinity), "must be"), (limits("x", 0.0001), "1 ms"),
    ] {
      let run = await bench.run(action)
      #expect(!run.isSuccess && run.detail.contains(word), "\(run.detail)")
    }
    #expect(try await settings(server, "postgres").isEmpty)
  }
}

@Suite("Pool sizes")
struct PoolSizeActionTests {
  private func size(_ size: Int, _ database: String = "shop") -> Action {
    .setPoolSize(PoolSize(database: database, size: size))
  }

  /// A pooler with a database that follows the default and one that does not.
  private func withPooler(
    _ body: (Bench, @escaping @Sendable (String) async throws -> String?) async throws -> Void
  ) async throws {
    let server = try await TestPostgres.shared()
    try await TemporaryFolder.with("pool") { folder in
      let port = freePort()
      try folder.write("\"postgres\" \"\"\n", to: "users.txt")
      let file = try folder.write(
        """
        [databases]
        shop = host=127.0.0.1 port=\(server.port) dbname=postgres
        other = host=127.0.0.1 port=\(server.port) dbname=postgres
        fixed = host=127.0.0.1 port=\(server.port) dbname=postgres pool_size=7
        same = host=127.0.0.1 port=\(server.port) dbname=postgres pool_size=5
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = \(port)
        unix_socket_dir =
        auth_type = trust
        auth_file = \(folder.path("users.txt"))
        admin_users = postgres
        default_pool_size = 5
        """, to: "pgbouncer.ini")
      try await PoolerFiles.makeReadable(folder.path)
      let pooler = try ChildProcess("pgbouncer", [file], log: folder.path("log"), user: "postgres")
      let console = "postgres://postgres@127.0.0.1:\(port)/pgbouncer"
      let current: @Sendable (String) async throws -> String? = { database in
        let connection = PostgresConnection(conninfo: console, applicationName: "test", timeout: .seconds(5))
        let rows = try await connection.query("SHOW DATABASES")
        await connection.close()
        let row = (0..<rows.count).first { rows[$0, "name"] == database }
        return row.flatMap { rows[$0, "pool_size"] }
      }
      do {
        try await eventually { try await current("shop") == "5" }
        try await body(Bench.postgres(server.url(), pgbouncer: console), current)
        await pooler.terminate(signal: 2)
      } catch {
        await pooler.terminate(signal: 2)
        throw error
      }
    }
  }

  @Test("sets the default that a database follows, says who followed too, and can be undone")
  func setAndUndo() async throws {
    try await withPooler { bench, current in
      let run = await bench.run(size(12))
      #expect(run.isSuccess && run.detail.contains("from 5 to 12"), "\(run.detail)")
      #expect(run.detail.contains("so did other"), "\(run.detail)")
      let now12 = try await current("shop")
      #expect(now12 == "12")
      #expect(run.undo == size(5))
      let changed = await bench.run(size(5), purpose: .undo, undoing: size(9))
      #expect(!changed.isSuccess && changed.detail.contains("not what the step set"), "\(changed.detail)")
      let back = await bench.run(size(5), purpose: .undo, undoing: size(12))
      #expect(back.isSuccess && back.undo == nil, "\(back.detail)")
      let now5 = try await current("shop")
      #expect(now5 == "5")
    }
  }

  @Test("a database with a size of its own is refused, and the default stays as it was")
  func ownSize() async throws {
    try await withPooler { bench, current in
      for database in ["fixed", "same"] {
        let run = await bench.run(size(9, database))
        #expect(!run.isSuccess && run.detail.contains("of its own"), "\(run.detail)")
      }
      let now5 = try await current("shop")
      #expect(now5 == "5")
      let unknown = await bench.run(size(9, "nowhere"))
      #expect(!unknown.isSuccess && unknown.detail.contains("no database"), "\(unknown.detail)")
      let tooMany = await bench.run(size(5000))
      #expect(!tooMany.isSuccess && tooMany.detail.contains("choose fewer"), "\(tooMany.detail)")
    }
  }

  @Test("a source without PgBouncer says so")
  func noPooler() async {
    let run = await Bench.postgres("postgres://127.0.0.1:1/none").run(size(9))
    #expect(!run.isSuccess && run.detail.contains("no pgbouncer"), "\(run.detail)")
  }
}
