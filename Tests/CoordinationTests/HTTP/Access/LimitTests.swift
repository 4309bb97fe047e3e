import AccessTokens
import Coordination
import IncidentModel
import TestKit
import Testing

@Suite("The bounds of the HTTP API") struct LimitTests {
  @Test("a connection too many of one address is answered with 429 and closed; a place that is free is given")
  func connectionsPerClient() async throws {
    var limits = quickLimits()
    limits.connectionsPerClient = 3
    try await withServer(limits: limits) { http, _ in
      var held: [RawConnection] = []
      for _ in 0..<3 {
        let connection = try RawConnection(port: http.port)
        await connection.send(RawHTTP.request("GET", "/healthz", port: http.port))
        #expect(try await connection.response().status == 200)
        held.append(connection)
      }
      let fourth = try RawConnection(port: http.port)
      let answer = try await fourth.response()
      #expect(answer.status == 429 && answer.headers["retry-after"] == "5")
      #expect(answer.headers["content-type"] == "application/problem+json")
      #expect(await fourth.receive() == [])
      // What it says is not heard.
      let fifth = try RawConnection(port: http.port)
      await fifth.send(RawHTTP.request("GET", "/healthz", port: http.port))
      #expect(try await fifth.response().status == 429)
      held.removeFirst()
      try await eventually("a place") { try await http.get("/healthz").status == 200 }
      // The one before may not be closed yet.
      try await eventually("they are counted") { (try await http.refusals("connections") ?? 0) >= 2 }
      try await eventually("those that are held") {
        (try await http.metric("aiops_http_connections") ?? 0) >= 2
      }
    }
  }

  @Test("a token's requests are limited, with the time to wait, and those of another one are not")
  func rate() async throws {
    var limits = quickLimits()
    limits.requestBurst = 30
    limits.requestRate = 0.5
    try await withGuardedServer(limits: limits) { http, tokens, _ in
      let (busy, other) = (try tokens.make("busy", .viewer), try tokens.make("other", .viewer))
      try await eventually("they are read") {
        try await http.send("GET", "/aiops/agents", headers: [other.header]).status == 200
      }
      var last: RawResponse?
      for _ in 0..<40 { last = try await http.send("GET", "/aiops/agents", headers: [busy.header]) }
      #expect(last?.status == 429 && last?.headers["content-type"] == "application/problem+json")
      #expect((1...2).contains(Int(last?.headers["retry-after"] ?? "") ?? 0))
      #expect(try await http.send("GET", "/aiops/agents", headers: [other.header]).status == 200)
      #expect(try #require(try await http.refusals("rate", other)) >= 8)
    }
  }

  @Test("attempts with bad tokens are limited, and hold up nobody of that address whose token is good")
  func attempts() async throws {
    var limits = quickLimits()
    limits.failureBurst = 20
    limits.failureRate = 0.01
    try await withGuardedServer(limits: limits) { http, tokens, _ in
      let good = try tokens.make("good", .viewer)
      let bad = "Authorization: Bearer aiops_" + String(repeating: "B", count: 43)
      try await eventually("it is read") {
        try await http.send("GET", "/aiops/agents", headers: [good.header]).status == 200
      }
      try await eventually("the bound") {
        let answer = try await http.send("GET", "/aiops/agents", headers: [bad])
        return answer.status == 429 && answer.headers["retry-after"] != nil
      }
      #expect(try await http.send("GET", "/aiops/agents", headers: [good.header]).status == 200)
      #expect(try await http.get("/healthz").status == 200)
      #expect(try #require(try await http.refusals("attempts", good)) >= 1)
    }
  }

  @Test("a token has its share of the streams")
  func streams() async throws {
    var limits = quickLimits()
    limits.streamsPerClient = 2
    try await withGuardedServer(limits: limits) { http, tokens, server in
      let (one, two) = (try tokens.make("one", .viewer), try tokens.make("two", .viewer))
      try await eventually("they are read") {
        try await http.send("GET", "/aiops/agents", headers: [two.header]).status == 200
      }
      func open(_ token: AccessToken) async throws -> (RawConnection, Int) {
        let stream = try RawConnection(port: http.port)
        await stream.send(RawHTTP.request("GET", "/aiops/stream", port: http.port, headers: [token.header]))
        return (stream, try await stream.response().status)
      }
      var held: [RawConnection] = []
      for _ in 0..<2 {
        let (stream, status) = try await open(one)
        #expect(status == 200)
        held.append(stream)
      }
      #expect(try await open(one).1 == 429)
      let (stream, status) = try await open(two)
      #expect(status == 200 && server.openStreams == 3)
      #expect(try await http.refusals("streams", two) == 1)
      #expect(try await http.metric("aiops_http_streams", two) == 3)
      held.removeAll()
      try await eventually("they are free") { server.openStreams == 1 }
      withExtendedLifetime(stream) {}
    }
  }

  @Test("a head that comes byte by byte is cut, and so is silence at the beginning")
  func slowHead() async throws {
    var limits = quickLimits()
    limits.headTime = .milliseconds(400)
    try await withServer(limits: limits) { http, _ in
      let silent = try RawConnection(port: http.port)
      let dribbling = try RawConnection(port: http.port)
      let began = ContinuousClock.now
      // A byte at a time, as long as they are taken.
      for byte in Array("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: yes, and more".utf8) {
        await dribbling.send([byte])
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(await dribbling.receive() == [])
      #expect(await silent.receive() == [])
      let passed = ContinuousClock.now - began
      #expect(passed > .milliseconds(300) && passed < .seconds(6), "\(passed)")
      #expect(try #require(try await http.refusals("slow_header")) >= 2)
      // One that brought its first head in time stays.
      let kept = try RawConnection(port: http.port)
      await kept.send(RawHTTP.request("GET", "/healthz", port: http.port))
      #expect(try await kept.response().status == 200)
      try await Task.sleep(for: .milliseconds(600))
      await kept.send(RawHTTP.request("GET", "/healthz", port: http.port))
      #expect(try await kept.response().status == 200)
    }
  }

  @Test("bodies that are late, too large, or go on after their answer are cut and counted")
  func bodies() async throws {
    var limits = quickLimits()
    limits.bodyTime = .milliseconds(300)
    limits.bodyBytes = 1000
    try await withServer(FakeCoordinator([.sample(1)]), limits: limits) { http, _ in
      let path = "/aiops/alerts"
      let late = RawHTTP.request(
        "POST", path, port: http.port, headers: ["Content-Length: 100", "Content-Type: application/json"])
      #expect(try await http.send(late + [0x7B]).status == 408)
      let large = try RawConnection(port: http.port)
      await large.send(
        RawHTTP.request(
          "POST", path, port: http.port, headers: ["Content-Length: 9000", "Content-Type: application/json"]))
      #expect(try await large.response().status == 413)
      // It does not send the rest, and is not waited for.
      #expect(await large.receive() == [])
      #expect(try await http.refusals("body_size") == 1)
      #expect(try await http.refusals("slow_body") == 2)
    }
  }

  @Test("what is no HTTP is counted")
  func unreadable() async throws {
    try await withServer { http, _ in
      _ = try await http.send(Array("nonsense\r\n\r\n".utf8))
      #expect(try await http.refusals("unreadable") == 1)
    }
  }

  @Test("who asks for much and reads nothing is cut")
  func slowReader() async throws {
    var limits = quickLimits()
    limits.streamStall = .milliseconds(400)
    var incident = Incident.whole(1)
    incident.rootCause = String(repeating: "x", count: 20_000_000)
    try await withServer(FakeCoordinator([incident]), limits: limits) { http, _ in
      let slow = try RawConnection(port: http.port, receiveBuffer: 4096)
      await slow.send(RawHTTP.request("GET", "/aiops/incidents/INC-00000001", port: http.port))
      try await eventually("it is cut") { try await http.refusals("slow_reader") == 1 }
      withExtendedLifetime(slow) {}
    }
  }

  @Test("every reason is in the metrics from the start")
  func reasons() async throws {
    try await withServer { http, _ async throws in
      for reason in [
        "unauthenticated", "forbidden", "cross_site", "rate", "attempts", "connections", "streams",
        "body_size", "slow_body", "slow_header", "slow_reader", "unreadable",
      ] {
        #expect(try await http.refusals(reason) == 0, "\(reason)")
      }
      #expect(try #require(try await http.metric("aiops_http_requests_total{status=\"2xx\"}")) >= 10)
    }
  }
}
