/// Long runs of combining marks, which nobody writes but who means harm.
///
/// Swift compares and hashes text in a normal form, for which it sorts the marks of one run; with hundreds of
/// thousands of them that takes hours. What comes from outside is refused where it has such a run, before it
/// becomes the key of a dictionary or is compared with anything.
package enum CombiningMarks {
  /// So many in a row are taken; what people write has a few.
  package static let most = 128
  /// So many in a row are passed on in text that was observed. UAX #15 calls it stream-safe.
  package static let kept = 30

  /// Whether UTF-8 has a run that is too long. What is no UTF-8 ends a run.
  /// - Parameter escapes: whether `\u0301` is read as what it stands for, as in JSON.
  package static func areTooMany(in bytes: some RandomAccessCollection<UInt8>, escapes: Bool = false) -> Bool
  {
    bytes.withContiguousStorageIfAvailable { areTooMany(inBuffer: $0, escapes) }
      ?? Array(bytes).withUnsafeBufferPointer { areTooMany(inBuffer: $0, escapes) }
  }

  /// Whether text has a run that is too long.
  package static func areTooMany(in text: String) -> Bool {
    // Two bytes are the least that one takes.
    if text.utf8.count <= 2 * most { return false }
    return Array(text.utf8).withUnsafeBufferPointer { areTooMany(inBuffer: $0, false) }
  }

  /// The text with no more than ``kept`` in a row.
  package static func bounded(_ text: String) -> String {
    if text.utf8.count <= 2 * kept { return text }
    var run = 0
    var result = String.UnicodeScalarView()
    var isWhole = true
    for scalar in text.unicodeScalars {
      run = isMark(scalar) ? run + 1 : 0
      if run <= kept { result.append(scalar) } else { isWhole = false }
    }
    return isWhole ? text : String(result)
  }

  /// Whether a scalar is put in order with its neighbours.
  package static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x300 { return false }
    // Of no class themselves, but made of marks.
    if scalar == "\u{F73}" || scalar == "\u{F75}" || scalar == "\u{F81}" { return true }
    return scalar.properties.canonicalCombiningClass != .notReordered
  }

  private static func areTooMany(inBuffer bytes: UnsafeBufferPointer<UInt8>, _ escapes: Bool) -> Bool {
    var run = 0
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x80 && !(escapes && byte == UInt8(ascii: "\\")) {
        run = 0
        index += 1
        continue
      }
      let (scalar, length) = byte < 0x80 ? escaped(bytes, index) : decoded(bytes, index)
      run = scalar.map(isMark) == true ? run + 1 : 0
      if run > most { return true }
      index += length
    }
    return false
  }

  private static func decoded(
    _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int
  ) -> (Unicode.Scalar?, Int) {
    let (length, first): (Int, UInt32) =
      switch bytes[index] {
      case 0xC2...0xDF: (2, UInt32(bytes[index] & 0x1F))
      case 0xE0...0xEF: (3, UInt32(bytes[index] & 0x0F))
      case 0xF0...0xF4: (4, UInt32(bytes[index] & 0x07))
      default: (1, 0)
      }
    guard length > 1, index + length <= bytes.count else { return (nil, 1) }
    var value = first
    for place in (index + 1)..<(index + length) {
      guard bytes[place] & 0xC0 == 0x80 else { return (nil, 1) }
      value = value << 6 | UInt32(bytes[place] & 0x3F)
    }
    return (Unicode.Scalar(value), length)
  }

  private static func escaped(
    _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int
  ) -> (Unicode.Scalar?, Int) {
    guard index + 6 <= bytes.count, bytes[index + 1] == UInt8(ascii: "u") else { return (nil, 2) }
    var value: UInt32 = 0
    for place in (index + 2)..<(index + 6) {
      switch bytes[place] {
      case 0x30...0x39: value = value << 4 | UInt32(bytes[place] - 0x30)
      case 0x41...0x46, 0x61...0x66: value = value << 4 | UInt32(bytes[place] & 0x0F) + 9
      default: return (nil, 2)
      }
    }
    // Marks beyond the first plane, as pairs of surrogates, count as such.
    if (0xD800...0xDFFF).contains(value) { return ("\u{301}", 6) }
    return (Unicode.Scalar(value), 6)
  }
}
