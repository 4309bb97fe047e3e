import Glibc
import RedisBackend
import TestKit
import Testing

@Suite("Redis connection")
struct RedisConnectionTests {
  @Test("commands are answered with typed values; bytes survive")
  func values() async throws {
    try await TestRedis.withServer { server in
      let redis = server.connection()
      #expect(try await redis.command(["PING"]) == .status("PONG"))
      #expect(try await redis.command(["SET", "k\r\n$1", "a b\u{0}c é"]) == .status("OK"))
      #expect(try await redis.command(["GET", "k\r\n$1"]) == .text("a b\u{0}c é"))
      #expect(try await redis.command(["GET", "none"]) == .null)
      #expect(try await redis.command(["INCR", "n"]) == .integer(1))
      #expect(try await redis.command(["SET", "empty", ""]) == .status("OK"))
      #expect(try await redis.command(["GET", "empty"]) == .text(""))
      #expect(try await redis.command(["MGET", "n", "none"]) == .array([.text("1"), .null]))
      let key: [UInt8] = [0xFF, 0, 0xFE]
      _ = try await redis.command(bytes: [Array("SET".utf8), key, [1]])
      let keys = try await redis.command(["KEYS", "*"]).elements ?? []
      #expect(keys.contains(.bytes(key)))
      await redis.close()
      await #expect(throws: RedisError.closed) { try await redis.command(["PING"]) }
    }
  }

  @Test("a refusal is the server's, and the connection goes on")
  func refusal() async throws {
    try await TestRedis.withServer { server in
      let redis = server.connection()
      let id = try await redis.command(["CLIENT", "ID"])
      await #expect(throws: RedisError.self) { try await redis.command(["NONSENSE"]) }
      #expect(try await redis.command(["CLIENT", "ID"]) == id)
      await redis.close()
    }
  }

  @Test("a password is said; a wrong or missing one is an error that does not show it")
  func password() async throws {
    try await TestRedis.withServer(password: "right") { server in
      let good = server.connection(password: "right")
      let pong = try await good.command(["PING"])
      #expect(pong == .status("PONG"))
      await good.close()
      for wrong in ["wrong-one", nil] {
        let bad = server.connection(password: wrong)
        let error = await #expect(throws: RedisError.self) { try await bad.command(["PING"]) }
        guard case .server = error else {
          Issue.record("not the server's word: \(String(describing: error))")
          continue
        }
        #expect(error?.description.contains("wrong-one") == false)
        await bad.close()
      }
    }
  }

  @Test("after the server was restarted the next command connects anew")
  func reconnect() async throws {
    try await TestRedis.withServer { server in
      let redis = server.connection()
      #expect(try await redis.command(["PING"]) == .status("PONG"))
      await server.halt()
      await #expect(throws: RedisError.self) { try await redis.command(["PING"]) }
      try await server.restart()
      #expect(try await redis.command(["PING"]) == .status("PONG"))
      try await server.restart()
      #expect(try await redis.command(["PING"]) == .status("PONG"))
      await redis.close()
    }
  }

  @Test("a server that hangs is given up after the timeout; a cancelled task at once")
  func hang() async throws {
    try await TestRedis.withServer { server in
      let redis = server.connection(timeout: .milliseconds(200))
      _ = try await redis.command(["PING"])
      server.signal(SIGSTOP)
      await #expect(throws: RedisError.timedOut(seconds: 0.2)) { try await redis.command(["PING"]) }
      let patient = server.connection(timeout: .seconds(60))
      let task = Task { try await patient.command(["PING"]) }
      task.cancel()
      await #expect(throws: RedisError.cancelled) { try await task.value }
      server.signal(SIGCONT)
      try await eventually { try await redis.command(["PING"]) == .status("PONG") }
    }
  }

  @Test(
    "what is not Redis is an error, however it lies",
    arguments: [
      "HTTP/1.1 400 Bad Request\r\n\r\n", "*2147483647\r\n", "*999999999999\r\n", "*100000000\r\n:1\r\n",
      "$-5\r\n",
      "$99999999999999999999\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
      "\r\n", "+",
    ])
  func garbage(_ answer: String) async throws {
    let server = try RawServer { $0 == 0 ? Array(answer.utf8) : nil }
    defer { server.stop() }
    let redis = RedisConnection(host: "127.0.0.1", port: server.port, timeout: .seconds(2))
    await #expect(throws: RedisError.self) { try await redis.command(["PING"]) }
    await redis.close()
  }

  @Test("an answer without end is given up")
  func endless() async throws {
    let chunk = Array(String(repeating: "+x\r\n", count: 4096).utf8)
    let server = try RawServer { count in count == 0 ? Array("$4000000000\r\n".utf8) : chunk }
    defer { server.stop() }
    let redis = RedisConnection(host: "127.0.0.1", port: server.port, timeout: .seconds(10))
    let error = await #expect(throws: RedisError.self) { try await redis.command(["PING"]) }
    guard case .invalidAnswer = error else {
      Issue.record("not given up: \(String(describing: error))")
      return
    }
    await redis.close()
  }

  @Test("nobody there is an error that names the address")
  func nobody() async {
    let port = freePort()
    let redis = RedisConnection(host: "127.0.0.1", port: port, timeout: .seconds(2))
    let error = await #expect(throws: RedisError.self) { try await redis.command(["PING"]) }
    #expect(error?.description.contains("127.0.0.1:\(port)") == true)
    await redis.close()
  }
}
