/// What one argument of an action may hold.
package struct ArgumentSpec: Hashable, Sendable {
  /// The type and its bounds.
  package enum Kind: Hashable, Sendable {
    /// Text of so many characters; control characters are refused, but for line breaks and tabs where `lines` says so.
    case text(length: ClosedRange<Int>, lines: Bool = false)
    /// A finite number.
    case number(ClosedRange<Double>)
    /// A whole number.
    case integer(ClosedRange<Int64>)
    /// At most so many texts of at most 4096 characters.
    case texts(count: Int)
  }

  /// The argument's name in runbooks.
  package var name: String
  /// Type and bounds.
  package var kind: Kind
  /// Whether a step must give it.
  package var isRequired: Bool

  init(_ name: String, _ kind: Kind, required: Bool = true) {
    self.name = name
    self.kind = kind
    self.isRequired = required
  }
}

extension ActionKind {
  /// A year, in seconds: the longest age or time limit that a runbook may name.
  package static let longestAge = 31_536_000.0

  /// The arguments that a step of this kind takes, in the order in which people should read them.
  package var arguments: [ArgumentSpec] {
    let age = ArgumentSpec("older_than", .number(0...Self.longestAge))
    let name = ArgumentSpec.Kind.text(length: 1...128)
    return switch self {
    case .terminateBackends:
      [
        ArgumentSpec("state", name, required: false),
        ArgumentSpec("application", .text(length: 0...128), required: false),
        ArgumentSpec("role", name, required: false),
        age, ArgumentSpec("limit", .integer(1...1000)),
      ]
    case .cancelQueries:
      [
        ArgumentSpec("application", .text(length: 0...128), required: false),
        ArgumentSpec("role", name, required: false),
        age, ArgumentSpec("limit", .integer(1...1000)),
      ]
    case .setTimeouts:
      [
        ArgumentSpec("role", name),
        ArgumentSpec("statement_timeout", .number(0...Self.longestAge), required: false),
        ArgumentSpec("idle_in_transaction_timeout", .number(0...Self.longestAge), required: false),
      ]
    case .setPoolSize:
      [ArgumentSpec("database", name), ArgumentSpec("size", .integer(1...10_000))]
    case .clearCache:
      [
        ArgumentSpec("pattern", .text(length: 1...512)),
        ArgumentSpec("limit", .integer(1...1_000_000)),
      ]
    case .setMaxMemory:
      // From 1 MiB, below which no cache works, to 1 PiB.
      [ArgumentSpec("bytes", .integer(1_048_576...1_125_899_906_842_624))]
    case .deleteFiles:
      [
        ArgumentSpec("folder", .text(length: 2...4096)),
        ArgumentSpec("pattern", .text(length: 1...255)),
        age, ArgumentSpec("limit", .integer(1...100_000)),
      ]
    case .runCommand:
      [
        ArgumentSpec("command", name),
        ArgumentSpec("arguments", .texts(count: 64), required: false),
      ]
    case .httpRequest:
      [
        ArgumentSpec("endpoint", name),
        ArgumentSpec("body", .text(length: 0...65_536, lines: true), required: false),
      ]
    case .notify:
      [ArgumentSpec("sink", name), ArgumentSpec("text", .text(length: 1...4096, lines: true))]
    }
  }
}

/// Which characters text from a config, a diagnosis or an alert may carry into an action.
package enum PlainText {
  /// Whether `text` holds a character that is not shown: a control character, a line or paragraph
  /// separator, or one that turns the direction of writing round.
  ///
  /// - Parameter lines: whether line breaks and tabs are fine.
  package static func hasControlCharacters(_ text: String, allowing lines: Bool = false) -> Bool {
    text.unicodeScalars.contains { scalar in
      if lines && (scalar == "\n" || scalar == "\t") { return false }
      return switch scalar.value {
      case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
      default: false
      }
    }
  }
}
