import IncidentModel

/// What a value on the wire may be. A peer is not trusted to keep to it, so both ends check.
enum WireRules {
  /// Bytes of a name or an id.
  static let nameBytes = 1_024
  /// Bytes of text for people; a sender cuts longer text.
  static let proseBytes = 16_384
  /// Members of a list.
  static let items = 1_000
  /// What is counted: so many that a sum over all agents is still a whole number.
  static let counted: Int64 = 1 << 46
  /// Seconds and other amounts: so much that it is still a duration.
  static let amounts = 1e15
  /// Years 1 to 9999: what RFC 3339 can say.
  private static let times: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

  /// A name or id that must be there.
  static func name(_ text: String, _ field: String) throws(WireError) -> String {
    if text.isEmpty { throw .missing(field: field) }
    return try word(text, field)
  }

  /// A short text, possibly empty.
  static func word(_ text: String, _ field: String) throws(WireError) -> String {
    try bounded(text, field, nameBytes)
  }

  /// A text for people, possibly empty.
  static func prose(_ text: String, _ field: String) throws(WireError) -> String {
    try bounded(text, field, proseBytes)
  }

  private static func bounded(_ text: String, _ field: String, _ limit: Int) throws(WireError) -> String {
    let bytes = text.utf8.count
    if bytes > limit {
      throw .outOfRange(field: field, reason: "has \(bytes) bytes, where \(limit) are allowed")
    }
    if CombiningMarks.areTooMany(in: text) {
      throw .outOfRange(
        field: field, reason: "has more than \(CombiningMarks.most) combining marks in a row")
    }
    return text
  }

  /// Text for people, cut to what the wire takes: better a cut finding than none.
  static func cut(_ text: String) -> String {
    if text.utf8.count <= proseBytes { return text }
    // A character cut in half becomes U+FFFD, three bytes; so is the mark at the end.
    return String(decoding: text.utf8.prefix(proseBytes - 8), as: UTF8.self) + "…"
  }

  /// A number that is neither NaN nor infinite.
  static func finite(_ value: Double, _ field: String) throws(WireError) -> Double {
    if !value.isFinite { throw .outOfRange(field: field, reason: "is \(value), not a finite number") }
    return value
  }

  /// A finite number that is not negative, nor more than `most`.
  static func amount(
    _ value: Double, _ field: String, most: Double = amounts
  ) throws(WireError) -> Double {
    if try finite(value, field) < 0 { throw .outOfRange(field: field, reason: "is negative") }
    if value > most { throw .outOfRange(field: field, reason: "is more than \(most)") }
    return value
  }

  /// A number from 0 to 1.
  static func share(_ value: Double, _ field: String) throws(WireError) -> Double {
    guard (0...1).contains(value) else { throw .outOfRange(field: field, reason: "is not from 0 to 1") }
    return value
  }

  /// A whole number that is not negative, nor more than `most`.
  static func count(
    _ value: Int64, _ field: String, most: Int64 = counted
  ) throws(WireError) -> Int {
    if value < 0 { throw .outOfRange(field: field, reason: "is negative") }
    if value > most { throw .outOfRange(field: field, reason: "is more than \(most)") }
    return Int(value)
  }

  /// A moment that RFC 3339 can say.
  static func time(_ milliseconds: Int64, _ field: String) throws(WireError) -> Timestamp {
    guard times.contains(milliseconds) else {
      throw .outOfRange(field: field, reason: "is outside the years 1 to 9999")
    }
    return Timestamp(milliseconds: milliseconds)
  }

  /// An incident's id.
  static func incident(_ text: String, _ field: String) throws(WireError) -> IncidentID {
    if text.isEmpty { throw .missing(field: field) }
    guard let id = IncidentID(text) else {
      throw .outOfRange(field: field, reason: "is not an incident id such as INC-1A2B3C4D")
    }
    return id
  }

  /// A list of bounded length.
  static func limited<C: Collection>(_ items: C, _ field: String, limit: Int = items) throws(WireError) -> C {
    if items.count > limit {
      throw .outOfRange(field: field, reason: "has \(items.count) members, where \(limit) are allowed")
    }
    return items
  }

  /// A list of messages.
  static func list<Part: WirePart>(
    _ parts: [Part], _ field: String, limit: Int = items
  ) throws(WireError) -> [Part.Model] {
    var models: [Part.Model] = []
    models.reserveCapacity(try limited(parts, field, limit: limit).count)
    for part in parts { models.append(try part.model()) }
    return models
  }

  /// A list of texts for people.
  static func proses(_ texts: [String], _ field: String) throws(WireError) -> [String] {
    for text in try limited(texts, field) { _ = try prose(text, field) }
    return texts
  }

  /// A list of names.
  static func names(_ texts: [String], _ field: String) throws(WireError) -> [String] {
    for text in try limited(texts, field) { _ = try name(text, field) }
    return texts
  }

  /// A message that must be there.
  static func required<Part: WirePart>(
    _ isPresent: Bool, _ part: Part, _ field: String
  ) throws(WireError) -> Part.Model {
    guard isPresent else { throw .missing(field: field) }
    return try part.model()
  }

  /// A message that may be there.
  static func optional<Part: WirePart>(_ isPresent: Bool, _ part: Part) throws(WireError) -> Part.Model? {
    isPresent ? try part.model() : nil
  }
}

/// A generated message that stands for a value of the model.
protocol WirePart {
  associatedtype Model
  /// Puts the value on the wire. What breaks the rules is found when the frame is checked.
  init(_ model: Model)
  /// Takes the value off the wire.
  func model() throws(WireError) -> Model
}
