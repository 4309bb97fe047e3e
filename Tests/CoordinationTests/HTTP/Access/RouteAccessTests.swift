import AccessTokens
import Coordination
import FoundationEssentials
import IncidentModel
import TestKit
import Testing

@Suite("Who may use which route") struct RouteAccessTests {
  @Test("every kind of route has paths, which lead to it, and methods")
  func table() {
    for kind in RouteKind.allCases {
      #expect(!kind.examples.isEmpty && !kind.methods.isEmpty, "\(kind)")
      for path in kind.examples { #expect(RouteKind(path: path) == kind, "\(path)") }
    }
    // What must be open, and nothing else.
    #expect(
      Set(RouteKind.allCases.filter { $0.role == nil }) == [.health, .readiness, .login, .logout, .asset])
    #expect(RouteKind.command.role == .operator && RouteKind.alerts.role == .operator)
  }

  /// Every path with every method that it takes.
  private static var requests: [(kind: RouteKind, method: String, path: String)] {
    RouteKind.allCases.flatMap { kind in
      kind.examples.flatMap { path in kind.methods.map { (kind: kind, method: $0, path: path) } }
    }
  }

  private func send(
    _ http: RawHTTP, _ method: String, _ path: String, _ headers: [String]
  ) async throws -> RawResponse {
    if RouteKind(path: path) == .form {
      let body = Array("by=ann&for=1h".utf8)
      return try await http.send(
        method, path, body: body, type: "application/x-www-form-urlencoded", headers: headers)
    }
    let body = method == "POST" ? Array("{}".utf8) : nil
    return try await http.send(method, path, body: body, headers: headers)
  }

  private func expectRefused(
    _ answer: RawResponse, _ status: Int, _ what: String, isHead: Bool, isPage: Bool,
    at location: SourceLocation = #_sourceLocation
  ) {
    #expect(answer.status == status, "\(what)", sourceLocation: location)
    #expect(
      answer.headers["content-type"] == (isPage ? "text/html; charset=utf-8" : "application/problem+json"),
      "\(what)", sourceLocation: location)
    #expect(
      (answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true) == (status == 401), "\(what)",
      sourceLocation: location)
    if !isHead, !isPage {
      #expect(answer["status"] as? Double == Double(status), "\(what)", sourceLocation: location)
    }
  }

  @Test(
    "no, a malformed, an unknown, an expired, a revoked token, too small a role, the right one: every route")
  func walk() async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withGuardedServer(coordinator) { http, tokens, _ in
      let good = try AccessRole.allCases.map { ($0, try tokens.make("\($0)-1", $0)) }
      let expired = try tokens.make("old", .admin, expires: .start)
      let revoked = try tokens.make("gone", .admin)
      let later = try tokens.make("later", .admin, expires: .start + .seconds(1))
      let unknown = try #require(AccessToken("aiops_" + String(repeating: "A", count: 43)))
      try await eventually("the tokens are read") {
        try await http.send("GET", "/aiops/status", headers: [later.header]).status == 200
      }
      try tokens.revoke("gone")
      try await eventually("one is revoked") {
        try await http.send("GET", "/aiops/status", headers: [revoked.header]).status == 401
      }
      let bad: [(String, [String])] = [
        ("none", []), ("unknown", [unknown.header]), ("expired", [expired.header]),
        ("revoked", [revoked.header]), ("empty", ["Authorization: "]), ("scheme", ["Authorization: Bearer"]),
        ("basic", ["Authorization: Basic YTpi"]),
        ("raw", ["Authorization: \(good[2].1.exposed)"]),
        ("short", ["Authorization: Bearer \(good[2].1.exposed.dropLast())"]),
        ("long", ["Authorization: Bearer \(good[2].1.exposed)A"]),
        ("two", [good[2].1.header, good[2].1.header]),
        ("cookie", ["Cookie: aiops_session_\(http.port)=\(good[2].1.exposed)"]),
      ]
      for (kind, method, path) in Self.requests {
        let isHead = method == "HEAD"
        let isPage = [.overview, .page, .form].contains(kind)
        for (name, headers) in bad {
          let answer = try await send(http, method, path, headers)
          let what = "\(method) \(path) with token: \(name)"
          if kind.role != nil {
            expectRefused(answer, 401, what, isHead: isHead, isPage: isPage)
          } else {
            #expect(![401, 403, 429].contains(answer.status), "\(what): \(answer.status)")
          }
        }
        #expect(await coordinator.commands.isEmpty)
        for (role, token) in good {
          let answer = try await send(http, method, path, [token.header])
          let what = "\(method) \(path) as \(role): \(answer.status)"
          if let needed = kind.role, role < needed {
            expectRefused(answer, 403, what, isHead: isHead, isPage: isPage)
            if !isHead { #expect(answer.text.contains("role \(needed.rawValue)"), "\(what)") }
          } else {
            #expect(![401, 403, 404, 405, 429].contains(answer.status), "\(what)")
          }
        }
        if kind.role != nil {
          let answer = try await send(http, method, path, [later.header])
          #expect(answer.status < 401, "\(method) \(path): \(answer.status) \(answer.text)")
        }
        await coordinator.forget()
      }
      #expect(try #require(try await http.refusals("unauthenticated", later)) >= 100)
      #expect(try #require(try await http.refusals("forbidden", later)) >= 5)
    }
  }

  @Test("what is not there, and a method that is not taken, are that for everybody")
  func nothingThere() async throws {
    try await withGuardedServer { http, tokens, _ in
      let token = try tokens.make("v", .viewer)
      try await eventually("it is read") {
        try await http.send("GET", "/aiops/status", headers: [token.header]).status == 200
      }
      #expect(try await http.get("/nothing").status == 404)
      #expect(try await http.send("DELETE", "/aiops/status").status == 401)
      #expect(try await http.send("DELETE", "/aiops/status", headers: [token.header]).status == 405)
    }
  }

  @Test("the journal says who acted: the token's name, and whom its holder names")
  func actor() async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withGuardedServer(coordinator) { http, tokens, _ in
      let token = try tokens.make("ops-1", .operator)
      let path = "/aiops/incidents/INC-00000001/acknowledge"
      func say(_ body: String) async throws -> RawResponse {
        try await http.send("POST", path, body: Array(body.utf8), headers: [token.header])
      }
      try await eventually("the token is read") { try await say("{}").status == 200 }
      for body in [#"{"by":"ann"}"#, #"{"by":"ops-1"}"#, #"{"note":"x"}"#] {
        #expect(try await say(body).status == 200)
      }
      #expect(await coordinator.commands.map(\.by) == ["ops-1", "ann (token ops-1)", "ops-1", "ops-1"])
      let alert = try await http.send(
        "POST", "/aiops/alerts", body: Array(AlertTests.valid().utf8), headers: [token.header])
      #expect(alert.status == 200)
      #expect(await coordinator.alertTokens == ["ops-1"])
      // Nobody names another one's token.
      for by in ["ann (token root)", "(TOKEN root)"] {
        let answer = try await say("{\"by\":\"\(by)\"}")
        #expect(answer.status == 400 && answer.text.contains("must not name a token"))
      }
    }
  }

  @Test("tokens are read again when their file changes; a broken file changes nothing and is counted")
  func reload() async throws {
    try await withGuardedServer { http, tokens, _ in
      let first = try tokens.make("first", .viewer)
      func status(_ token: AccessToken) async throws -> Int {
        try await http.send("GET", "/aiops/status", headers: [token.header]).status
      }
      try await eventually("the first") { try await status(first) == 200 }
      try overwrite(tokens.file, "{\"version\": 1, \"tokens\": [")
      try await eventually("the broken file is noticed") {
        try await http.metric("aiops_http_reloads_total{what=\"tokens\",outcome=\"broken\"}", first) == 1
      }
      #expect(try await status(first) == 200)
      try overwrite(tokens.file, "{\"version\": 1, \"tokens\": []}")
      try await eventually("everybody is out") { try await status(first) == 401 }
      let second = try tokens.make("second", .viewer)
      try await eventually("the second") { try await status(second) == 200 }
    }
  }

  @Test("a stream ends when its token is revoked")
  func streamEnds() async throws {
    try await withGuardedServer { http, tokens, server in
      let token = try tokens.make("v", .viewer)
      try await eventually("it is read") {
        try await http.send("GET", "/aiops/status", headers: [token.header]).status == 200
      }
      let stream = try RawConnection(port: http.port)
      await stream.send(
        RawHTTP.request("GET", "/aiops/stream", port: http.port, headers: [token.header]))
      var text = ""
      try await stream.read(until: "id: 0\n\n", into: &text)
      #expect(server.openStreams == 1)
      try tokens.revoke("v")
      try await eventually("the stream ends") { server.openStreams == 0 }
    }
  }

  @Test(
    "with tokens any sane name is a host, and a web page of elsewhere changes nothing with a token's help")
  func hosts() async throws {
    try await withGuardedServer { http, tokens, _ in
      let token = try tokens.make("v", .viewer)
      for host in ["aiops.example", "10.0.0.7:8080", "[fe80::1]:8080", "coordinator-1"] {
        #expect(try await http.send("GET", "/healthz", headers: ["Host: \(host)"]).status == 200, "\(host)")
      }
      for host in ["a b", "evil\u{7F}", "x/y", "user@host", "a:b:c", String(repeating: "a", count: 300)] {
        let answer = try await http.send("GET", "/healthz", headers: ["Host: \(host)"])
        #expect(answer.status == 400, "\(host)")
      }
      withExtendedLifetime(token) {}
    }
  }
}
