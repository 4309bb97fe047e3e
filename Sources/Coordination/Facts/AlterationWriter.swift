import FoundationEssentials
import IncidentEngine

extension EngineEvent {
  /// The event as the journal's payload: its fact, and beside it what it changed.
  ///
  /// Whoever reads the fact leaves the change aside, older versions too.
  /// - Throws: what the encoder throws for numbers that JSON can't say.
  func payload(_ encoder: JSONEncoder) throws -> String {
    let text = try fact.json(encoder)
    guard let change else { return text }
    var json = JSONText()
    json.write(change)
    return text.dropLast() + String(decoding: json.bytes, as: UTF8.self)
  }
}

extension JSONText {
  /// Writes what goes between a fact and the end of its payload.
  fileprivate mutating func write(_ change: Alteration) {
    raw(#","change":{"after":"#)
    write(change.after)
    raw(#","before":"#)
    write(change.before)
    if let why = change.why {
      raw(#","why":"#)
      text(why)
    }
    raw("}}")
  }

  private mutating func write(_ texts: [String: String]) {
    raw("{")
    var isFirst = true
    for (name, value) in texts.sorted(by: { $0.key < $1.key }) {
      if !isFirst { raw(",") }
      isFirst = false
      text(name)
      raw(":")
      text(value)
    }
    raw("}")
  }
}
