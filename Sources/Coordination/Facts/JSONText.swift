import IncidentModel

/// Writes JSON byte by byte, just as `JSONCoding.encoder()` would.
///
/// `JSONEncoder` builds a tree of boxes first and is fifteen times slower.
struct JSONText {
  private(set) var bytes: [UInt8] = []

  /// Room for a usual fact.
  init() { bytes.reserveCapacity(768) }

  /// What needs no escaping, as it is.
  mutating func raw(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func text(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    let isWritten: Void? = text.utf8.withContiguousStorageIfAvailable { append(escaping: $0) }
    if isWritten == nil { Array(text.utf8).withUnsafeBufferPointer { append(escaping: $0) } }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func append(escaping text: UnsafeBufferPointer<UInt8>) {
    var start = 0
    for (index, byte) in text.enumerated()
    where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
      bytes.append(contentsOf: text[start..<index])
      escape(byte)
      start = index + 1
    }
    bytes.append(contentsOf: text[start...])
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): raw(#"\""#)
    case UInt8(ascii: "\\"): raw(#"\\"#)
    case 0x08: raw(#"\b"#)
    case 0x0C: raw(#"\f"#)
    case UInt8(ascii: "\n"): raw(#"\n"#)
    case UInt8(ascii: "\r"): raw(#"\r"#)
    case UInt8(ascii: "\t"): raw(#"\t"#)
    default:
      raw(#"\u00"#)
      for digit in [byte >> 4, byte & 15] {
        bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
  }

  mutating func bool(_ value: Bool) { value ? raw("true") : raw("false") }

  mutating func whole(_ number: some BinaryInteger) {
    bytes.append(contentsOf: String(number).utf8)
  }

  /// - Returns: false for what JSON can't say; nothing is written then.
  mutating func number(_ number: Double) -> Bool {
    guard number.isFinite else { return false }
    let text = number.description.utf8
    bytes.append(contentsOf: text)
    if bytes.suffix(2).elementsEqual(".0".utf8) { bytes.removeLast(2) }
    return true
  }

  mutating func time(_ moment: Timestamp) {
    bytes.append(UInt8(ascii: "\""))
    moment.appendRFC3339(to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }
}
