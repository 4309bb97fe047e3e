import FoundationEssentials
import IncidentModel

/// Any JSON, read leniently: a newer coordinator may say more than this tool knows.
indirect enum JSONValue: Decodable, Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// Reads JSON; `nil` for anything else.
  init?(_ bytes: [UInt8]) {
    if JSONGuard.objection(to: bytes) != nil { return nil }
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else { return nil }
    self = value
  }

  subscript(_ key: String) -> JSONValue? {
    if case .object(let fields) = self, let value = fields[key], value != .null { return value }
    return nil
  }

  var text: String? { if case .text(let text) = self { text } else { nil } }
  var number: Double? { if case .number(let number) = self { number } else { nil } }
  var list: [JSONValue] { if case .list(let list) = self { list } else { [] } }
  var fields: [String: JSONValue] { if case .object(let fields) = self { fields } else { [:] } }
  var isTrue: Bool { self == .bool(true) }

  /// A plain value for people, safe for a terminal.
  var shown: String {
    switch self {
    case .null: ""
    case .bool(let value): value ? "yes" : "no"
    case .number(let number): ParameterValue.number(number).description
    case .text(let text): Terminal.visible(text)
    case .list(let list): list.map(\.shown).joined(separator: ", ")
    case .object(let fields):
      fields.sorted { $0.key < $1.key }.map { "\(Terminal.visible($0.key)) \($0.value.shown)" }
        .joined(separator: ", ")
    }
  }
}
