/// An answer of a Redis server.
package indirect enum RedisValue: Sendable, Equatable {
  case null
  case integer(Int64)
  /// A text in UTF-8.
  case text(String)
  /// Bytes that are not UTF-8, as they are: a key of that kind can only be named by them.
  case bytes([UInt8])
  case array([RedisValue])
  /// A short word such as `OK` or `PONG`.
  case status(String)

  /// The text of a text, bytes (lossy), a status or an integer.
  package var string: String? {
    switch self {
    case .text(let text), .status(let text): text
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    case .integer(let number): String(number)
    case .null, .array: nil
    }
  }

  /// The number of an integer, or of a text that is one.
  package var integer: Int64? {
    if case .integer(let number) = self { return number }
    return string.flatMap { Int64($0) }
  }

  /// The elements of an array.
  package var elements: [RedisValue]? {
    if case .array(let values) = self { return values }
    return nil
  }
}
