import FoundationEssentials
import Glibc
import HTTPTypes
import Hummingbird
import IncidentModel
import MessageBus
import NIOCore

@testable import Coordination

extension Harness {
  /// What comes over HTTP.
  static let requests: [Harness] = [
    Harness(
      "json", tokens: [#"{"a":"#, #""\ud800\udc00""#, #"\u0000"#, "1e999", "[[", "]]"],
      seeds: {
        [#"{"a":[1,-2.5e-3,true,false,null,"é\n\u00e9\ud83d\ude00"],"":{}}"#, "[]", "0"].map {
          Array($0.utf8)
        }
      },
      run: json),
    Harness(
      "alerts", maxBytes: 64 << 10, tokens: ["alert_id", "tags", "NaN"], seeds: { alertSeeds }, run: alerts),
    Harness(
      "command", maxBytes: 8 << 10, tokens: ["by", "note", "for"],
      seeds: {
        [#"{"by":"ann","note":"looking\ninto it"}"#, #"{"for":"30m"}"#, #"{"for":90.5,"by":"b"}"#, ""].map {
          Array($0.utf8)
        }
      }, run: command),
    Harness(
      text: "query", tokens: ["status=", "&", "%2C", "page_token=", "severity", "~INC-1A2B3C4D"],
      seeds: [
        "status=detected,resolved&severity=high&page_size=500&page_token=1795000000123~INC-1A2B3C4D",
        "page%5fsize=1&status=false_positive&x", "last_event_id=18446744073709551615",
      ]
    ) { text in
      let query: IncidentQuery
      do throws(Problem) {
        query = try IncidentQuery(QueryParameters(text, allowed: IncidentQuery.parameters))
      } catch {
        try bounded(error, by: text.utf8.count)
        return false
      }
      try demand((1...IncidentQuery.maxPageSize).contains(query.pageSize), "\(query.pageSize) a page")
      _ = query.page(of: [Samples.incident])
      return true
    },
    Harness(
      text: "page-token", maxBytes: 64, seeds: ["1795000000123~INC-1A2B3C4D", "-1~INC-FFFFFFFF"]
    ) { text in
      guard let cursor = PageCursor(token: text) else { return false }
      try demand(cursor.token == text, "\(text) is \(cursor.token)")
      return true
    },
    Harness(
      text: "route", maxBytes: 512, tokens: ["/aiops", "/incidents", "/acknowledge"],
      seeds: [
        "/aiops/incidents/INC-1A2B3C4D/false-positive", "/aiops/incidents/x", "/metrics", "/aiops/stream",
      ]
    ) { text in
      guard let route = Route(path: text) else { return false }
      try demand(!route.methods.isEmpty, "a route without a method")
      return true
    },
    Harness(
      text: "host-header", maxBytes: 256, tokens: ["localhost", "127.", "[::1]", ":"],
      seeds: ["localhost:8080", "127.0.0.1", "[::1]:80", "127.255.0.9.:1", "LOCALHOST."], run: authority),
    Harness(
      text: "request-headers", maxBytes: 1024, tokens: ["Origin: ", "Sec-Fetch-Site: ", "Host: ", "\n"],
      seeds: [
        "POST localhost:8080\nOrigin: http://localhost:8080\nSec-Fetch-Site: same-origin",
        "GET 127.0.0.1\nX: y",
      ],
      run: headers),
  ]

  private static let alertSeeds = [
    #"""
    {"alert_id": "a1", "metric_name": "queue_depth", "current_value": 200, "threshold": 100, "condition": "above",
      "timestamp": "2026-11-18T11:00:00Z", "resource": "orders", "description": "the queue\ngrows",
      "tags": {"unit": "count", "é": ""}}
    """#,
    #"""
    [{"alert_id":"a","metric_name":"m","current_value":-1e3,"threshold":0,"condition":"below",
      "timestamp":"2026-11-18T11:00:00+01:00","resource":"r","description":"","tags":null}]
    """#,
  ].map { Array($0.utf8) }

  private static func json(_ bytes: [UInt8]) throws -> Bool {
    func depth(_ value: JSONValue) -> Int {
      switch value {
      case .array(let elements): 1 + (elements.map(depth).max() ?? 0)
      case .object(let fields): 1 + (fields.values.map(depth).max() ?? 0)
      default: 0
      }
    }
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONValue(parsing: bytes) } catch {
      try demand(error.line >= 1 && (1...bytes.count + 1).contains(error.column), "\(error)")
      return false
    }
    try demand(depth(value) <= 34, "nested \(depth(value)) deep")
    return true
  }

  // An alert that is taken can go on: as a signal over the bus, to whoever works on its incident.
  private static func alerts(_ bytes: [UInt8]) throws -> Bool {
    let alerts: [AIopsAlert]
    do throws(Problem) { alerts = try AlertInput.parse(bytes, now: Samples.moment) } catch {
      try bounded(error, by: bytes.count)
      return false
    }
    try demand((1...AlertInput.maxAlerts).contains(alerts.count), "\(alerts.count) alerts")
    for (index, alert) in alerts.enumerated() {
      try demand(alert.currentValue.isFinite && alert.threshold.isFinite, "a number that is none")
      try demand(alert.timestamp <= Samples.moment + AlertInput.maxFuture, "in the future")
      let signal = alert.signal(id: "p-\(index)")
      let message = AgentMessage.signals(batch: 1, [signal])
      try demand(try WireCodec.decodeAgentMessage(try WireCodec.encode(message)) == message, "another signal")
    }
    return true
  }

  private static func command(_ bytes: [UInt8]) throws -> Bool {
    var accepted = false
    for name in PersonVerb.Name.allCases {
      let input: CommandInput
      do throws(Problem) { input = try CommandInput.parse(bytes, name) } catch {
        try bounded(error, by: bytes.count)
        continue
      }
      accepted = true
      let named = input.by?.utf8.count ?? 0
      try demand(named <= CommandInput.maxNameLength, "a name of \(named) bytes")
      if case .snooze(let duration) = input.verb {
        try demand(PersonVerb.snoozes.contains(duration), "snoozed for \(duration)")
      }
    }
    return accepted
  }

  // What is taken for this machine's own is an address of its loopback interface.
  private static func authority(_ text: String) throws -> Bool {
    guard let host = LoopbackPolicy.host(ofAuthority: text), LoopbackPolicy.isLoopback(host: host) else {
      return false
    }
    var name = host.lowercased()
    if name.hasSuffix(".") { name.removeLast() }
    if name == "localhost" || name == "[::1]" || name == "::1" { return true }
    var address = in_addr()
    try demand(name.utf8.allSatisfy { $0 < 0x80 }, "\(name) is not ASCII")
    // Numbers with leading zeros are octal to some: all of them stay below 127.0.0.0/8 all the same.
    let plain = name.split(separator: ".").map { String(Int($0) ?? -1) }.joined(separator: ".")
    try demand(inet_pton(AF_INET, plain, &address) == 1, "\(name) is no address")
    try demand(UInt32(bigEndian: address.s_addr) >> 24 == 127, "\(name) is not of this machine")
    return true
  }

  private static func headers(_ text: String) throws -> Bool {
    let lines = text.split(separator: "\n")
    let words = (lines.first ?? "").split(separator: " ", maxSplits: 1)
    var head = HTTPRequest(
      method: words.first == "GET" ? .get : .post, scheme: "http",
      authority: words.count > 1 ? String(words[1]) : nil, path: "/")
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else { continue }
      head.headerFields.append(HTTPField(name: name, value: parts[1].drop { $0 == " " }.description))
    }
    let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    do throws(Problem) {
      try SitePolicy.checkHost(request, mustBeLoopback: true)
      try SitePolicy.checkSite(request, schemes: ["http"], mustBeSaid: false)
    } catch {
      try bounded(error, by: text.utf8.count)
      return false
    }
    let host = head.authority.flatMap { LoopbackPolicy.host(ofAuthority: $0) }
    try demand(host.map { LoopbackPolicy.isLoopback(host: $0) } == true, "a foreign host")
    return true
  }

  // A refusal repeats little of what it refuses.
  private static func bounded(_ problem: Problem, by count: Int) throws {
    let answer = try APIResponder.encode(problem.view(instance: "/"))
    try demand(answer.count <= 16_384 + 6 * min(count, 8_192), "\(answer.count) bytes to refuse \(count)")
    try demand(problem.status.code >= 400, "a refusal that says \(problem.status.code)")
  }
}
