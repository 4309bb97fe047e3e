/// Text from outside as a page shows it.
///
/// Names, labels, log lines and findings are data: what HTML would take for markup is escaped, and characters
/// that are not shown, hide others or turn the direction of writing round are written as `\u{…}`.
package enum VisibleText {
  /// Bytes of one text that are shown at the most, unless said.
  package static let limit = 4_096

  /// Appends `text` for use between tags and in quoted attributes.
  static func append(_ text: String, limit: Int, to bytes: inout [UInt8]) {
    let utf8 = text.utf8
    if utf8.count <= limit, utf8.allSatisfy(isPlain) {
      bytes.append(contentsOf: utf8)
      return
    }
    var left = limit
    for scalar in text.unicodeScalars {
      let width = UTF8.width(scalar)
      guard left >= width else {
        let more = utf8.count - (limit - left)
        bytes.append(contentsOf: "… (\(more) bytes more)".utf8)
        return
      }
      left -= width
      append(scalar, to: &bytes)
    }
  }

  private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    switch scalar {
    case "&": bytes.append(contentsOf: "&amp;".utf8)
    case "<": bytes.append(contentsOf: "&lt;".utf8)
    case ">": bytes.append(contentsOf: "&gt;".utf8)
    case "\"": bytes.append(contentsOf: "&quot;".utf8)
    case "'": bytes.append(contentsOf: "&#39;".utf8)
    case "`": bytes.append(contentsOf: "&#96;".utf8)
    case "\n": bytes.append(UInt8(ascii: "\n"))
    case "\t": bytes.append(contentsOf: "  ".utf8)
    case _ where isHidden(scalar):
      bytes.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
    default: bytes.append(contentsOf: String(scalar).utf8)
    }
  }

  /// Whether a byte needs no look.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"),
      UInt8(ascii: "`"):
      false
    default: (0x20...0x7E).contains(byte)
    }
  }

  /// Whether a character is not shown as itself: controls, separators, directions, and what takes no room.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0xAD, 0x61C, 0x115F, 0x1160, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028...0x202E,
      0x2060...0x206F, 0x3164, 0xFEFF, 0xFFA0, 0xFFF9...0xFFFB, 0xE0000...0xE0FFF:
      true
    // Noncharacters and what belongs to nobody.
    case let value where value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(value): true
    default: false
    }
  }
}
