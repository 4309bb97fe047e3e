import Coordination
import FoundationEssentials
import IncidentModel
import Testing

@Suite("POST /aiops/alerts") struct AlertTests {
  /// A right alert, with one field put otherwise or, for `nil`, left out.
  static func valid(_ field: String = "", _ value: String?? = .none) -> String {
    var fields = [
      "alert_id": #""a-1""#, "metric_name": #""cpu_usage""#, "current_value": "97.5", "threshold": "80",
      "condition": #""above""#, "timestamp": #""2026-11-22T08:53:00Z""#, "resource": #""web-1""#,
      "description": #""CPU is\nhigh""#, "tags": #"{"env":"prod"}"#,
    ]
    if let value { fields[field] = value }
    let body = fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
    return "{" + body.joined(separator: ",") + "}"
  }

  @Test("one alert or an array of them is handed over as it is, ids repeated or not")
  func accepted() async throws {
    let coordinator = FakeCoordinator()
    try await withServer(coordinator) { http, _ in
      let one = try await http.post("/aiops/alerts", Self.valid())
      #expect(one.status == 200)
      let receipt = try #require((one["alerts"] as? [[String: Any]])?.first)
      #expect(receipt["alert_id"] as? String == "a-1")
      #expect(receipt["incident_id"] as? String == "INC-00000001")
      #expect(receipt["outcome"] as? String == "opened")
      #expect(receipt["fingerprint"] as? String == #"alert/cpu_usage{env="prod",target="web-1"}"#)
      let expected = AIopsAlert(
        alertID: "a-1", metricName: "cpu_usage", currentValue: 97.5, threshold: 80, condition: .above,
        timestamp: try #require(Timestamp(rfc3339: "2026-11-22T08:53:00Z")), resource: "web-1",
        description: "CPU is\nhigh", tags: ["env": "prod"])
      #expect(await coordinator.alerts == [expected])

      let many = try await http.post("/aiops/alerts", "[\(Self.valid()), \(Self.valid("tags", .some(nil)))]")
      #expect(many.status == 200)
      let receipts = try #require(many["alerts"] as? [[String: Any]])
      #expect(receipts.count == 2)
      #expect(receipts[1]["incident_id"] is JSON.Null)
      #expect(await coordinator.alerts.count == 3)
      #expect(await coordinator.alerts.last?.tags == [:])
    }
  }

  @Test(
    "other right values",
    arguments: [
      ("timestamp", #""2026-11-22T09:53:00.123456+01:00""#), ("timestamp", #""2024-01-15T10:00:00Z""#),
      ("current_value", "-1.5e-3"), ("threshold", "0"), ("condition", #""equals""#),
      ("condition", #""below""#),
      ("description", #""""#), ("tags", "null"), ("tags", "{}"), ("unheard_of", "[1,2,{}]"),
    ])
  func otherwise(field: String, value: String) async throws {
    try await withServer { http, _ in
      let answer = try await http.post("/aiops/alerts", Self.valid(field, value))
      #expect(answer.status == 200, "\(answer.text)")
    }
  }

  @Test(
    "a wrong field is named with its place, and none of the alerts is taken",
    arguments: [
      ("current_value", nil, "current_value: is missing"),
      ("current_value", #""NaN""#, "current_value: must be a finite number, not text"),
      ("current_value", "1e999", "current_value: must be a finite number"),
      ("current_value", "true", "current_value: must be a finite number, not a boolean"),
      ("threshold", "null", "threshold: must be a finite number, not null"),
      ("alert_id", nil, "alert_id: is missing"), ("alert_id", "7", "alert_id: must be text, not a number"),
      ("metric_name", #""""#, "metric_name: must not be empty"),
      ("metric_name", #"" ""#, "metric_name: must not be empty"),
      ("metric_name", #""a\u0007b""#, "metric_name: must not contain the control character U+0007"),
      ("resource", #""a\nb""#, "resource: must not contain the control character U+000A"),
      ("resource", "[]", "resource: must be text, not an array"),
      (
        "resource", "\"\(String(repeating: "r", count: 257))\"", "resource: must not be longer than 256 bytes"
      ),
      ("description", nil, "description: is missing"),
      ("description", "\"\(String(repeating: "d", count: 4097))\"", "must not be longer than 4096 bytes"),
      ("condition", #""over""#, "condition: must be one of above, below, equals"),
      ("condition", #""Above""#, "condition: must be one of"),
      ("timestamp", #""yesterday""#, "timestamp: must be an RFC 3339 time"),
      ("timestamp", #""2026-11-22T08:53:00""#, "timestamp: must be an RFC 3339 time with its zone"),
      ("timestamp", "1795337580", "timestamp: must be text, not a number"),
      ("timestamp", #""2099-01-01T00:00:00Z""#, "timestamp: must not be more than 5 minutes in the future"),
      ("timestamp", #""1970-01-01T00:00:00Z""#, "timestamp: must not be before 2000"),
      ("tags", #"{"a":1}"#, "tags.a: must be text, not a number"),
      ("tags", #"[]"#, "tags: must be an object of texts, not an array"),
      ("tags", #"{"":"x"}"#, "tags (a tag's name): must not be empty"),
      (
        "tags", "{" + (0..<33).map { "\"t\($0)\":\"x\"" }.joined(separator: ",") + "}",
        "tags: must not be more than 32"
      ),
    ] as [(String, String?, String)])
  func refused(field: String, value: String?, detail: String) async throws {
    let coordinator = FakeCoordinator()
    try await withServer(coordinator) { http, _ in
      let wrong = Self.valid(field, .some(value))
      let single = try await http.post("/aiops/alerts", wrong)
      #expect(single.status == 400)
      #expect((single["detail"] as? String)?.contains(detail) == true, "\(single.text)")
      let body = "[\(Self.valid()),\(Self.valid()),\(Self.valid()),\(wrong)]"
      let answer = try await http.post("/aiops/alerts", body)
      #expect(answer.status == 400)
      #expect((answer["detail"] as? String)?.hasPrefix("alerts[3].\(field)") == true, "\(answer.text)")
      #expect(await coordinator.alerts.isEmpty)
    }
  }

  @Test(
    "a body that is no alert at all is refused",
    arguments: [
      ("", "the text ends"), ("null", "not null"), ("[]", "must not be empty"),
      ("[[]]", "alerts[0]: must be an object"),
      ("NaN", "NaN"), (#"{"current_value":NaN}"#, "NaN"), ("{", "at line 1, column 2"),
      ("[" + Array(repeating: "1", count: 1001).joined(separator: ",") + "]", "must not be more than 1000"),
    ])
  func notAlerts(body: String, detail: String) async throws {
    try await withServer { http, _ in
      let answer = try await http.post("/aiops/alerts", body)
      #expect(answer.status == 400)
      #expect((answer["detail"] as? String)?.contains(detail) == true, "\(answer.text)")
    }
  }

  @Test("everything that is wrong is listed, up to a bound")
  func allFailures() async throws {
    try await withServer { http, _ in
      let answer = try await http.post("/aiops/alerts", "[{},{},{}]")
      #expect((answer["detail"] as? String) == "alerts[0].alert_id: is missing (and 23 more)")
      let errors = try #require(answer["errors"] as? [[String: String]])
      #expect(errors.count == 20)
      #expect(errors[9] == ["field": "alerts[1].metric_name", "message": "is missing"])
    }
  }

  @Test("a thousand alerts of a large body are taken")
  func thousand() async throws {
    let coordinator = FakeCoordinator()
    try await withServer(coordinator) { http, _ in
      let alert = Self.valid("description", "\"\(String(repeating: "d", count: 800))\"")
      let body = "[" + Array(repeating: alert, count: 1000).joined(separator: ",") + "]"
      #expect(body.utf8.count <= 1 << 20)
      let answer = try await http.post("/aiops/alerts", body)
      #expect(answer.status == 200)
      #expect(await coordinator.alerts.count == 1000)
    }
  }

  @Test("no body makes the server fail", arguments: 0..<8)
  func fuzz(seed: UInt64) async throws {
    var random = SplitMix(state: seed)
    try await withServer(FakeCoordinator([.sample(1)])) { http, _ in
      let connection = try RawConnection(port: http.port)
      let paths = ["/aiops/alerts", "/aiops/incidents/INC-00000001/acknowledge"]
      let seeds = [Self.valid(), "[\(Self.valid()),\(Self.valid())]", #"{"by":"a\u00e9","note":"😀"}"#]
        .map { Array($0.utf8) }
      for _ in 0..<150 {
        var body = seeds.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...6, using: &random) where !body.isEmpty {
          let place = Int.random(in: 0..<body.count, using: &random)
          switch Int.random(in: 0..<5, using: &random) {
          case 0: body[place] = UInt8.random(in: 0...255, using: &random)
          case 1: body.remove(at: place)
          case 2: body.insert(contentsOf: Array(#""\u{}[]:,-e9"#.utf8).shuffled(using: &random), at: place)
          case 3: body.removeSubrange(place...)
          default: body.insert(contentsOf: body[..<place], at: place)
          }
        }
        let path = paths.randomElement(using: &random) ?? ""
        await connection.send(RawHTTP.request("POST", path, port: http.port, body: body))
        let answer = try await connection.response()
        #expect(answer.status == 200 || answer.status == 400, "\(body): \(answer.text)")
      }
    }
  }
}

/// Steele, Lea and Flood's SplitMix64 (2014): the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
