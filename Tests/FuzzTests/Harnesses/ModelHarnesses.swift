import FoundationEssentials
import Settings

@testable import IncidentModel

extension Harness {
  /// Values of the model that come as text.
  static let model: [Harness] = [
    Harness(
      text: "timestamp", maxBytes: 48, tokens: ["Z", "T", "+01:00", "-23:59", ":60", ".999999"],
      seeds: ["2026-11-23T08:53:00Z", "0001-01-01T00:00:00.000Z", "9999-12-31t23:59:60.9996-23:59"]
    ) { text in
      guard let moment = Timestamp(rfc3339: text) else { return false }
      let written = moment.rfc3339
      try demand(written.utf8.count == 24 && Timestamp(rfc3339: written) == moment, "\(text) is \(written)")
      return true
    },
    Harness("times", maxBytes: 64, seeds: { [Array(repeating: 0xFF, count: 32)] }, run: times),
    Harness(
      text: "incident-id", maxBytes: 32, tokens: ["INC-"], seeds: ["INC-1A2B3C4D"]
    ) { text in
      guard let id = IncidentID(text) else { return false }
      try demand(id.text == text, "\(text) is \(id.text)")
      return true
    },
    Harness(
      "incident-json", seeds: { [Array(try JSONCoding.encoder().encode(Samples.incident))] },
      run: { bytes in
        guard JSONGuard.objection(to: bytes) == nil,
          let incident = try? JSONCoding.decoder().decode(Incident.self, from: Data(bytes))
        else {
          return false
        }
        let again = try JSONCoding.decoder().decode(
          Incident.self, from: try JSONCoding.encoder().encode(incident))
        try demand(again == incident, "the incident is another one when it is read back")
        return true
      }),
    Harness(
      "runbook-parameters", maxBytes: 2048, tokens: ["${application}", "-rf", "/../", "checkout"],
      seeds: { runbooks.indices.map(seed) },
      run: render),
    Harness(
      text: "combining-marks", maxBytes: 16 << 10,
      tokens: ["\u{301}", "\u{F73}", "\\u0301", "\\ud804\\udd00"],
      seeds: ["e\u{301}", String(repeating: "e\u{301}\u{327}\u{20D0}", count: 90)]
    ) { text in
      let bounded = CombiningMarks.bounded(text)
      try demand(!CombiningMarks.areTooMany(in: bounded), "still too many")
      try demand(CombiningMarks.bounded(bounded) == bounded, "bounded twice is something else")
      let bytes = Array(text.utf8)
      try demand(
        CombiningMarks.areTooMany(in: bytes) == CombiningMarks.areTooMany(in: text), "bytes and text differ")
      return !CombiningMarks.areTooMany(in: bytes, escapes: true)
    },
    Harness(text: "plain-text", tokens: ["\u{202E}", "\u{9B}31m"], seeds: ["checkout", "a\nb"]) { text in
      let isPlain = !PlainText.hasControlCharacters(text)
      try demand(!isPlain || !text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a control character is plain")
      _ = RunbookStep.reference(in: text)
      return isPlain
    },
  ]

  // Sums and differences of any times end at the bounds, and every time can be written.
  private static func times(_ bytes: [UInt8]) throws -> Bool {
    var feed = ByteFeed(bytes)
    let (a, b) = (
      Timestamp(milliseconds: Int64(bitPattern: feed.bits())),
      Timestamp(milliseconds: Int64(bitPattern: feed.bits()))
    )
    for moment in [a + (b - a), a - (b - a), a - (a - b), Timestamp(seconds: feed.number())] {
      try demand(moment.rfc3339.utf8.count == 24, "\(moment.milliseconds)")
      try demand(Timestamp(rfc3339: moment.rfc3339) != nil, "\(moment.rfc3339) can't be read")
      _ = (moment - a).milliseconds
    }
    return true
  }

  private static let runbooks =
    RunbookCatalogue.builtIn + [
      Runbook(
        name: "all", title: "All", family: .disk,
        parameters: [
          "text": ParameterSpec(kind: .text(maxLength: 4096)),
          "number": ParameterSpec(kind: .number(-1e15...1e15)),
        ],
        steps: ActionKind.allCases.filter { $0 != .setMaxMemory }.map { kind in
          RunbookStep(
            name: kind.rawValue, action: kind,
            arguments: Dictionary(
              kind.arguments.map { spec in
                switch spec.kind {
                case .text: (spec.name, .parameter("text"))
                case .number, .integer: (spec.name, .parameter("number"))
                case .texts: (spec.name, .list(["-v", "${text}", "${number}"]))
                }
              }, uniquingKeysWith: { a, _ in a }))
        })
    ]

  // What `render` reads: valid values for every parameter of a runbook.
  private static func seed(_ index: Int) -> [UInt8] {
    let values = runbooks[index].parameters.sorted { $0.key < $1.key }.flatMap { name, spec -> [UInt8] in
      switch spec.kind {
      case .text: [0, 1] + ByteFeed.text(name == "folder" || name == "text" ? "/var/log" : "checkout")
      case .number: [0, 0, 2]
      }
    }
    return [UInt8(index)] + values + [0] + ByteFeed.text("shop-db")
  }

  private static func render(_ bytes: [UInt8]) throws -> Bool {
    var feed = ByteFeed(bytes)
    let runbook = runbooks[feed.int(runbooks.count)]
    var given: [String: ParameterValue] = [:]
    for name in runbook.parameters.keys.sorted() where feed.int(8) != 7 {
      given[name] = feed.bool() ? .text(feed.text()) : .number(feed.number())
    }
    if feed.int(16) == 15 { given[feed.text()] = .number(feed.number()) }
    guard let steps = try? runbook.render(given, target: feed.isEmpty ? "shop-db" : feed.text()) else {
      return false
    }
    for step in steps {
      try demand(!PlainText.hasControlCharacters(step.target), "a target with control characters")
      switch step.action {
      case .terminateBackends(let filter), .cancelQueries(let filter):
        try demand((1...1000).contains(filter.limit), "limit \(filter.limit)")
        try demand(
          (0...ActionKind.longestAge).contains(filter.olderThanSeconds), "age \(filter.olderThanSeconds)")
      case .deleteFiles(let filter):
        try demand(filter.folder.hasPrefix("/") && !filter.folder.contains("/../"), "folder \(filter.folder)")
      case .runCommand(let call):
        try demand(
          call.arguments.dropFirst().allSatisfy { !$0.hasPrefix("-") || Double($0) != nil }, "an option")
      default: break
      }
    }
    return true
  }
}
