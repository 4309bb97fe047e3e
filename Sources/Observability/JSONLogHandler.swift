package import Logging

/// Writes one JSON object a line: `time`, `level`, `agent`, `incident_id` where there is one, `message`, `fields`.
///
/// Any text is safe: control characters are escaped and a line has at most ``maxLineBytes``. The
/// metadata key `incident_id` becomes a field of its own, everything else goes to `fields`.
package struct JSONLogHandler: LogHandler {
  /// Bytes of a line at the most, its newline included.
  package static let maxLineBytes = 64 << 10
  /// The metadata key that names an incident.
  package static let incidentKey = "incident_id"
  private static let maxDepth = 6

  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private let agent: String
  private let output: LogOutput
  private let now: @Sendable () -> Int64

  /// A handler.
  ///
  /// - Parameters:
  ///   - agent: the process's name, the `agent` of every line.
  ///   - level: milder messages are not written.
  ///   - output: where lines go.
  ///   - now: milliseconds since 1970; a test may give its own.
  package init(
    agent: String, level: Logger.Level, output: LogOutput = .standardError,
    now: @escaping @Sendable () -> Int64 = { WallClock.now() }
  ) {
    self.agent = agent
    logLevel = level
    self.output = output
    self.now = now
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var fields = metadata
    if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
    if let own = event.metadata { fields.merge(own) { _, new in new } }
    var line = JSONLine(limit: Self.maxLineBytes - 1024)
    line.open("{")
    line.key("time")
    line.text(WallClock.rfc3339(now()), limit: 64)
    line.key("level")
    line.text(event.level.rawValue, limit: 64)
    line.key("agent")
    line.text(agent, limit: 256)
    if let incident = fields.removeValue(forKey: Self.incidentKey) {
      line.key("incident_id")
      line.text("\(incident)", limit: 256)
    }
    line.key("message")
    line.text(event.message.description, limit: 32 << 10)
    line.key("fields")
    line.open("{")
    if let error = event.error {
      line.key("error")
      line.text("\(error)", limit: 8 << 10)
    }
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) where line.hasRoom() {
      line.key(key)
      write(value, to: &line, depth: 0)
    }
    line.close("}")
    if line.isTruncated { line.markTruncated() }
    line.close("}")
    output.write(line.bytes + [UInt8(ascii: "\n")])
  }

  private func write(_ value: Logger.MetadataValue, to line: inout JSONLine, depth: Int) {
    switch value {
    case .string(let text): line.text(text, limit: 8 << 10)
    case .stringConvertible(let value): line.text(value.description, limit: 8 << 10)
    case .array(let values) where depth < Self.maxDepth:
      line.open("[")
      for value in values where line.hasRoom() { write(value, to: &line, depth: depth + 1) }
      line.close("]")
    case .dictionary(let entries) where depth < Self.maxDepth:
      line.open("{")
      for (key, value) in entries.sorted(by: { $0.key < $1.key }) where line.hasRoom() {
        line.key(key)
        write(value, to: &line, depth: depth + 1)
      }
      line.close("}")
    default: line.text("…", limit: 64)
    }
  }
}
