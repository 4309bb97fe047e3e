import Crypto
import FoundationEssentials

/// A bearer token: `aiops_` and 256 random bits. Never shown by its description.
package struct AccessToken: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
  /// What every token begins with, so that scanners of code and logs know one when they see it.
  package static let prefix = "aiops_"
  /// Base64url characters of 32 bytes, without padding.
  private static let digits = 43

  /// The token itself; for the header that carries it and the person who asked for it.
  package let exposed: String

  /// A new token.
  /// - Parameter random: a source that nobody can foresee; a seeded one only in tests.
  package init(using random: inout some RandomNumberGenerator) {
    var bytes: [UInt8] = []
    for _ in 0..<4 {
      withUnsafeBytes(of: random.next() as UInt64) { bytes.append(contentsOf: $0) }
    }
    let text = Data(bytes).base64EncodedString()
    let urlSafe = text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }.filter { $0 != "=" }
    exposed = Self.prefix + String(urlSafe)
  }

  /// The token that a text is; `nil` when it can't be one.
  package init?(_ text: String) {
    guard text.hasPrefix(Self.prefix), text.utf8.count == Self.prefix.utf8.count + Self.digits else {
      return nil
    }
    let isGood = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard isGood else { return nil }
    exposed = text
  }

  /// What is stored of it.
  package var hash: TokenHash { TokenHash(of: exposed) }

  package var description: String { "(token)" }
  package var debugDescription: String { "(token)" }
}

/// What is stored in a token's place: its SHA-256.
///
/// Neither salt nor a slow hash: those protect what people make up and use twice. A token has 256 random
/// bits, which no table holds and no search finds, and it must be checked with every request.
package struct TokenHash: Sendable, Hashable {
  /// 32 of them.
  package let bytes: [UInt8]

  /// The hash of a text.
  package init(of text: String) { bytes = Array(SHA256.hash(data: Data(text.utf8))) }

  /// The hash that 64 hexadecimal digits are; `nil` for anything else.
  package init?(hexadecimal text: String) {
    let digits = text.utf8.compactMap { byte -> UInt8? in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
      default: nil
      }
    }
    guard text.utf8.count == 64, digits.count == 64 else { return nil }
    bytes = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// It as 64 hexadecimal digits.
  package var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Whether they are the same, in a time that does not tell how far they agree.
  package func matches(_ other: TokenHash) -> Bool {
    var difference: UInt8 = 0
    for (a, b) in zip(bytes, other.bytes) { difference |= a ^ b }
    return difference == 0
  }
}
