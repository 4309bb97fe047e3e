import AccessTokens
import Coordination
import IncidentModel
import TestKit
import Testing

@Suite("Browsers and their sessions") struct BrowserTests {
  private func form(
    _ http: RawHTTP, _ text: String, headers: [String] = [],
    type: String = "application/x-www-form-urlencoded"
  ) async throws -> RawResponse {
    try await http.send("POST", "/login", body: Array(text.utf8), type: type, headers: headers)
  }

  /// Logs in; the cookie as a browser sends it back.
  private func login(_ http: RawHTTP, _ token: AccessToken) async throws -> String {
    var cookie = ""
    try await eventually("the login") {
      let answer = try await form(http, "token=\(token.exposed)&next=%2F")
      cookie = String(answer.headers["set-cookie"]?.prefix { $0 != ";" } ?? "")
      return answer.status == 303
    }
    return "Cookie: other=1; \(cookie); more=2"
  }

  private static func limits() -> HTTPLimits {
    var limits = quickLimits()
    limits.loginBurst = 1000
    return limits
  }

  @Test("who asks for a page without a session is sent to the page where it gets one, and comes back")
  func redirect() async throws {
    try await withGuardedServer { http, _, _ in
      let page = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
      let answer = try await http.send("GET", "/aiops/incidents?status=resolved", headers: [page])
      #expect(answer.status == 303)
      #expect(answer.headers["location"] == "/login?next=/aiops/incidents%3Fstatus%3Dresolved")
      // Programs are told.
      #expect(try await http.send("GET", "/aiops/incidents", headers: ["Accept: */*"]).status == 401)
      #expect(
        try await http.send("GET", "/aiops/incidents", headers: [page, "Authorization: Bearer x"]).status
          == 401)
      #expect(
        try await http.send(
          "POST", "/aiops/incidents/INC-00000001/approve", body: [], headers: [page]
        ).status == 401)
    }
  }

  @Test("the page shows a form, runs nothing, loads nothing, and shows nothing of what it is asked with")
  func page() async throws {
    try await withGuardedServer { http, _, _ in
      let answer = try await http.get("/login?next=/aiops/incidents%3Fa%3D%22%3E%3Cscript%3E")
      #expect(answer.status == 200)
      #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
      let policy = answer.headers["content-security-policy"] ?? ""
      #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
      #expect(policy.contains("form-action 'self'; base-uri 'none'; frame-ancestors 'none'"))
      #expect(!policy.contains("unsafe") && !policy.contains("script-src"))
      #expect(answer.headers["x-content-type-options"] == "nosniff")
      #expect(answer.headers["cache-control"] == "no-store")
      #expect(answer.text.contains("<form method=\"post\" action=\"/login\">"))
      #expect(!answer.text.contains("<script"))
      #expect(answer.text.contains("value=\"/aiops/incidents?a=&quot;&gt;&lt;script&gt;\""))
      for away in ["//evil.example", "https://evil.example", "/%5Cevil.example", "/%0d%0aX:y", "evil"] {
        let page = try await http.get("/login?next=\(away)")
        #expect(page.text.contains("name=\"next\" value=\"/\""), "\(away)")
      }
    }
  }

  @Test("a session is a cookie that no script reads and no other site sends; it is not the token")
  func session() async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withGuardedServer(coordinator, limits: Self.limits()) { http, tokens, _ in
      let token = try tokens.make("ann", .operator)
      let cookie = try await login(http, token)
      let answer = try await form(http, "token=%20\(token.exposed)%0A&next=%2Faiops%2Fagents")
      #expect(answer.headers["location"] == "/aiops/agents")
      let set = answer.headers["set-cookie"] ?? ""
      #expect(set.hasPrefix("aiops_session_\(http.port)="))
      #expect(set.hasSuffix("; Path=/; HttpOnly; SameSite=Strict"))
      #expect(!set.contains(token.exposed.dropFirst(6)))
      #expect(try await http.send("GET", "/aiops/incidents", headers: [cookie]).status == 200)
      #expect(try await http.metric("aiops_http_sessions", token) == 2)

      let path = "/aiops/incidents/INC-00000001/acknowledge"
      func act(_ headers: [String]) async throws -> Int {
        try await http.send("POST", path, body: Array("{}".utf8), headers: [cookie] + headers).status
      }
      for header in [
        [], ["Origin: https://evil.example"], ["Origin: null"], ["Sec-Fetch-Site: cross-site"],
        ["Sec-Fetch-Site: same-site"], ["Origin: http://127.0.0.1:1"],
      ] {
        #expect(try await act(header) == 403, "\(header)")
      }
      #expect(await coordinator.commands.isEmpty)
      #expect(try await act(["Origin: http://127.0.0.1:\(http.port)"]) == 200)
      #expect(try await act(["Sec-Fetch-Site: same-origin"]) == 200)
      #expect(await coordinator.commands.map(\.by) == ["ann", "ann"])
      #expect(try #require(try await http.refusals("cross_site", token)) >= 6)
    }
  }

  @Test("a session ends with its token, by a logout, and at a restart; a wrong cookie is none")
  func end() async throws {
    try await withGuardedServer(limits: Self.limits()) { http, tokens, _ in
      let token = try tokens.make("ann", .viewer)
      func status(_ cookie: String) async throws -> Int {
        try await http.send("GET", "/aiops/agents", headers: [cookie]).status
      }
      let first = try await login(http, token)
      #expect(try await status(first) == 200)
      let out = try await http.send("POST", "/logout", body: [], headers: [first])
      #expect(out.status == 303 && out.headers["location"] == "/login")
      #expect(out.headers["set-cookie"]?.contains("Max-Age=0") == true)
      #expect(try await status(first) == 401)

      let second = try await login(http, token)
      #expect(try await status(second) == 200)
      #expect(try await status(second.replacing("_\(http.port)=", with: "=")) == 401)
      #expect(try await status("Cookie: aiops_session_\(http.port)=guess") == 401)
      let foreign = try await http.send(
        "POST", "/logout", body: [], headers: [second, "Origin: https://evil.example"])
      #expect(foreign.status == 403)
      try tokens.revoke("ann")
      try await eventually("the session ends") { try await status(second) == 401 }
      // Nor does a new token of the same name bring it back.
      let third = try tokens.make("ann", .viewer)
      try await eventually("the new one") {
        try await http.send("GET", "/aiops/agents", headers: [third.header]).status == 200
      }
      #expect(try await status(second) == 401)
    }
  }

  @Test("a wrong token gets the page again with what is wrong; too many attempts wait")
  func refused() async throws {
    var limits = quickLimits()
    limits.loginBurst = 4
    limits.loginRate = 0.001
    try await withGuardedServer(limits: limits) { http, tokens, _ in
      let token = try tokens.make("ann", .viewer, expires: .start)
      for text in ["token=nonsense", "token=\(token.exposed)", "token=", "next=%2F"] {
        let answer = try await form(http, text)
        #expect(answer.status == 401 && answer.headers["set-cookie"] == nil, "\(text)")
        #expect(answer.text.contains("role=\"alert\"") && !answer.text.contains("nonsense"))
      }
      let waits = try await form(http, "token=\(token.exposed)")
      #expect(waits.status == 429 && (900...1000).contains(Int(waits.headers["retry-after"] ?? "") ?? 0))
      #expect(waits.text.contains("Too many attempts"))
    }
  }

  @Test("a form must be one, small, and of this site")
  func forms() async throws {
    try await withGuardedServer(limits: Self.limits()) { http, _, _ async throws in
      #expect(try await form(http, "{}", type: "application/json").status == 415)
      #expect(try await form(http, "token=" + String(repeating: "x", count: 5000)).status == 413)
      #expect(try await form(http, "user=x").status == 400)
      #expect(try await form(http, "token=x", headers: ["Origin: https://evil.example"]).status == 403)
    }
  }

  @Test("without tokens there is nothing to log in to")
  func local() async throws {
    try await withServer { http, _ async throws in
      #expect(try await http.get("/login").headers["location"] == "/")
      #expect(try await http.send("POST", "/logout", body: []).headers["location"] == "/")
    }
  }
}
