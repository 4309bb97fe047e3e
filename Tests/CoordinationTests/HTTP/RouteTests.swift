import Coordination
import FoundationEssentials
import IncidentModel
import Testing

@Suite("What the HTTP API answers") struct RouteTests {
  @Test("the list has the contract's fields, with null where nothing is known")
  func list() async throws {
    try await withServer(FakeCoordinator([.sample(1)])) { http, _ in
      let answer = try await http.get("/aiops/incidents")
      #expect(answer.status == 200)
      #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
      #expect(answer.headers["cache-control"] == "no-store")
      #expect(answer.headers["x-content-type-options"] == "nosniff")
      #expect(answer["next_page_token"] is JSON.Null)
      let incident = try #require((answer["incidents"] as? [[String: Any]])?.first)
      #expect(incident["id"] as? String == "INC-00000001")
      #expect(incident["name"] as? String == "Anomaly: database_connection_usage")
      #expect(incident["severity"] as? String == "high")
      #expect(incident["status"] as? String == "detected")
      #expect(incident["detected_at"] as? String == Timestamp.start.rfc3339)
      #expect(incident["auto_resolved"] as? Bool == false)
      #expect(incident["awaiting_approval"] as? Bool == false)
      #expect(incident["count"] as? Double == 0)
      #expect(incident["affected_systems"] as? [String] == ["shop-db"])
      for name in ["resolved_at", "root_cause", "escalated_to", "acknowledged_by"] {
        #expect(incident[name] is JSON.Null, "\(name)")
      }
    }
  }

  @Test("pages hand over every incident once, newest first, although more arrive meanwhile")
  func pages() async throws {
    let incidents = (1...25).map { Incident.sample($0, second: Int64($0 / 2)) }
    let coordinator = FakeCoordinator(incidents.shuffled())
    try await withServer(coordinator) { http, _ in
      var seen: [String] = []
      var token: String?
      repeat {
        let page = try await http.get(
          "/aiops/incidents?page_size=4" + (token.map { "&page_token=\($0)" } ?? ""))
        #expect(page.status == 200)
        let list = try #require(page["incidents"] as? [[String: Any]])
        #expect(list.count <= 4)
        seen += list.compactMap { $0["id"] as? String }
        token = page["next_page_token"] as? String
        await coordinator.add(.sample(100 + UInt32(seen.count), second: 1000))
      } while token != nil
      #expect(seen == (1...25).reversed().map { IncidentID(number: $0).text })
    }
  }

  @Test("status and severity choose, with commas for several")
  func filters() async throws {
    let coordinator = FakeCoordinator([
      .sample(1, status: .resolved), .sample(2, status: .escalated, severity: .critical),
      .sample(3, status: .falsePositive, severity: .low), .sample(4, severity: .low),
    ])
    try await withServer(coordinator) { http, _ in
      func ids(_ query: String) async throws -> Set<String> {
        let answer = try await http.get("/aiops/incidents?\(query)")
        return Set((answer["incidents"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String })
      }
      let resolved = try await ids("status=resolved")
      #expect(resolved == ["INC-00000001"])
      #expect(try await ids("status=false_positive%2Cescalated") == ["INC-00000002", "INC-00000003"])
      #expect(try await ids("severity=low&status=detected") == ["INC-00000004"])
      #expect(try await ids("status=&severity=").count == 4)
    }
  }

  @Test("an incident has the contract's fields and the whole story, and can be read as an Incident")
  func detail() async throws {
    let whole = Incident.whole(1)
    try await withServer(FakeCoordinator([whole, .sample(2)])) { http, _ in
      let answer = try await http.get("/aiops/incidents/INC-00000001")
      #expect(answer.status == 200)
      #expect(answer["logs"] as? [String] == (11...30).map { "line \($0)" })
      #expect(answer["root_cause"] as? String == "a leak")
      #expect(answer["auto_resolved"] as? Bool == true)
      var expected = whole
      expected.logs = Array(whole.logs.suffix(20))
      #expect(try JSONCoding.decoder().decode(Incident.self, from: Data(answer.body)) == expected)

      let bare = try await http.get("/aiops/incidents/INC-00000002")
      for name in [
        "root_cause", "resolved_at", "escalated_to", "diagnosis", "verification", "approved",
        "acknowledged", "escalation_reason", "snoozed_until",
      ] {
        #expect(bare[name] is JSON.Null, "\(name)")
      }
      for name in [
        "id", "name", "description", "severity", "status", "resolution_steps", "detected_at", "logs",
        "count", "metrics", "symptoms", "affected_systems", "dialogue", "steps", "timeline",
        "awaiting_approval",
      ] {
        #expect(bare[name] != nil && !(bare[name] is JSON.Null), "\(name)")
      }
    }
  }

  @Test("a value that is no number does not make an incident unreadable")
  func notANumber() async throws {
    var incident = Incident.sample(1)
    incident.metrics = [
      HealthMetric(
        name: "m", value: .nan, threshold: .infinity, unit: "", timestamp: .start, source: "host")
    ]
    try await withServer(FakeCoordinator([incident])) { http, _ in
      let answer = try await http.get("/aiops/incidents/INC-00000001")
      #expect(answer.status == 200)
    }
  }

  @Test(
    "a person's word reaches the coordinator with name and note",
    arguments: [
      (PersonVerb.Name.acknowledge, PersonVerb.acknowledge), (.approve, .approve), (.resolve, .resolve),
      (.falsePositive, .falsePositive),
    ])
  func commands(name: PersonVerb.Name, verb: PersonVerb) async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withServer(coordinator) { http, _ in
      let path = "/aiops/incidents/INC-00000001/\(name.rawValue)"
      let id = IncidentID(number: 1)
      let bodies = [
        nil, "{}", #"{"by":"ada","note":"line 1\nGr\u00fc\u00dfe \ud83d\ude00"}"#, #"{"note":null}"#,
      ]
      for body in bodies {
        let answer = try await http.send(
          "POST", path, body: body.map { Array($0.utf8) }, type: body == nil ? nil : "application/json")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer["id"] as? String == "INC-00000001")
      }
      #expect(
        await coordinator.commands == [
          .init(verb: verb, id: id, by: "operator", note: nil),
          .init(verb: verb, id: id, by: "operator", note: nil),
          .init(verb: verb, id: id, by: "ada", note: "line 1\nGrüße 😀"),
          .init(verb: verb, id: id, by: "operator", note: nil),
        ])
    }
  }

  @Test("a snooze says for how long, in a text or in seconds")
  func snooze() async throws {
    let coordinator = FakeCoordinator([.sample(1)])
    try await withServer(coordinator) { http, _ in
      let path = "/aiops/incidents/INC-00000001/snooze"
      for body in [#"{"for":"30m","by":"ada","note":"backup runs"}"#, #"{"for":90.5}"#] {
        let answer = try await http.send("POST", path, body: Array(body.utf8), type: "application/json")
        #expect(answer.status == 200, "\(answer.text)")
      }
      let id = IncidentID(number: 1)
      #expect(
        await coordinator.commands == [
          .init(verb: .snooze(.seconds(1800)), id: id, by: "ada", note: "backup runs"),
          .init(verb: .snooze(.milliseconds(90_500)), id: id, by: "operator", note: nil),
        ])
      for (body, detail) in [
        ("", "for: is missing; say how long, 1m to 7d"), ("{}", "for: is missing; say how long, 1m to 7d"),
        (#"{"for":59}"#, "for: must be 1m to 7d"), (#"{"for":"8d"}"#, "for: must be 1m to 7d"),
        (#"{"for":"soon"}"#, "for: must be a duration such as \"30m\", or seconds"),
        (#"{"for":null}"#, "for: must be a duration such as \"30m\", or seconds"),
        (#"{"for":[1]}"#, "for: must be a duration such as \"30m\", or seconds"),
      ] {
        let answer = try await http.send(
          "POST", path, body: body.isEmpty ? nil : Array(body.utf8),
          type: body.isEmpty ? nil : "application/json")
        #expect(answer.status == 400)
        #expect(answer["detail"] as? String == detail)
      }
      let stray = try await http.send(
        "POST", "/aiops/incidents/INC-00000001/resolve", body: Array(#"{"for":"30m"}"#.utf8),
        type: "application/json")
      #expect(stray.status == 400)
      #expect(await coordinator.commands.count == 2)
    }
  }

  @Test("status, agents, health, readiness and metrics")
  func others() async throws {
    let coordinator = FakeCoordinator([.sample(1), .sample(2, status: .resolved)])
    try await withServer(coordinator) { http, _ in
      let status = try await http.get("/aiops/status")
      #expect(status["version"] as? String == "9.9.9")
      #expect(status["uptime_seconds"] as? Double == 1.5)
      let counts = try #require(status["incidents"] as? [String: Any])
      #expect((counts["by_status"] as? [String: Double])?["false_positive"] == 0)
      #expect((counts["by_status"] as? [String: Double])?["resolved"] == 1)
      #expect((counts["open_by_severity"] as? [String: Double])?["high"] == 1)
      #expect((status["store"] as? [String: Any])?["last_error"] is JSON.Null)

      let agents = try await http.get("/aiops/agents")
      let agent = try #require((agents["agents"] as? [[String: Any]])?.first)
      #expect(agent["kind"] as? String == "diagnoser")
      #expect(agent["last_heartbeat"] as? String == Timestamp.start.rfc3339)

      #expect(try await http.get("/healthz").text == #"{"status":"ok"}"#)
      #expect(try await http.get("/readyz").text == #"{"status":"ready"}"#)
      await coordinator.set(.notReady(reason: "the journal is being read"))
      let notReady = try await http.get("/readyz")
      #expect(notReady.status == 503)
      #expect(notReady["detail"] as? String == "the journal is being read")
      #expect(try await http.get("/healthz").status == 200)

      let metrics = try await http.get("/metrics")
      #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      #expect(metrics.text.contains("aiops_up 1\n"))
      let head = try await http.send("HEAD", "/metrics")
      #expect(head.status == 200)
      #expect(head.headers["content-length"] == "\(metrics.body.count)")
    }
  }
}

extension FakeCoordinator {
  func add(_ incident: Incident) { known.append(incident) }
}
