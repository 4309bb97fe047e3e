import Coordination
import FoundationEssentials
import IncidentModel
import Testing

@Suite("What the HTTP API refuses") struct ProblemTests {
  /// Checks that an answer is a problem of RFC 9457.
  private func expectProblem(
    _ answer: RawResponse, _ status: Int, _ detail: String, instance: String? = nil,
    at location: SourceLocation = #_sourceLocation
  ) {
    #expect(answer.status == status, sourceLocation: location)
    #expect(answer.headers["content-type"] == "application/problem+json", sourceLocation: location)
    #expect(answer.headers["cache-control"] == "no-store", sourceLocation: location)
    #expect(answer["status"] as? Double == Double(status), sourceLocation: location)
    #expect(answer["type"] is String, sourceLocation: location)
    #expect((answer["title"] as? String)?.isEmpty == false, sourceLocation: location)
    let text = answer["detail"] as? String ?? ""
    #expect(text.contains(detail), "\(text)", sourceLocation: location)
    if let instance { #expect(answer["instance"] as? String == instance, sourceLocation: location) }
  }

  @Test("an unknown incident, and an id that can be nobody's, are not found")
  func unknownIncident() async throws {
    try await withServer { http, _ in
      for id in ["INC-0000000A", "INC-0000000a", "nonsense", "..", "%00", "INC-1'--"] {
        let path = "/aiops/incidents/\(id)"
        expectProblem(try await http.get(path), 404, "Incident not found", instance: path)
        expectProblem(try await http.post(path + "/approve", "{}"), 404, "Incident not found")
      }
    }
  }

  @Test(
    "an unknown path is not found",
    arguments: [
      "//", "/aiops", "/aiops/", "/incidents", "/incidents/", "/assets/", "/assets/dashboard-0.css",
      "/aiops/incidents/", "/aiops/incidents/INC-00000001/explode",
      "/aiops/incidents/INC-00000001/approve/x", "//aiops/incidents", "/AIOPS/incidents", "/healthz/",
      "/aiops/incidents/%2e%2e/status",
    ])
  func unknownPath(path: String) async throws {
    try await withServer { http, _ in expectProblem(try await http.get(path), 404, "", instance: path) }
  }

  @Test("a wrong method says which are right")
  func methods() async throws {
    try await withServer { http, _ in
      for (method, path, allowed) in [
        ("POST", "/aiops/incidents", "GET, HEAD"), ("DELETE", "/aiops/incidents/INC-00000001", "GET, HEAD"),
        ("GET", "/aiops/alerts", "POST"), ("GET", "/aiops/incidents/INC-00000001/approve", "POST"),
        ("OPTIONS", "/aiops/status", "GET, HEAD"), ("PUT", "/metrics", "GET, HEAD"),
        ("POST", "/aiops/stream", "GET"), ("PATCH", "/healthz", "GET, HEAD"),
      ] {
        let answer = try await http.send(method, path)
        expectProblem(answer, 405, "only takes \(allowed)")
        #expect(answer.headers["allow"] == allowed)
      }
    }
  }

  @Test(
    "a query that is not understood is named",
    arguments: [
      ("/aiops/incidents?status=open", "status: must be one or more, with commas, of detected,"),
      ("/aiops/incidents?status=resolved,,", "status: must be"),
      ("/aiops/incidents?severity=CRITICAL", "severity: must be one or more, with commas, of critical,"),
      ("/aiops/incidents?page_size=0", "page_size: must be a whole number from 1 to 500"),
      ("/aiops/incidents?page_size=501", "page_size: must be"),
      ("/aiops/incidents?page_size=ten", "page_size: must be"),
      ("/aiops/incidents?page_token=xyz", "page_token: must be the next_page_token"),
      ("/aiops/incidents?page_token=1~INC-1", "page_token: must be"),
      ("/aiops/incidents?limit=3", "limit: is not a parameter here; known are status"),
      ("/aiops/incidents?status=resolved&status=detected", "status: must come only once"),
      ("/aiops/incidents?status=%zz", "status: is not properly percent-encoded"),
      ("/aiops/incidents?status=%ff", "status: is not properly percent-encoded"),
      ("/aiops/status?x", "x: is not a parameter here; this path takes none"),
      ("/aiops/stream?last_event_id=abc", "last_event_id: must be the id of an event"),
      ("/aiops/stream?last_event_id=-1", "last_event_id: must be"),
    ])
  func query(path: String, detail: String) async throws {
    try await withServer { http, _ in expectProblem(try await http.get(path), 400, detail) }
  }

  @Test(
    "a command's body is checked",
    arguments: [
      (#"[]"#, "must be a JSON object"), (#"{"by":1}"#, "by: must be text, not a number"),
      (#"{"by":""}"#, "by: must not be empty"), (#"{"by":"a\u0000b"}"#, "by: must not contain the control"),
      (#"{"by":"a\nb"}"#, "by: must not contain the control character U+000A"),
      (#"{"by":"\u202Eada"}"#, "by: must not contain"),
      (#"{"by":"\#(String(repeating: "x", count: 101))"}"#, "by: must not be longer than 100 bytes"),
      (#"{"note":"\#(String(repeating: "x", count: 2049))"}"#, "note: must not be longer than 2048"),
      (#"{"why":"x"}"#, "why: is not known here; known are by, note"),
      (#"{"by":"a","by":"b"}"#, "a field comes twice"), (#"{"by":"a"}}"#, "unexpected text"),
      (#"{"by":"a",}"#, "at line 1, column 11"), ("{\n \"by\": }", "at line 2, column 8"),
      (#"{"by":"\ud83d"}"#, "surrogate"), (#"{"by":01}"#, "comma"), (#"{"by":tru}"#, "no JSON value"),
      (String(repeating: "[", count: 100_000), "nested more than"), (" ", "the text ends"),
    ])
  func commandBody(body: String, detail: String) async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withServer(coordinator) { http, _ in
      expectProblem(try await http.post("/aiops/incidents/INC-00000001/approve", body), 400, detail)
      #expect(await coordinator.commands.isEmpty)
    }
  }

  @Test("the coordinator's own refusals become problems")
  func coordinatorErrors() async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withServer(coordinator) { http, _ in
      await coordinator.fail(.conflict(reason: "it has ended"))
      expectProblem(try await http.post("/aiops/incidents/INC-00000001/resolve", "{}"), 409, "it has ended")
      await coordinator.fail(.unavailable(reason: "the disk is full"))
      let answer = try await http.post("/aiops/alerts", AlertTests.valid())
      expectProblem(answer, 503, "the disk is full")
      #expect(answer.headers["retry-after"] == "5")
      expectProblem(try await http.get("/aiops/incidents"), 503, "the disk is full")
    }
  }

  @Test("a body must be JSON, say so, and not be too large")
  func bodies() async throws {
    var limits = HTTPLimits()
    limits.bodyTime = .milliseconds(200)
    try await withServer(FakeCoordinator([.sample(1)]), limits: limits) { http, _ in
      let body = Array(AlertTests.valid().utf8)
      for type in [
        nil, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1",
      ] {
        let answer = try await http.send("POST", "/aiops/alerts", body: body, type: type)
        expectProblem(answer, 415, "Content-Type: application/json")
      }
      for type in ["application/json", "Application/JSON; charset=UTF-8"] {
        #expect(try await http.send("POST", "/aiops/alerts", body: body, type: type).status == 200)
      }
      let large = [UInt8](repeating: 0x20, count: 1 << 20) + body
      expectProblem(try await http.send("POST", "/aiops/alerts", body: large), 413, "1048576")
      let chunked =
        Array("\(String(large.count, radix: 16))\r\n".utf8) + large + Array("\r\n0\r\n\r\n".utf8)
      let head = RawHTTP.request(
        "POST", "/aiops/alerts", port: http.port,
        headers: ["Transfer-Encoding: chunked", "Content-Type: application/json"])
      expectProblem(try await http.send(head + chunked), 413, "1048576")

      let unfinished = RawHTTP.request(
        "POST", "/aiops/alerts", port: http.port,
        headers: ["Content-Length: 100", "Content-Type: application/json"])
      expectProblem(try await http.send(unfinished + [0x7B]), 408, "did not arrive in time")
    }
  }

  @Test("the server reads on after a refused body, and answers the next request of the connection")
  func connectionGoesOn() async throws {
    try await withServer { http, _ in
      let connection = try RawConnection(port: http.port)
      let large = [UInt8](repeating: 0x20, count: 2 << 20)
      await connection.send(RawHTTP.request("POST", "/aiops/alerts", port: http.port, body: large))
      expectProblem(try await connection.response(), 413, "")
      await connection.send(RawHTTP.request("GET", "/healthz", port: http.port))
      #expect(try await connection.response().status == 200)
    }
  }

  @Test("what is not HTTP gets a problem, and the connection is closed")
  func notHTTP() async throws {
    try await withServer { http, _ in
      let cases: [[UInt8]] = [
        Array("hello\r\n\r\n".utf8), Array("GET / HTTP/9.9\r\n\r\n".utf8), [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC],
        RawHTTP.request(
          "GET", "/healthz", port: http.port, headers: ["X: " + String(repeating: "x", count: 20_000)]),
        RawHTTP.request(
          "GET", "/healthz", port: http.port, headers: (0..<200).map { "X-\($0): y" }),
      ]
      for bytes in cases {
        let connection = try RawConnection(port: http.port)
        await connection.send(bytes)
        expectProblem(try await connection.response(), 400, "can't be read")
        #expect(await connection.receive() == [])
      }
      #expect(try await http.get("/healthz").status == 200)
    }
  }

  @Test("only this machine's names are hosts, against DNS rebinding")
  func hosts() async throws {
    try await withServer { http, _ in
      for host in [
        "localhost", "LOCALHOST:80", "127.0.0.1", "127.9.9.9:1", "[::1]:\(http.port)", "localhost.",
      ] {
        #expect(try await http.send("GET", "/healthz", headers: ["Host: \(host)"]).status == 200, "\(host)")
      }
      for host in [
        "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.256",
        "[::2]",
        "localhost:80:80", "0.0.0.0", "127.1", "user@localhost",
      ] {
        let answer = try await http.send("GET", "/healthz", headers: ["Host: \(host)"])
        expectProblem(answer, 403, "Host")
      }
      let none = try await http.send(Array("GET /healthz HTTP/1.1\r\n\r\n".utf8))
      expectProblem(none, 400, "Host")
      let two = try await http.send("GET", "/healthz", headers: ["Host: localhost", "Host: evil.example"])
      expectProblem(two, 400, "Host")
    }
  }

  @Test("a web page of elsewhere may change nothing")
  func origins() async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withServer(coordinator) { http, _ in
      let path = "/aiops/incidents/INC-00000001/resolve"
      for header in [
        "Origin: https://evil.example", "Origin: null", "Origin: http://localhost:1",
        "Origin: https://127.0.0.1:\(http.port)", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
      ] {
        expectProblem(try await http.send("POST", path, headers: [header]), 403, "web page")
      }
      #expect(await coordinator.commands.isEmpty)
      for header in ["Origin: http://127.0.0.1:\(http.port)", "Sec-Fetch-Site: same-origin"] {
        #expect(try await http.send("POST", path, headers: [header]).status == 200)
      }
    }
  }
}
