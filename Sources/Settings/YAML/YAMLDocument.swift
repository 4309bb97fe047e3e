import IncidentModel
import Yams

/// Turns text into nodes with places, and refuses what is no configuration.
enum YAMLDocument {
  /// The document's root, or `nil` for an empty one.
  /// - Throws: the problem, with its place.
  static func root(of bytes: [UInt8], file: String) throws(SettingsProblem.Thrown) -> Node? {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let place = place(ofByte: firstInvalid(bytes), in: bytes)
      throw .init(file, place.line, place.column, "is not UTF-8 text")
    }
    try refuseControlCharacters(bytes, file: file)
    // Keys are compared with each other.
    if CombiningMarks.areTooMany(in: bytes, escapes: true) {
      throw .init(file, 1, 1, "has more than \(CombiningMarks.most) combining marks in a row")
    }
    try refuseAliases(text, file: file)
    do {
      // `basic` doesn't guess types by regular expressions: the reader knows what it wants.
      return try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
      throw problem(error, file: file)
    } catch {
      throw .init(file, nil, nil, "can't be read as YAML")
    }
  }

  private static func problem(_ error: YamlError, file: String) -> SettingsProblem.Thrown {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let about = context.map { " (\($0.text.trimmingSuffix(" ")), begun in line \($0.mark.line))" } ?? ""
      return .init(file, mark.line, mark.column, "not valid YAML: \(problem)\(about)")
    case .duplicatedKeysInMapping(let keys, let context):
      let shown = keys.map { Shown.text($0) }.joined(separator: ", ")
      return .init(file, context.mark.line, context.mark.column, "the key \(shown) is given twice")
    case .reader(let problem, let offset, _, let yaml):
      // libyaml counts here in characters from the start; nowhere else has it no line.
      let before = yaml.prefix(offset ?? 0)
      let lineStart = before.lastIndex(where: \.isNewline).map { before.index(after: $0) }
      let column = before[(lineStart ?? before.startIndex)...].count + 1
      return .init(file, before.count { $0.isNewline } + 1, column, "not valid YAML: \(problem)")
    default: return .init(file, 1, 1, "not valid YAML")
    }
  }

  /// YAML has no place for them, and libyaml's own message lacks the line.
  private static func refuseControlCharacters(
    _ bytes: [UInt8], file: String
  ) throws(SettingsProblem.Thrown) {
    let found = bytes.firstIndex { ($0 < 0x20 && $0 != 9 && $0 != 10 && $0 != 13) || $0 == 0x7F }
    guard let found else { return }
    let place = place(ofByte: found, in: bytes)
    throw .init(file, place.line, place.column, "holds a control character; use an escape such as \"\\x1b\"")
  }

  /// Refuses `*name` where there is an `&name`: a few of them can stand for billions of nodes.
  ///
  /// Looks at the text, because composing and comparing the nodes is what would take for ever. An
  /// alias without its anchor is a YAML error anyway.
  private static func refuseAliases(_ text: String, file: String) throws(SettingsProblem.Thrown) {
    var anchors: Set<Substring> = []
    for (name, _, _) in markers("&", in: text) { anchors.insert(name) }
    if anchors.isEmpty { return }
    for (name, line, column) in markers("*", in: text) where anchors.contains(name) {
      throw .init(file, line, column, "aliases such as *\(name) are not supported; write the value out")
    }
  }

  private static func markers(
    _ sign: Unicode.Scalar, in text: String
  ) -> [(name: Substring, line: Int, column: Int)] {
    var found: [(Substring, Int, Int)] = []
    var line = 1
    var column = 0
    var before: Unicode.Scalar = "\n"
    let scalars = text.unicodeScalars
    var index = scalars.startIndex
    while index < scalars.endIndex {
      let scalar = scalars[index]
      index = scalars.index(after: index)
      if scalar == "\n" {
        line += 1
        column = 0
      } else {
        column += 1
      }
      if scalar == sign, Self.mayPrecedeMarker(before) {
        let name = text[index...].prefix {
          $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-")
        }
        if !name.isEmpty { found.append((name, line, column)) }
      }
      before = scalar
    }
    return found
  }

  // Breaks of lines are also the ones that only Unicode knows, and a mark may begin the text.
  private static func mayPrecedeMarker(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case " ", "\t", "\r", "\n", "[", "{", ",", "-", "?", ":": true
    case "\u{85}", "\u{2028}", "\u{2029}", "\u{FEFF}": true
    default: false
    }
  }

  private static func firstInvalid(_ bytes: [UInt8]) -> Int {
    var low = 0
    // Whole lines are checked, so that no character is cut.
    while low < bytes.count {
      let end = bytes[low...].firstIndex(of: 10).map { $0 + 1 } ?? bytes.count
      if String(validating: bytes[low..<end], as: UTF8.self) == nil {
        return (low..<end).first { bytes[$0] >= 0x80 } ?? low
      }
      low = end
    }
    return low
  }

  private static func place(ofByte index: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
    let before = bytes[..<index]
    let lineStart = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
    return (
      before.count { $0 == 10 } + 1, String(decoding: bytes[lineStart..<index], as: UTF8.self).count + 1
    )
  }
}

extension SettingsProblem {
  /// A problem as an error.
  struct Thrown: Error {
    var problem: SettingsProblem

    init(_ file: String, _ line: Int?, _ column: Int?, _ message: String) {
      problem = SettingsProblem(file: file, line: line, column: column, message: message)
    }
  }
}

/// How text from a file is shown in a message: bounded and without control characters.
enum Shown {
  static func text(_ text: String, limit: Int = 60) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(limit) {
      if PlainText.hasControlCharacters(String(scalar)) {
        shown += "\\u{" + String(scalar.value, radix: 16) + "}"
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    return "\"" + shown + (text.unicodeScalars.count > limit ? "…" : "") + "\""
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}
