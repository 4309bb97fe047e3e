import FoundationEssentials
import IncidentModel

/// The query of a URL, read strictly: an unknown, repeated or badly escaped parameter is an error.
struct QueryParameters {
  private var values: [String: String] = [:]

  /// Reads a query.
  /// - Parameter allowed: the parameters that are known.
  init(_ query: String?, allowed: [String]) throws(Problem) {
    for pair in (query ?? "").split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decode(parts[0]), allowed.contains(name) else {
        let known =
          allowed.isEmpty ? "this path takes none" : "known are " + allowed.joined(separator: ", ")
        throw .invalid(String(parts[0].prefix(64)), "is not a parameter here; \(known)")
      }
      guard let value = Self.decode(parts.count > 1 ? parts[1] : "") else {
        throw .invalid(name, "is not properly percent-encoded UTF-8")
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw .invalid(name, "must come only once")
      }
    }
  }

  /// The value of a parameter; an empty one is as none.
  subscript(_ name: String) -> String? {
    guard let value = values[name], !value.isEmpty else { return nil }
    return value
  }

  /// The values of a comma-separated parameter.
  func choices<Choice: RawRepresentable & CaseIterable & Hashable>(
    _ name: String, as type: Choice.Type
  ) throws(Problem) -> Set<Choice> where Choice.RawValue == String {
    var choices: Set<Choice> = []
    for text in self[name]?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
      guard let choice = Choice(rawValue: String(text)) else {
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalid(name, "must be one or more, with commas, of \(known)")
      }
      choices.insert(choice)
    }
    return choices
  }

  private static func decode(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): bytes.append(0x20)
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(Self.digit), let low = rest.popFirst().flatMap(Self.digit)
        else { return nil }
        bytes.append(high << 4 | low)
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    Character(Unicode.Scalar(byte)).hexDigitValue.flatMap { byte < 0x80 ? UInt8($0) : nil }
  }
}

extension IncidentQuery {
  static let parameters = ["status", "severity", "page_size", "page_token"]

  /// Reads the query of `GET /aiops/incidents`.
  init(_ parameters: QueryParameters) throws(Problem) {
    self.init(
      statuses: try parameters.choices("status", as: IncidentStatus.self),
      severities: try parameters.choices("severity", as: Severity.self))
    if let text = parameters["page_size"] {
      guard let size = Int(text), (1...Self.maxPageSize).contains(size) else {
        throw .invalid("page_size", "must be a whole number from 1 to \(Self.maxPageSize)")
      }
      pageSize = size
    }
    if let text = parameters["page_token"] {
      guard let cursor = PageCursor(token: text) else {
        throw .invalid("page_token", "must be the next_page_token of the page before")
      }
      after = cursor
    }
  }
}
