/// The SHA-256 that binds a record of the journal to all that come before it.
package struct ChainHash: Hashable, Sendable {
  /// Its length in bytes.
  package static let size = 32
  /// What stands before the first record.
  package static let origin = ChainHash(words: (0, 0, 0, 0))

  private let first: UInt64
  private let second: UInt64
  private let third: UInt64
  private let fourth: UInt64

  /// - Parameter words: the bytes in their order in memory.
  init(words: (UInt64, UInt64, UInt64, UInt64)) { (first, second, third, fourth) = words }

  /// The hash of these bytes; `nil` when they are not ``size``.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Self.size else { return nil }
    func word(_ index: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }
    self.init(words: (word(0), word(1), word(2), word(3)))
  }

  /// The hash of these bytes; `nil` when they are not ``size``.
  package init?(_ bytes: [UInt8]) {
    guard let hash = bytes.withUnsafeBytes({ ChainHash($0) }) else { return nil }
    self = hash
  }

  /// The hash that 64 hexadecimal digits say; `nil` for any other text.
  package init?(hex: some StringProtocol) {
    let digits = Array(hex.utf8)
    guard digits.count == Self.size * 2 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.init(bytes)
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Runs `body` with the bytes.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withUnsafeBytes(of: (first, second, third, fourth)) { try body($0) }
  }

  /// The bytes.
  package var bytes: [UInt8] { withBytes { Array($0) } }

  /// The bytes as 64 hexadecimal digits.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(Self.size * 2)
    withBytes { bytes in
      for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The end of the chain: the latest record's number and hash.
///
/// Whoever keeps one elsewhere can tell later whether anything up to that record was rewritten, even all of it.
package struct ChainTip: Hashable, Sendable {
  /// The record's number; 0 for a journal without any.
  package var sequence: Int64
  package var hash: ChainHash

  /// The tip of an empty journal.
  package static let origin = ChainTip(sequence: 0, hash: .origin)

  /// A tip; see the fields.
  package init(sequence: Int64, hash: ChainHash) {
    self.sequence = sequence
    self.hash = hash
  }

  /// The tip that a text of the form `SEQUENCE:HASH` says; `nil` for any other text.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let sequence = Int64(parts[0]), sequence >= 0, let hash = ChainHash(hex: parts[1])
    else { return nil }
    self.init(sequence: sequence, hash: hash)
  }

  /// The tips in a text, e.g. of a log: wherever a number, a colon and 64 hexadecimal digits stand together.
  package static func all(in text: some StringProtocol) -> [ChainTip] {
    var tips: [ChainTip] = []
    let isPart = { (byte: UInt8) in
      byte == UInt8(ascii: ":") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
    for word in Array(text.utf8).split(whereSeparator: { !isPart($0) }) where word.count > ChainHash.size * 2
    {
      if let tip = ChainTip(String(decoding: word, as: UTF8.self)) { tips.append(tip) }
    }
    return tips
  }
}

extension ChainTip: CustomStringConvertible {
  package var description: String { "\(sequence):\(hash.hex)" }
}
