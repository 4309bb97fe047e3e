import IncidentModel
import RedisBackend
import Resolution
import TestKit
import Testing

@Suite("Clearing a cache")
struct CacheActionTests {
  private func clear(_ pattern: String, limit: Int = 10_000) -> Action {
    .clearCache(KeyFilter(pattern: pattern, limit: limit))
  }

  private func fill(_ redis: RedisConnection, _ count: Int, prefix: String = "session:") async throws {
    _ = try await redis.command([
      "EVAL", "for i=1,tonumber(ARGV[2]) do redis.call('SET', ARGV[1]..i, string.rep('x', 200)) end", "0",
      prefix,
      "\(count)",
    ])
  }

  @Test("deletes the keys that match, all of them, and no other, and never flushes")
  func clears() async throws {
    try await TestRedis.withServer { server in
      let redis = server.connection()
      try await fill(redis, 3_000)
      try await fill(redis, 10, prefix: "basket:")
      _ = try await redis.command(bytes: [
        Array("SET".utf8), Array("session:".utf8) + [0xFF, 0xFE], Array("binary".utf8),
      ])
      let run = await Bench.redis(port: server.port, clearable: ["session:*"]).run(clear("session:*"))
      #expect(run.isSuccess && run.detail.contains("deleted 3001 keys session:*"), "\(run.detail)")
      #expect(try await redis.command(["DBSIZE"]).integer == 10)
      let stats = try await redis.command(["INFO", "commandstats"]).string ?? ""
      for word in ["flushall", "flushdb", "cmdstat_keys"] { #expect(!stats.contains(word)) }
      #expect(stats.contains("cmdstat_unlink"))
      let again = await Bench.redis(port: server.port, clearable: ["session:*"]).run(clear("session:*"))
      #expect(again.isSuccess && again.detail.hasPrefix("none matched"), "\(again.detail)")
      await redis.close()
    }
  }

  @Test("the limit holds to the key")
  func limit() async throws {
    try await TestRedis.withServer { server in
      let redis = server.connection()
      try await fill(redis, 1_000)
      let run = await Bench.redis(port: server.port, clearable: ["session:*"]).run(
        clear("session:*", limit: 137))
      #expect(
        run.isSuccess && run.detail.contains("deleted 137 keys") && run.detail.contains("limit"),
        "\(run.detail)")
      #expect(try await redis.command(["DBSIZE"]).integer == 863)
      await redis.close()
    }
  }

  @Test("what is not declared clearable is refused before anything is sent")
  func undeclared() async {
    let bench = Bench.redis(port: 1, clearable: ["session:*", "tmp?"])
    for pattern in ["*", "session*", "sess:*", "[s]ession:*", "?ession:*", "\\session:*", "tmp1", "tmp*", ""]
    {
      let run = await bench.run(clear(pattern))
      #expect(!run.isSuccess && run.detail.contains("not declared clearable"), "\(pattern): \(run.detail)")
    }
    let none = await Bench.redis(port: 1).run(clear("session:*"))
    #expect(!none.isSuccess && none.detail.contains("allows nothing"), "\(none.detail)")
  }

  @Test("a pattern that is provably narrower is allowed")
  func narrower() async throws {
    try await TestRedis.withServer { server in
      let redis = server.connection()
      try await fill(redis, 20)
      let run = await Bench.redis(port: server.port, clearable: ["session:*"]).run(clear("session:1?"))
      #expect(run.isSuccess && run.detail.contains("deleted 10 keys"), "\(run.detail)")
      await redis.close()
    }
  }

  @Test("the memory limit goes up to the ceiling, not below what is in use, and back")
  func maxMemory() async throws {
    try await TestRedis.withServer(maxMemory: "20mb") { server in
      let redis = server.connection()
      let bench = Bench.redis(port: server.port, ceiling: 64 << 20)
      func limit(_ mebibytes: Int64) -> Action { .setMaxMemory(MemoryLimit(bytes: mebibytes << 20)) }
      let run = await bench.run(limit(48))
      #expect(run.isSuccess && run.detail.contains("from 20 MiB to 48 MiB"), "\(run.detail)")
      #expect(run.undo == limit(20))
      for (bytes, word) in [(limit(65), "ceiling"), (limit(0), "ceiling"), (Make.undo(1000), "in use")] {
        let refused = await bench.run(bytes)
        #expect(!refused.isSuccess && refused.detail.contains(word), "\(refused.detail)")
      }
      let now48 = try await redis.command(["CONFIG", "GET", "maxmemory"]).elements?[1].integer
      #expect(now48 == 48 << 20)
      let changed = await bench.run(limit(20), purpose: .undo, undoing: limit(40))
      #expect(!changed.isSuccess && changed.detail.contains("not what the step set"), "\(changed.detail)")
      let small = await bench.run(Make.undo(1000), purpose: .undo)
      #expect(!small.isSuccess && small.detail.contains("in use"), "\(small.detail)")
      let back = await bench.run(limit(20), purpose: .undo, undoing: limit(48))
      #expect(back.isSuccess && back.undo == nil, "\(back.detail)")
      let now20 = try await redis.command(["CONFIG", "GET", "maxmemory"]).elements?[1].integer
      #expect(now20 == 20 << 20)
      let forbidden = await Bench.redis(port: server.port).run(limit(30))
      #expect(!forbidden.isSuccess && forbidden.detail.contains("no ceiling"), "\(forbidden.detail)")
      await redis.close()
    }
  }
}
