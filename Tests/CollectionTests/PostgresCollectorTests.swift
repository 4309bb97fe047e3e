import Collection
import Glibc
import IncidentModel
import PostgresBackend
import Settings
import TestKit
import Testing

let now = Timestamp(seconds: 1_000_000)

func source(_ name: String, _ kind: SourceSettings.Kind, timeout: Double = 10) -> SourceSettings {
  var source = SourceSettings(name: name, kind: kind)
  source.timeoutSeconds = timeout
  return source
}

extension [Sample] {
  func value(_ name: String) -> Double? { first { $0.name == name }?.value }
}

@Suite("PostgreSQL collector")
struct PostgresCollectorTests {
  private func postgres(_ url: String, timeout: Double = 10) -> SourceSettings {
    source("shop-db", .postgres(PostgresSourceSettings(url: Secret(url))), timeout: timeout)
  }

  @Test("a role or database that has used its own limit up is not a full server")
  func ownLimit() async throws {
    try await TestPostgres.withServer { server in
      try await server.execute("CREATE ROLE bounded LOGIN CONNECTION LIMIT 0")
      let collector = makeCollector(for: postgres(server.url(user: "bounded")))
      await #expect(throws: CollectionError.self) { try await collector.collect(at: now) }
      await collector.close()
    }
  }

  @Test("leaked connections are seen up to the limit, and past it the refusal itself is 100 percent")
  func connections() async throws {
    try await TestPostgres.withServer(maxConnections: 20) { server in
      let collector = makeCollector(for: postgres(server.url()))
      try await server.execute("CREATE ROLE checkout LOGIN")
      let before = try #require(try await collector.collect(at: now).value("database_connection_usage"))
      #expect(before > 0 && before < 20)
      var leaked: [PostgresConnection] = []
      for _ in 0..<15 {
        let connection = server.connection(application: "checkout", user: "checkout")
        _ = try await connection.query("BEGIN; SELECT 1")
        leaked.append(connection)
      }
      let samples = try await collector.collect(at: now)
      #expect(try #require(samples.value("database_connection_usage")) >= 80)
      #expect(samples.value("database_idle_in_transaction") == 15)
      #expect(try #require(samples.value("database_longest_transaction")) > 0)
      #expect(samples.value("database_longest_query") == 0)
      #expect(
        samples.allSatisfy {
          $0.source == "postgresql" && $0.labels["target"] == "shop-db" && $0.timestamp == now
        })

      // Another collector finds no room at all.
      try await server.execute("CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher")
      for _ in 0..<10 {
        let connection = server.connection(application: "checkout", user: "checkout")
        leaked.append(connection)
        _ = try? await connection.query("SELECT 1")
      }
      let late = makeCollector(for: postgres(server.url(user: "watcher")))
      let full = try await late.collect(at: now)
      #expect(full.map(\.name) == ["database_connection_usage"])
      #expect(full.value("database_connection_usage") == 100)

      for connection in leaked { await connection.close() }
      try await eventually("the connections' end") {
        try await late.collect(at: now).value("database_connection_usage") ?? 100 < 30
      }
      await late.close()
      await collector.close()
    }
  }

  @Test("a slow statement is seen once, in the collection after it, and its past does not count")
  func slowQueries() async throws {
    try await TestPostgres.withServer { server in
      let slow = "SELECT pg_sleep(1.05)"
      try await server.execute(slow)
      let collector = makeCollector(for: postgres(server.url()))
      #expect(try await collector.collect(at: now).value("database_slow_queries") == nil)
      #expect(try await collector.collect(at: now).value("database_slow_queries") == 0)
      try await server.execute(slow)
      #expect(try await collector.collect(at: now).value("database_slow_queries") == 1)
      #expect(try await collector.collect(at: now).value("database_slow_queries") == 0)
      await collector.close()
    }
  }

  @Test("a running query and a deadlock are seen; the collector's own query is not")
  func activity() async throws {
    try await TestPostgres.withServer(settings: ["deadlock_timeout": "50ms"]) { server in
      let collector = makeCollector(for: postgres(server.url()))
      let first = try await collector.collect(at: now)
      #expect(first.value("database_longest_query") == 0)
      #expect(first.value("database_deadlocks") == nil)
      let busy = server.connection(application: "busy")
      let task = Task { try await busy.query("SELECT pg_sleep(60)") }
      try await eventually("the query") {
        try await collector.collect(at: now).value("database_longest_query") ?? 0 > 0.05
      }
      task.cancel()
      _ = try? await task.value

      try await server.execute("CREATE TABLE t AS SELECT generate_series(1, 2) AS id")
      let (a, b) = (server.connection(), server.connection())
      _ = try await a.query("BEGIN; UPDATE t SET id = id WHERE id = 1")
      _ = try await b.query("BEGIN; UPDATE t SET id = id WHERE id = 2")
      async let one = Result<PostgresRows, any Error> {
        try await a.query("UPDATE t SET id = id WHERE id = 2")
      }
      async let two = Result<PostgresRows, any Error> {
        try await b.query("UPDATE t SET id = id WHERE id = 1")
      }
      let outcomes = await [one, two]
      #expect(outcomes.count { (try? $0.get()) == nil } == 1)
      await a.close()
      await b.close()
      var deadlocks = 0.0
      try await eventually("the deadlock's statistics") {
        deadlocks += try await collector.collect(at: now).value("database_deadlocks") ?? 0
        return deadlocks == 1
      }
      try await eventually("the reads' statistics") {
        _ = try await server.execute("SELECT count(*) FROM pg_class")
        let ratio = try await collector.collect(at: now).value("database_cache_hit_ratio")
        return ratio.map { (0...100).contains($0) } ?? false
      }
      await collector.close()
    }
  }

  @Test("a missing extension or right costs its metrics and no other, and is remarked once")
  func missing() async throws {
    try await TestPostgres.withServer { server in
      try await server.execute("DROP EXTENSION pg_stat_statements; CREATE ROLE plain LOGIN")
      let collector = makeCollector(for: postgres(server.url()))
      _ = try await collector.collect(at: now)
      let samples = try await collector.collect(at: now)
      #expect(samples.value("database_slow_queries") == nil)
      #expect(samples.value("database_idle_in_transaction") == 0)
      let notes = await collector.takeNotes()
      #expect(notes.count == 1)
      #expect(notes.first?.contains("pg_stat_statements") == true)
      #expect(await collector.takeNotes().isEmpty)
      await collector.close()

      let plain = makeCollector(for: postgres(server.url(user: "plain")))
      _ = try await plain.collect(at: now)
      let few = try await plain.collect(at: now)
      #expect(few.value("database_connection_usage") != nil)
      #expect(few.value("database_idle_in_transaction") == nil)
      #expect(few.value("database_deadlocks") != nil)
      #expect(await plain.takeNotes().contains { $0.contains("pg_monitor") })
      await plain.close()
    }
  }

  @Test("an unreachable, a wrong and a hanging server are different errors, within the source's timeout")
  func failures() async throws {
    let nobody = makeCollector(for: postgres("postgres://u:hunter2@127.0.0.1:\(freePort())/x"))
    let error = await #expect(throws: CollectionError.self) { try await nobody.collect(at: now) }
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.contains("hunter2") == false)
    let shared = try await TestPostgres.shared()
    let wrong = makeCollector(for: postgres(shared.url(database: "nowhere")))
    let refusal = await #expect(throws: CollectionError.self) { try await wrong.collect(at: now) }
    guard case .refused = refusal else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    try await TestPostgres.withServer { server in
      server.signal(SIGSTOP)
      let hanging = makeCollector(for: postgres(server.url(), timeout: 0.3))
      for _ in 0..<2 {
        let start = ContinuousClock.now
        await #expect(throws: CollectionError.timedOut(seconds: 0.3)) { try await hanging.collect(at: now) }
        #expect(ContinuousClock.now - start < .seconds(3))
      }
      server.signal(SIGCONT)
      try await eventually("the server's return") { try await !hanging.collect(at: now).isEmpty }
      await hanging.close()
    }
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
