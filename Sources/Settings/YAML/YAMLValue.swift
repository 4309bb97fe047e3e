import IncidentModel
import Yams

/// Where problems are collected, so that one run shows them all.
///
/// A class because every value and map of a document shares it; used by one task.
final class ProblemLog {
  private(set) var problems: [SettingsProblem] = []

  /// Whether there are so many that more would help nobody.
  var isFull: Bool { problems.count >= 1000 }

  func add(_ problem: SettingsProblem) {
    if !isFull { problems.append(problem) }
  }
}

/// A node with its path and its place. Its readers report what is wrong and answer `nil`.
struct YAMLValue {
  let node: Node
  /// E.g. `sources[0].interval`.
  let path: String
  let file: String
  let log: ProblemLog

  /// Reports that something is wrong here.
  func report(_ message: String) {
    log.add(
      SettingsProblem(
        file: file, line: node.mark?.line, column: node.mark?.column, path: path, message: message))
  }

  private func refuse<T>(_ expected: String) -> T? {
    report("must be \(expected), not \(kindName)")
    return nil
  }

  /// What stands there, for messages. Never the value: it may be a secret.
  var kindName: String {
    switch node {
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    case .scalar(let scalar):
      if isNull {
        "nothing"
      } else if scalar.style != .plain {
        "quoted text"
      } else if Double(scalar.string) != nil {
        "a number"
      } else {
        scalar.string == "true" || scalar.string == "false" ? scalar.string : "text"
      }
    }
  }

  /// Whether nothing is there: empty, `~` or `null`.
  var isNull: Bool {
    guard let scalar = node.scalar, scalar.style == .plain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  /// The text of an unquoted scalar.
  private var plain: String? {
    guard let scalar = node.scalar, scalar.style == .plain, !isNull else { return nil }
    return scalar.string
  }

  /// Whether it is `off` (or `false`).
  var isOff: Bool { plain == "off" || plain == "false" }

  var isMap: Bool { node.mapping != nil }
  var isList: Bool { node.sequence != nil }
  /// The scalar's text, quoted or not.
  var scalarText: String? { isNull ? nil : node.scalar?.string }

  /// Text without control characters.
  func text(_ length: ClosedRange<Int> = 1...4096, lines: Bool = false) -> String? {
    guard let scalar = node.scalar, !isNull else { return refuse("text") }
    let count = scalar.string.unicodeScalars.count
    guard length.contains(count) else {
      report("must have \(length.lowerBound) to \(length.upperBound) characters, not \(count)")
      return nil
    }
    guard !PlainText.hasControlCharacters(scalar.string, allowing: lines) else {
      report("must not hold control characters")
      return nil
    }
    return scalar.string
  }

  /// A name that can stand in labels, commands and file names.
  func name() -> String? {
    guard let text = text(1...64) else { return nil }
    let good = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard good else {
      report("\(Shown.text(text)) is not a name; use letters, digits, \"-\", \"_\" and \".\"")
      return nil
    }
    return text
  }

  func bool() -> Bool? {
    switch plain {
    case "true": return true
    case "false": return false
    default: return refuse("true or false")
    }
  }

  func number(_ bounds: ClosedRange<Double>) -> Double? {
    guard let plain, let number = Units.number(plain) else { return refuse("a number") }
    return checked(number, bounds) { "\(ParameterValue.number($0))" }
  }

  func integer(_ bounds: ClosedRange<Int>) -> Int? {
    guard let plain, let number = Int(plain) else { return refuse("a whole number") }
    return checked(number, bounds) { "\($0)" }
  }

  /// A duration such as `30s`, `5m`, `1h`, `200ms`, or seconds.
  func seconds(_ bounds: ClosedRange<Double>) -> Double? {
    guard let text = scalarText, let seconds = Units.seconds(text) else {
      return refuse("a duration such as 200ms, 30s, 5m, 1h or 7d")
    }
    return checked(seconds, bounds, Units.duration)
  }

  /// A size such as `64MB` or `1GiB`, or bytes.
  func bytes(_ bounds: ClosedRange<Int64>) -> Int64? {
    guard let text = scalarText, let bytes = Units.bytes(text) else {
      return refuse("a size such as 4096, 64MB or 1GiB")
    }
    return checked(bytes, bounds) { "\($0) bytes" }
  }

  private func checked<T: Comparable>(
    _ value: T, _ bounds: ClosedRange<T>, _ shown: (T) -> String
  ) -> T? {
    if bounds.contains(value) { return value }
    report(
      "\(shown(value)) is out of range; must be \(shown(bounds.lowerBound)) to \(shown(bounds.upperBound))")
    return nil
  }

  /// One of an enumeration's words.
  func choice<T: RawRepresentable & CaseIterable>(_ type: T.Type) -> T? where T.RawValue == String {
    let words = T.allCases.map(\.rawValue)
    guard let text = scalarText else { return refuse("one of " + words.joined(separator: ", ")) }
    if let value = T(rawValue: text) { return value }
    let near = Spelling.nearest(to: text, among: words).map { " Did you mean \"\($0)\"?" } ?? ""
    report("\(Shown.text(text)) must be one of \(words.joined(separator: ", ")).\(near)")
    return nil
  }

  /// The entries of a list.
  func list(limit: Int = 1000) -> [YAMLValue]? {
    guard let sequence = node.sequence else { return refuse("a list") }
    guard sequence.count <= limit else {
      report("has \(sequence.count) entries; at most \(limit)")
      return nil
    }
    return sequence.enumerated().map { index, node in
      YAMLValue(node: node, path: "\(path)[\(index)]", file: file, log: log)
    }
  }

  /// A list of texts.
  func texts(_ length: ClosedRange<Int> = 1...4096, limit: Int = 1000) -> [String]? {
    list(limit: limit)?.compactMap { $0.text(length) }
  }

  func map() -> YAMLMap? {
    guard let mapping = node.mapping else { return refuse("a mapping of keys and values") }
    return YAMLMap(mapping, of: self)
  }

  /// Status codes: `200`, or `200-299`.
  func statusRange() -> ClosedRange<Int>? {
    let parts = (scalarText ?? "").split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let low = parts.first ?? nil, let high = parts.last ?? nil,
      low <= high, (100...599).contains(low), (100...599).contains(high)
    else { return refuse("a status code such as 200, or a range such as 200-299,") }
    return low...high
  }
}
