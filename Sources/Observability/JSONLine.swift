/// Writes one JSON object of bounded length, byte by byte, whatever text comes in.
///
/// An encoder of `Codable` values is slower by far and can't stop at a bound.
struct JSONLine {
  private(set) var bytes: [UInt8] = []
  /// Where writing of content stops; what closes the object still fits behind it.
  private let limit: Int
  private var needsComma = false

  /// A line whose content takes at most `limit` bytes.
  init(limit: Int) {
    self.limit = limit
    bytes.reserveCapacity(512)
  }

  /// Whether content was left out or cut at the limit.
  private(set) var isTruncated = false

  mutating func open(_ bracket: Unicode.Scalar) {
    separate()
    bytes.append(UInt8(ascii: bracket))
    needsComma = false
  }

  mutating func close(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = true
  }

  mutating func key(_ name: String) {
    text(name, limit: 128)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Whether there is room for another entry; notes that one was left out otherwise.
  mutating func hasRoom() -> Bool {
    // What an empty entry with the longest key takes.
    if bytes.count + 900 < limit { return true }
    isTruncated = true
    return false
  }

  /// Says that content was left out, behind everything else; there is always room for it.
  mutating func markTruncated() {
    separate()
    bytes.append(contentsOf: #""truncated":true"#.utf8)
    needsComma = true
  }

  /// Text in quotes, cut with an ellipsis at so many bytes.
  mutating func text(_ text: String, limit textLimit: Int) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    let end = min(bytes.count + textLimit, limit)
    for scalar in text.unicodeScalars {
      // The longest escape has 12 bytes, the ellipsis 3.
      if bytes.count + 15 > end {
        bytes.append(contentsOf: "…".utf8)
        isTruncated = true
        break
      }
      append(scalar)
    }
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": bytes.append(contentsOf: #"\""#.utf8)
    case "\\": bytes.append(contentsOf: #"\\"#.utf8)
    case "\n": bytes.append(contentsOf: #"\n"#.utf8)
    case "\r": bytes.append(contentsOf: #"\r"#.utf8)
    case "\t": bytes.append(contentsOf: #"\t"#.utf8)
    default:
      switch scalar.value {
      // Controls of both sets, line separators and marks of direction: a log is read in terminals.
      case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: appendEscape(scalar.value)
      default: bytes.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
      }
    }
  }

  private mutating func appendEscape(_ value: UInt32) {
    let digits = String(value, radix: 16)
    bytes.append(contentsOf: "\\u".utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
    bytes.append(contentsOf: digits.utf8)
  }
}
