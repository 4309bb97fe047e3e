/// `INC-` and eight upper-case hexadecimal digits.
package struct IncidentID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// What the digits say. Many million ids are in memory, so it is this that is kept.
  package let number: UInt32

  /// The id of a number.
  package init(number: UInt32) { self.number = number }

  /// Reads an id; `nil` unless it is `INC-` and eight upper-case hexadecimal digits.
  package init?(_ text: String) {
    let bytes = text.utf8
    guard bytes.count == 12, bytes.starts(with: "INC-".utf8) else { return nil }
    var number: UInt32 = 0
    for byte in bytes.dropFirst(4) {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt32(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "A")...UInt8(ascii: "F"): number = number << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
      default: return nil
      }
    }
    self.number = number
  }

  /// The text, e.g. `INC-1A2B3C4D`.
  package var text: String {
    String(unsafeUninitializedCapacity: 12) { buffer in
      _ = buffer.initialize(from: "INC-".utf8)
      for place in 0..<8 {
        let digit = UInt8(truncatingIfNeeded: number >> UInt32(28 - 4 * place)) & 15
        buffer.initializeElement(
          at: 4 + place, to: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
      }
      return 12
    }
  }

  package var description: String { text }
  // All texts are of one length, so their order is that of the numbers.
  package static func < (a: IncidentID, b: IncidentID) -> Bool { a.number < b.number }
}

extension IncidentID: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let id = IncidentID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not an incident id such as INC-1A2B3C4D")
    }
    self = id
  }
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
