/// What JSON from outside is refused for, before a general decoder sees it.
package enum JSONGuard {
  /// Deeper nesting is nobody's; Foundation's decoder ends the process at 513 open brackets.
  package static let maxDepth = 64

  /// Why the bytes must not be decoded; `nil` when they may.
  ///
  /// Besides deep nesting that is text that takes hours to compare (see ``CombiningMarks``), and UTF-16, which the
  /// decoder takes too, while others read the same bytes as UTF-8: it has a NUL in nearly every character.
  package static func objection(to bytes: some RandomAccessCollection<UInt8>) -> String? {
    var depth = 0
    var isText = false
    var isEscaped = false
    for byte in bytes {
      switch byte {
      case 0: return "it is not UTF-8"
      case _ where isEscaped: isEscaped = false
      case UInt8(ascii: "\\"): isEscaped = isText
      case UInt8(ascii: "\""): isText.toggle()
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        if !isText { depth += 1 }
        if depth > maxDepth { return "it is nested more than \(maxDepth) deep" }
      case UInt8(ascii: "]"), UInt8(ascii: "}"): if !isText { depth -= 1 }
      default: break
      }
    }
    return CombiningMarks.areTooMany(in: bytes, escapes: true)
      ? "it has more than \(CombiningMarks.most) combining marks in a row" : nil
  }
}
