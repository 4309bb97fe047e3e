import Coordination
import IncidentModel
import TestKit
import Testing

@Suite("A coordinator that stands by") struct ForwardTests {
  private static let alert = """
    {"alert_id":"a","metric_name":"queue_depth","current_value":200,"threshold":100,"condition":"above",
     "timestamp":"2026-11-23T08:53:20.000Z","resource":"orders","description":"x","tags":{}}
    """

  private static let ok: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { _ in
    .json(200, "{}")
  }

  private func post(_ path: String, _ body: String, _ http: RawHTTP, _ more: String = "") async throws
    -> RawResponse
  {
    let connection = try RawConnection(port: http.port, timeout: 10)
    await connection.send(
      "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(http.port)\r\nContent-Type: application/json\r\n\(more)"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    return try await connection.response()
  }

  @Test("passes what only the leader may take on to it, and its answer back as it came")
  func passesOn() async throws {
    let answer: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { _ in
      .reply(409, headers: [("Content-Type", "application/problem+json")], body: Array("{\"x\": 1}".utf8))
    }
    try await ScriptedHTTPServer.with(answer) { leader in
      let standby = FakeCoordinator([.sample(1)])
      await standby.set(.other(http: "127.0.0.1:\(leader.port)"))
      try await withServer(standby) { http, _ in
        let response = try await post("/aiops/incidents/INC-00000001/approve", #"{"by":"ada"}"#, http)
        #expect(response.status == 409 && response.text == "{\"x\": 1}")
        #expect(response.headers["content-type"] == "application/problem+json")
        #expect(try await post("/aiops/alerts", Self.alert, http).status == 409)
        #expect(leader.requests.map(\.path) == ["/aiops/incidents/INC-00000001/approve", "/aiops/alerts"])
        #expect(leader.requests.map(\.text) == [#"{"by":"ada"}"#, Self.alert])
        #expect(leader.requests.allSatisfy { $0.headers["x-aiops-forwarded"] == "fake" })
        #expect(leader.requests.first?.headers["host"] == "127.0.0.1:\(leader.port)")
        // Readers are answered here.
        #expect(try await http.get("/aiops/incidents/INC-00000001").status == 200)
        #expect(leader.requests.count == 2)
        #expect(await standby.commands.isEmpty)
        // Agents are connected to the leader, so it is the one that knows them.
        #expect(try await http.get("/aiops/agents").text == "{\"x\": 1}")
        #expect(leader.requests.last?.path == "/aiops/agents" && leader.requests.last?.method == "GET")
      }
    }
  }

  @Test("passes nothing on twice, to nobody, off this machine, or for a web page of elsewhere")
  func refusals() async throws {
    try await ScriptedHTTPServer.with(Self.ok) { leader in
      let standby = FakeCoordinator([.sample(1)])
      await standby.set(.other(http: "127.0.0.1:\(leader.port)"))
      try await withServer(standby) { http, _ in
        let looped = try await post("/aiops/alerts", Self.alert, http, "X-AIOps-Forwarded: c-2\r\n")
        #expect(looped.status == 503 && looped.headers["retry-after"] == "1")
        let foreign = try await post("/aiops/alerts", Self.alert, http, "Origin: http://evil.example\r\n")
        #expect(foreign.status == 403)
        await standby.set(.nobody)
        let nobody = try await post("/aiops/alerts", Self.alert, http)
        #expect(nobody.status == 503 && nobody.headers["retry-after"] != nil)
        #expect(nobody.text.contains("No coordinator leads"))
        await standby.set(.unreachable)
        #expect(try await post("/aiops/alerts", Self.alert, http).text.contains("coordinator.http"))
        await standby.set(.other(http: "192.0.2.1:80"))
        #expect(try await post("/aiops/alerts", Self.alert, http).text.contains("not on this machine"))
        await standby.set(.other(http: "127.0.0.1:\(freePort())"))
        #expect(try await post("/aiops/alerts", Self.alert, http).text.contains("nothing was taken"))
      }
      #expect(leader.requests.isEmpty)
    }
  }

  @Test("a leader that does not answer in time is 504, because nobody knows what it took")
  func silent() async throws {
    let hang: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { _ in .hang }
    try await ScriptedHTTPServer.with(hang) { leader in
      let standby = FakeCoordinator()
      await standby.set(.other(http: "127.0.0.1:\(leader.port)"))
      var limits = HTTPLimits()
      limits.forwardTime = .milliseconds(200)
      try await withServer(standby, limits: limits) { http, _ in
        let response = try await post("/aiops/alerts", Self.alert, http)
        #expect(response.status == 504 && response.text.contains("not known"))
      }
    }
  }
}
