import IncidentModel
import Settings

/// Takes typed values out of JSON and collects what is wrong with it, by field.
struct FieldChecker {
  private(set) var failures: [Problem.Failure] = []

  /// Notes that a field is wrong.
  mutating func fail(_ field: String, _ message: String) {
    failures.append(Problem.Failure(field: field, message: message))
  }

  /// Text that must be there, not empty, and of so many bytes at most.
  mutating func text(
    _ value: JSONValue?, at field: String, maxLength: Int, multiline: Bool = false, mayBeEmpty: Bool = false
  ) -> String? {
    switch value {
    case nil: fail(field, "is missing")
    case .string(let text):
      if text.utf8.count > maxLength {
        fail(field, "must not be longer than \(maxLength) bytes, and has \(text.utf8.count)")
      } else if let bad = text.unicodeScalars.first(where: { !Self.isAllowed($0, multiline: multiline) }) {
        fail(field, "must not contain the control character U+\(Self.hexadecimal(bad))")
      } else if !mayBeEmpty, text.allSatisfy(\.isWhitespace) {
        fail(field, "must not be empty")
      } else {
        return text
      }
    case let other?: fail(field, "must be text, not \(other.kind)")
    }
    return nil
  }

  /// Text that may be left out or `null`.
  mutating func optionalText(
    _ value: JSONValue?, at field: String, maxLength: Int, multiline: Bool = false, mayBeEmpty: Bool = false
  ) -> String? {
    guard let value, value != .null else { return nil }
    return text(value, at: field, maxLength: maxLength, multiline: multiline, mayBeEmpty: mayBeEmpty)
  }

  /// A number that must be there and finite.
  mutating func number(_ value: JSONValue?, at field: String) -> Double? {
    switch value {
    case nil: fail(field, "is missing")
    case .number(let number) where number.isFinite: return number
    case .number: fail(field, "must be a finite number")
    case let other?: fail(field, "must be a finite number, not \(other.kind)")
    }
    return nil
  }

  /// A duration that must be there: a text such as `30m`, or seconds.
  mutating func duration(_ value: JSONValue?, at field: String, bounds: ClosedRange<Duration>) -> Duration? {
    let limits = bounds.lowerBound.inSeconds...bounds.upperBound.inSeconds
    let range = "\(Units.duration(limits.lowerBound)) to \(Units.duration(limits.upperBound))"
    let seconds: Double?
    switch value {
    case nil:
      fail(field, "is missing; say how long, \(range)")
      return nil
    case .number(let number): seconds = number
    case .string(let text): seconds = Units.seconds(text)
    default: seconds = nil
    }
    guard let seconds else {
      fail(field, "must be a duration such as \"30m\", or seconds")
      return nil
    }
    guard limits.contains(seconds) else {
      fail(field, "must be \(range)")
      return nil
    }
    return .seconds(seconds)
  }

  private static func isAllowed(_ scalar: Unicode.Scalar, multiline: Bool) -> Bool {
    switch scalar.properties.generalCategory {
    case .control: multiline && (scalar == "\n" || scalar == "\t" || scalar == "\r")
    // Text that shows other than it is: line and paragraph separators, bidirectional overrides.
    case .lineSeparator, .paragraphSeparator: false
    case .format: !(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
    default: true
    }
  }

  private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
