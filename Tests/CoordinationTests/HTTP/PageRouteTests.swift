import Coordination
import Dashboard
import IncidentModel
import TestKit
import Testing

@Suite("The dashboard over HTTP") struct PageRouteTests {
  private static let form = "application/x-www-form-urlencoded"

  private func post(
    _ http: RawHTTP, _ path: String, _ form: String, type: String? = form, headers: [String] = []
  ) async throws -> RawResponse {
    try await http.send("POST", path, body: Array(form.utf8), type: type, headers: headers)
  }

  /// What every page says to browsers.
  private func expectSafe(_ answer: RawResponse, _ status: Int, _ path: String) {
    #expect(answer.status == status, "\(path): \(answer.text.prefix(300))")
    #expect(answer.headers["content-type"] == "text/html; charset=utf-8", "\(path)")
    let policy = answer.headers["content-security-policy"] ?? ""
    for part in [
      "default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ] { #expect(policy.contains(part), "\(path): \(part)") }
    #expect(!policy.contains("unsafe") && !policy.contains("*") && !policy.contains("http"))
    #expect(answer.headers["x-content-type-options"] == "nosniff")
    #expect(answer.headers["referrer-policy"] == "same-origin")
    #expect(answer.headers["cache-control"] == "no-store")
    #expect(answer.text.hasPrefix("<!doctype html>"))
    #expect(
      !answer.text.contains("<script>") && !answer.text.contains(" on") || !answer.text.contains("onclick"))
  }

  @Test("every answer to a person is a page with a strict policy, those to mistakes too")
  func pages() async throws {
    try await withServer(FakeCoordinator([.whole(1), .sample(2)])) { http, _ in
      for (path, status) in [
        ("/", 200), ("/?show=ended", 200), ("/?show=all&severity=high", 200),
        ("/incidents/INC-00000001", 200),
        ("/incidents/INC-00000002", 200), ("/incidents/INC-0000000F", 404), ("/incidents/nobody", 404),
        ("/?show=nothing", 400), ("/?page=x", 400), ("/?severity=low,high", 400),
        ("/incidents/INC-00000001?x=1", 400),
        ("/incidents/INC-00000001/acknowledge", 405),
      ] {
        let answer = try await http.get(path)
        expectSafe(answer, status, path)
        let head = try await http.send("HEAD", path)
        #expect(head.status == status && head.body.isEmpty, "\(path)")
        if status != 405 { #expect(head.headers["content-length"] == "\(answer.body.count)", "\(path)") }
      }
      // Whoever did not ask for a page gets a problem; a browser gets a page.
      #expect(try await http.get("/nowhere").headers["content-type"] == "application/problem+json")
      expectSafe(try await http.send("GET", "/nowhere", headers: ["Accept: text/html,*/*"]), 404, "/nowhere")
      let api = try await http.send("GET", "/aiops/nowhere", headers: ["Accept: text/html"])
      #expect(api.headers["content-type"] == "application/problem+json")
    }
  }

  @Test("the first page lists open incidents, an incident's page its story")
  func content() async throws {
    var whole = Incident.whole(1)
    whole.take(Fixture.alert(at: .start).signal(id: "x"))
    try await withServer(FakeCoordinator([whole, .sample(2)])) { http, _ in
      let first = try await http.get("/").text
      #expect(
        first.contains("/incidents/INC-00000002") && !first.contains("/incidents/INC-00000001\" data-row"))
      #expect(first.contains("in 1m 0s"))
      let page = try await http.get("/incidents/INC-00000001").text
      for text in ["a leak", "37 of 40 are idle", "37 ended", "<svg", "Timeline", "resolved by a runbook"] {
        #expect(page.contains(text), "\(text)")
      }
    }
  }

  @Test("pages of open incidents hand over each once, from the worst down")
  func paging() async throws {
    let severities = Severity.allCases
    let incidents = (1...230).map {
      Incident.sample($0, severity: severities[Int($0) % 5], second: Int64($0))
    }
    try await withServer(FakeCoordinator(incidents.shuffled() + [.sample(900, status: .resolved)])) {
      http, _ in
      var path = "/"
      var seen: [String] = []
      for _ in 0..<10 {
        let text = try await http.get(path).text
        let rows = text.matches(of: /href="\/incidents\/(INC-[0-9A-F]{8})" data-row/).map { String($0.1) }
        #expect(rows.count <= 50)
        seen += rows
        guard let next = text.firstMatch(of: /rel="next" href="([^"]+)"/) else { break }
        path = String(next.1).replacing("&amp;", with: "&")
      }
      let expected = incidents.sorted {
        ($0.severity, $0.detectedAt) > ($1.severity, $1.detectedAt)
      }
      #expect(seen == expected.map(\.id.text))
    }
  }

  @Test("a form does what the API's route does, and leads back to the incident")
  func forms() async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withServer(coordinator) { http, _ in
      let path = "/incidents/INC-00000001/"
      for (verb, body) in [
        ("acknowledge", "by=ada+l.&note=Gr%C3%BC%C3%9Fe"), ("resolve", "by=&note="), ("snooze", "for=30m"),
        ("approve", ""), ("false-positive", "by=x"),
      ] {
        let answer = try await post(
          http, path + verb, body, headers: ["Origin: http://127.0.0.1:\(http.port)"])
        // A form without fields has no body, and so no type.
        #expect(answer.status == 303, "\(verb): \(answer.text)")
        #expect(answer.headers["location"] == "/incidents/INC-00000001")
      }
      let id = IncidentID(number: 1)
      #expect(
        await coordinator.commands == [
          .init(verb: .acknowledge, id: id, by: "ada l.", note: "Grüße"),
          .init(verb: .resolve, id: id, by: "operator", note: nil),
          .init(verb: .snooze(.seconds(1800)), id: id, by: "operator", note: nil),
          .init(verb: .approve, id: id, by: "operator", note: nil),
          .init(verb: .falsePositive, id: id, by: "x", note: nil),
        ])
    }
  }

  @Test("a form that is wrong, or of another site, changes nothing and is answered with a page")
  func wrongForms() async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withServer(coordinator) { http, _ in
      let path = "/incidents/INC-00000001/snooze"
      expectSafe(try await post(http, path, "for=1s"), 400, "too short")
      expectSafe(try await post(http, path, ""), 400, "no time")
      expectSafe(try await post(http, path, "for=30m&x=1"), 400, "unknown field")
      expectSafe(try await post(http, path, "for=30m&by=%ff"), 400, "not UTF-8")
      expectSafe(try await post(http, path, "for=30m&by=a%00b"), 400, "control character")
      expectSafe(try await post(http, path, #"{"for":"30m"}"#, type: "application/json"), 415, "JSON")
      expectSafe(try await post(http, path, "for=30m", type: "text/plain"), 415, "text")
      expectSafe(try await post(http, "/incidents/INC-0000000F/resolve", "by=a"), 404, "unknown incident")
      for header in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
        expectSafe(try await post(http, path, "for=30m", headers: [header]), 403, header)
      }
      await coordinator.fail(.conflict(reason: "it has <ended>"))
      let conflict = try await post(http, path, "for=30m")
      expectSafe(conflict, 409, "conflict")
      #expect(
        conflict.text.contains("it has &lt;ended&gt;") && conflict.text.contains("Back to the incident"))
      #expect(await coordinator.commands.isEmpty)
      // What may be somebody's doing is written down: not the conflict, which is everyday life.
      let refused = coordinator.refusals.latest(100)
      #expect(refused.allSatisfy { $0.kind == .http && $0.who == "127.0.0.1" })
      #expect(
        refused.contains { $0.reason.hasPrefix("403 POST") }
          && !refused.contains { $0.reason.hasPrefix("409") })
    }
  }

  @Test("a standby passes a form on as the API's own request")
  func standby() async throws {
    let answers: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = {
      $0.path.hasSuffix("resolve") ? .json(409, "{}") : .json(200, "{}")
    }
    try await ScriptedHTTPServer.with(answers) { leader in
      let standby = FakeCoordinator([.sample(1)])
      await standby.set(.other(http: "127.0.0.1:\(leader.port)"))
      try await withServer(standby) { http, _ in
        let taken = try await post(http, "/incidents/INC-00000001/snooze", "for=2h&by=ada&note=%22x%22")
        #expect(taken.status == 303)
        let body = try #require(
          try JSON.value(Array((leader.requests.first?.text ?? "").utf8)) as? [String: String])
        #expect(body == ["by": "ada", "note": "\"x\"", "for": "7200s"])
        #expect(leader.requests.first?.path == "/aiops/incidents/INC-00000001/snooze")
        expectSafe(
          try await post(http, "/incidents/INC-00000001/resolve", "by=ada"), 409, "refused by the leader")
        #expect(await standby.commands.isEmpty)
        await standby.set(.nobody)
        expectSafe(try await post(http, "/incidents/INC-00000001/resolve", "by=ada"), 503, "nobody leads")
      }
    }
  }

  @Test("what pages load is kept for ever under a name of its own")
  func assets() async throws {
    try await withServer { http, _ in
      let page = try await http.get("/").text
      for asset in Asset.all {
        #expect(page.contains("\"\(asset.path)\""))
        let answer = try await http.get(asset.path)
        #expect(answer.status == 200 && answer.body == asset.bytes)
        #expect(answer.headers["content-type"] == asset.type)
        #expect(answer.headers["cache-control"] == "public, max-age=31536000, immutable")
        #expect(answer.headers["x-content-type-options"] == "nosniff")
        let again = try await http.send("GET", asset.path, headers: ["If-None-Match: \(asset.tag)"])
        #expect(again.status == 304 && again.body.isEmpty)
      }
      #expect(try await http.get("/assets/dashboard-0.css").status == 404)
    }
  }
}
