import IncidentModel

/// Reads JSON as ``JSONText`` writes it, and says `nil` to everything else.
///
/// It must not outlive the bytes, which belong to the caller.
struct JSONScanner {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var index = 0

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { index == bytes.count }

  /// Goes over this text; stays where it is when there is another.
  mutating func skip(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard count <= bytes.count - index else { return false }
    for offset in 0..<count where bytes[index + offset] != text.utf8Start[offset] { return false }
    index += count
    return true
  }

  mutating func text() -> String? {
    guard skip("\"") else { return nil }
    let start = index
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        defer { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
      case UInt8(ascii: "\\"): return escapedText(from: start)
      case 0..<0x20: return nil
      default: index += 1
      }
    }
    return nil
  }

  /// The rest of a text with escapes, which begins at `start`.
  private mutating func escapedText(from start: Int) -> String? {
    var text = Array(bytes[start..<index])
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let escaped = escape() else { return nil }
        text.append(escaped)
      case 0..<0x20: return nil
      default: text.append(byte)
      }
    }
    return nil
  }

  /// The byte that an escape stands for, behind the backslash.
  private mutating func escape() -> UInt8? {
    guard index < bytes.count else { return nil }
    defer { index += 1 }
    switch bytes[index] {
    case UInt8(ascii: "\""): return UInt8(ascii: "\"")
    case UInt8(ascii: "\\"): return UInt8(ascii: "\\")
    case UInt8(ascii: "/"): return UInt8(ascii: "/")
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "n"): return UInt8(ascii: "\n")
    case UInt8(ascii: "r"): return UInt8(ascii: "\r")
    case UInt8(ascii: "t"): return UInt8(ascii: "\t")
    default: return nil
    }
  }

  /// A text that is one of few.
  mutating func word<Word: RawRepresentable>() -> Word? where Word.RawValue == String {
    text().flatMap { Word(rawValue: $0) }
  }

  /// An object whose values are texts.
  mutating func texts() -> [String: String]? {
    guard skip("{") else { return nil }
    if skip("}") { return [:] }
    var texts: [String: String] = [:]
    repeat {
      guard let name = text(), skip(":"), let value = text() else { return nil }
      // A name that is there twice is the decoder's to judge.
      guard texts.updateValue(value, forKey: name) == nil else { return nil }
    } while skip(",")
    return skip("}") ? texts : nil
  }

  mutating func number() -> Double? {
    let start = index
    var whole: Int64 = 0
    var isWhole = true
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if index - start < 15 { whole = whole * 10 + Int64(bytes[index] - UInt8(ascii: "0")) }
      case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        isWhole = false
      default:
        return ending(start, isWhole ? whole : nil)
      }
      index += 1
    }
    return nil
  }

  private func ending(_ start: Int, _ whole: Int64?) -> Double? {
    let digits = index - start
    // So many digits are exact; a zero before others is no JSON.
    if let whole, (1...15).contains(digits) {
      return digits > 1 && bytes[start] == UInt8(ascii: "0") ? nil : Double(whole)
    }
    // `Double` reads what JSON does not know, such as "+1" or ".5".
    guard isNumber(from: start),
      let number = Double(String(decoding: bytes[start..<index], as: UTF8.self)), number.isFinite
    else { return nil }
    return number
  }

  // -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?, up to the place.
  private func isNumber(from start: Int) -> Bool {
    var place = start
    func at(_ characters: StaticString) -> Bool {
      place < index
        && (0..<characters.utf8CodeUnitCount).contains { characters.utf8Start[$0] == bytes[place] }
    }
    func digits() -> Bool {
      let first = place
      while at("0123456789") { place += 1 }
      return place > first
    }
    if at("-") { place += 1 }
    if at("0") { place += 1 } else if !digits() { return false }
    if at(".") {
      place += 1
      if !digits() { return false }
    }
    if at("eE") {
      place += 1
      if at("+-") { place += 1 }
      if !digits() { return false }
    }
    return place == index
  }

  mutating func time() -> Timestamp? {
    text().flatMap { Timestamp(rfc3339: $0) }
  }
}
