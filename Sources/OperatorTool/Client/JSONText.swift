import FoundationEssentials
import IncidentModel

/// JSON for people and for pipes, as the coordinator sent it: no value is read and written anew.
enum JSONText {
  /// The same JSON with line breaks and indentation, safe for a terminal.
  static func pretty(_ bytes: [UInt8]) -> String {
    var text = ""
    var depth = 0
    var inString = false
    var escaped = false
    var last: Unicode.Scalar = " "
    func line() { text += "\n" + String(repeating: "  ", count: min(max(depth, 0), 20)) }
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if inString {
        append(scalar, to: &text)
        inString = escaped || scalar != "\""
        escaped = !escaped && scalar == "\\"
        if !inString { last = "\"" }
        continue
      }
      switch scalar {
      case " ", "\n", "\r", "\t": continue
      case "{", "[":
        if last == "{" || last == "[" { line() }
        text.unicodeScalars.append(scalar)
        depth += 1
      case "}", "]":
        depth -= 1
        // An empty object or list stays on its line.
        if last != "{" && last != "[" { line() }
        text.unicodeScalars.append(scalar)
      case ",":
        text += ","
        line()
      case ":": text += ": "
      default:
        if last == "{" || last == "[" { line() }
        append(scalar, to: &text)
        inString = scalar == "\""
      }
      last = scalar
    }
    return text
  }

  /// The same JSON on one line, safe for a terminal.
  static func safe(_ bytes: [UInt8]) -> String {
    var text = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars where scalar != "\n" && scalar != "\r"
    {
      append(scalar, to: &text)
    }
    return text
  }

  static func encode(_ value: some Encodable) -> String {
    guard let data = try? JSONCoding.encoder(pretty: true).encode(value) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  /// JSON may hold C1 controls and marks of direction as they are; escaped they mean the same.
  private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
    if scalar.value < 0x10000, PlainText.hasControlCharacters(String(scalar), allowing: false) {
      let digits = String(scalar.value, radix: 16)
      text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    } else {
      text.unicodeScalars.append(scalar)
    }
  }
}
