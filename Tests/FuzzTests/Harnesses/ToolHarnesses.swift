import FoundationEssentials
import IncidentModel

@testable import OperatorTool

extension Harness {
  /// What aiopsctl is answered.
  static let tool: [Harness] = [
    Harness(
      "event-stream", tokens: ["data: ", "event: ", "id: ", "retry: ", "\n\n", ":\n", "\r"],
      seeds: {
        [
          "retry: 2000\nid: 7\n\nid: 8\nevent: incident\ndata: {}\ndata:\n\n: keep-alive\n\n",
          "data:x\r\n\r\ndata\r\r",
        ].map { Array($0.utf8) }
      }, run: events),
    Harness(
      "tool-json", maxBytes: 32 << 10,
      tokens: [
        #""incidents":["#, #""timeline":["#, #""epoch":"#, "1e300", #""uptime_seconds":"#, "[[[[", "null",
      ],
      seeds: {
        [
          Array(try JSONCoding.encoder().encode(Samples.incident)), Array(status.utf8), Array(list.utf8),
          utf16,
        ]
      },
      run: pages),
    Harness(text: "terminal", seeds: ["\u{1B}[31mred\u{202E}", "plain"]) { text in
      let shown = Terminal.visible(text)
      try demand(!PlainText.hasControlCharacters(shown), "a control character reaches the terminal")
      let lines = Table.lines(["A", "B"], [[shown, shown], [shown]])
      try demand(lines.count == 3, "\(lines.count) lines")
      return shown == text
    },
    Harness(text: "incident-argument", maxBytes: 64, seeds: ["inc-1a2b3c4d", "1A2B3C4D"]) { text in
      IncidentArgument(argument: text) != nil
    },
  ]

  private static let status = #"""
    {"version":"0.4","uptime_seconds":90061.5,"ready":true,"role":"standby","epoch":3,
     "leader":{"instance":"c/1","http":"127.0.0.1:8080"},"store":{"kind":"sqlite"},
     "incidents":{"by_status":{"detected":1},"open_by_severity":{"high":1}},"queues":{"signals":0},
     "agents":{"detector":1},"deadlines":[{"incident":"INC-1A2B3C4D","kind":"tell ann","at":"2026-11-23T08:53:00Z"}]}
    """#
  private static let list = #"""
    {"incidents":[{"id":"INC-1A2B3C4D","severity":"high","status":"resolved","auto_resolved":true,"count":3,
      "affected_systems":["db"],"name":"n","root_cause":"c"}],"next_page_token":"1~INC-1A2B3C4D",
     "agents":[{"kind":"detector","name":"d","load":0.5,"incidents":["INC-1A2B3C4D"]}]}
    """#
  // JSON may be UTF-16; its bytes are other characters to who reads them as UTF-8.
  private static let utf16: [UInt8] = Array(#"["∀","嵝嵝嵝"]"#.utf16).flatMap {
    [UInt8($0 & 255), UInt8($0 >> 8)]
  }

  // Bytes that come one by one are the same events.
  private static func events(_ bytes: [UInt8]) throws -> Bool {
    var (whole, pieces) = (EventParser(), EventParser())
    let together = whole.take(bytes)
    let single = bytes.flatMap { pieces.take([$0]) }
    try demand(together == single, "the pieces make other events than the whole")
    try demand(whole.lastEventID == pieces.lastEventID, "another place to go on from")
    let size = together.reduce(0) { $0 + $1.data.utf8.count + $1.name.utf8.count }
    try demand(size <= 3 * bytes.count + 7 * together.count, "\(size) bytes of events from \(bytes.count)")
    try demand((whole.lastEventID?.utf8.count ?? 0) <= 64 * 3, "a long id")
    return !together.isEmpty
  }

  private static func pages(_ bytes: [UInt8]) throws -> Bool {
    guard let value = JSONValue(bytes) else { return false }
    var lines = IncidentPage.lines(value) + StatusPage.lines(value) + AgentList.lines(value)
    lines += IncidentList.lines(value, nothing: "") + [IncidentList.changeLine(value), value.shown]
    for line in lines + [JSONText.safe(bytes)] {
      try demand(!PlainText.hasControlCharacters(line), "a control character reaches the terminal")
    }
    let pretty = JSONText.pretty(bytes)
    try demand(
      !PlainText.hasControlCharacters(pretty, allowing: true), "a control character reaches the terminal")
    try demand(pretty.utf8.count <= 64 * bytes.count + 64, "\(pretty.utf8.count) bytes of \(bytes.count)")
    return true
  }
}
