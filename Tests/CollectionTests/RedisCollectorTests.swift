import Collection
import Glibc
import IncidentModel
import RedisBackend
import Settings
import TestKit
import Testing

@Suite("Redis collector")
struct RedisCollectorTests {
  private func redis(_ port: Int, timeout: Double = 5, password: String? = nil) -> SourceSettings {
    var settings = RedisSourceSettings(host: "127.0.0.1", port: port)
    settings.password = password.map { Secret($0) }
    return source("cache", .redis(settings), timeout: timeout)
  }

  @Test("a cache that evicts any key is full by design, and what it evicts is seen")
  func fill() async throws {
    try await TestRedis.withServer(maxMemory: "8mb", arguments: ["--maxmemory-policy", "allkeys-lru"]) {
      server in
      let collector = makeCollector(for: redis(server.port))
      let first = try await collector.collect(at: now)
      #expect(try #require(first.value("cache_fill")) < 50)
      #expect(first.value("cache_evictions") == nil)
      #expect(try #require(first.value("cache_clients")) >= 1)
      #expect(try #require(first.value("cache_latency")) > 0)
      let client = server.connection()
      let value = String(repeating: "x", count: 100_000)
      for index in 0..<90 { _ = try await client.command(["SET", "k\(index)", value]) }
      _ = try await client.command(["GET", "k89"])
      for _ in 0..<3 { _ = try await client.command(["GET", "none"]) }
      let full = try await collector.collect(at: now)
      #expect(try #require(full.value("cache_fill")) > 90)
      #expect(full.value("cache_memory_usage") == nil)
      #expect(try #require(full.value("cache_evictions")) > 0)
      #expect(full.value("cache_hit_ratio") == 25)
      let quiet = try await collector.collect(at: now)
      #expect(quiet.value("cache_evictions") == 0)
      #expect(quiet.value("cache_hit_ratio") == nil)
      await client.close()
      await collector.close()
    }
  }

  @Test(
    "a store that evicts nothing, or only what expires, must not fill up",
    arguments: ["noeviction", "volatile-lru"])
  func store(policy: String) async throws {
    try await TestRedis.withServer(maxMemory: "8mb", arguments: ["--maxmemory-policy", policy]) { server in
      let collector = makeCollector(for: redis(server.port))
      let samples = try await collector.collect(at: now)
      #expect(try #require(samples.value("cache_memory_usage")) < 50)
      #expect(samples.value("cache_fill") == nil)
      await collector.close()
    }
  }

  @Test("without a limit there is no usage; after a restart the counters start again")
  func unlimited() async throws {
    try await TestRedis.withServer { server in
      let collector = makeCollector(for: redis(server.port))
      #expect(try await collector.collect(at: now).value("cache_memory_usage") == nil)
      #expect(try await collector.collect(at: now).value("cache_evictions") == 0)
      try await server.restart()
      #expect(try await collector.collect(at: now).value("cache_clients") == 1)
      await collector.close()
    }
  }

  @Test("a hanging, a closed and a foreign server are errors")
  func failures() async throws {
    try await TestRedis.withServer(password: "p") { server in
      let locked = makeCollector(for: redis(server.port))
      let refusal = await #expect(throws: CollectionError.self) { try await locked.collect(at: now) }
      guard case .refused = refusal else {
        Issue.record("\(String(describing: refusal))")
        return
      }
      let hanging = makeCollector(for: redis(server.port, timeout: 0.2, password: "p"))
      server.signal(SIGSTOP)
      await #expect(throws: CollectionError.timedOut(seconds: 0.2)) { try await hanging.collect(at: now) }
      server.signal(SIGCONT)
      try await eventually { try await !hanging.collect(at: now).isEmpty }
    }
    let http = try ScriptedHTTPServer { _ in .reply() }
    defer { http.stop() }
    let foreign = makeCollector(for: redis(http.port, timeout: 0.3))
    await #expect(throws: CollectionError.self) { try await foreign.collect(at: now) }
  }
}
