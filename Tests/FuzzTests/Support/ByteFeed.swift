/// Reads typed values from bytes, so that mutations of bytes are mutations of values. At the end it gives zeros.
struct ByteFeed {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  var isEmpty: Bool { bytes.isEmpty }

  mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

  /// 0..<bound.
  mutating func int(_ bound: Int) -> Int { Int(byte()) % max(1, bound) }

  mutating func bool() -> Bool { byte() & 1 == 1 }

  mutating func bits() -> UInt64 { (0..<8).reduce(0) { value, _ in value << 8 | UInt64(byte()) } }

  /// Any pattern of bits, or a number that often is a boundary.
  mutating func number() -> Double {
    let choice = int(32)
    return choice < Self.numbers.count ? Self.numbers[choice] : Double(bitPattern: bits())
  }

  /// So many bytes as the next one says.
  mutating func text() -> String {
    let count = Int(byte())
    defer { bytes = bytes.dropFirst(count) }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// So many bytes as the next two say.
  mutating func block() -> [UInt8] {
    let count = Int(byte()) << 8 | Int(byte())
    defer { bytes = bytes.dropFirst(count) }
    return Array(bytes.prefix(count))
  }

  static let numbers: [Double] = [
    0, -0.0, 1, -1, 0.5, 1e-300, 1e15, -1e15, 1e16, 1e308, -1e308, .leastNonzeroMagnitude, .infinity,
    -.infinity, .nan,
    9_007_199_254_740_992, 9.3e18, -9.3e18, 1.9e19, 4_294_967_296, 86_400, 3600, 31_536_000.5,
  ]

  /// What ``block()`` reads back.
  static func block(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8(truncatingIfNeeded: bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes
  }

  /// What ``text()`` reads back; longer text is cut.
  static func text(_ text: String) -> [UInt8] {
    let bytes = text.utf8.prefix(255)
    return [UInt8(bytes.count)] + bytes
  }
}
