import IncidentModel
import SwiftProtobuf

/// The file of a ``DiskSpool``: a mark, then records one after the other.
///
/// A record is its length and two checksums, of the payload and of those eight bytes, then the payload: a
/// kind and what it is about. So a write that was cut off can be told from bytes that were changed.
enum SpoolRecord {
  static let mark = Array("AIOPSSP1".utf8)
  static let headBytes = 12
  /// More than any signal, and any list of ids that is written.
  static let maxPayload = 2 << 20
  /// Ids of one record at the most.
  static let maxIDs = 256

  private static let addedKind: UInt8 = 1
  private static let removedKind: UInt8 = 2

  /// What a record says.
  enum Content {
    case added(PBSignal)
    case removed([String])
  }

  /// What a file holds.
  struct Reading {
    /// Where each waiting signal's payload is.
    var live: [String: Range<Int>] = [:]
    /// Records that were whole but not understood.
    var unreadable = 0
    /// How far the file is good.
    var end = 0
    /// What is wrong behind ``end``, unless it is only a write that was cut off.
    var damage: String?
  }

  static func added(_ signal: Signal) -> [UInt8]? {
    guard let body: [UInt8] = try? PBSignal(signal).serializedBytes() else { return nil }
    return framed([addedKind] + body)
  }

  static func removed(_ ids: some Sequence<String>) -> [UInt8] {
    var payload = [removedKind]
    for id in ids {
      let bytes = Array(id.utf8.prefix(Int(UInt16.max)))
      payload.append(UInt8(truncatingIfNeeded: bytes.count))
      payload.append(UInt8(truncatingIfNeeded: bytes.count >> 8))
      payload += bytes
    }
    return framed(payload)
  }

  static func framed(_ payload: [UInt8]) -> [UInt8] {
    var head = number(UInt32(payload.count)) + number(CRC32.of(payload))
    head += number(CRC32.of(head))
    return head + payload
  }

  static func content(_ payload: ArraySlice<UInt8>) -> Content? {
    guard let kind = payload.first else { return nil }
    let body = payload.dropFirst()
    switch kind {
    case addedKind:
      guard let signal = try? PBSignal(serializedBytes: Array(body)) else { return nil }
      return .added(signal)
    case removedKind:
      var ids: [String] = []
      var rest = body
      while rest.count >= 2 {
        let count = Int(rest[rest.startIndex]) | Int(rest[rest.startIndex + 1]) << 8
        rest = rest.dropFirst(2)
        guard rest.count >= count else { return nil }
        ids.append(String(decoding: rest.prefix(count), as: UTF8.self))
        rest = rest.dropFirst(count)
      }
      return rest.isEmpty ? .removed(ids) : nil
    default: return nil
    }
  }

  /// Reads a file. Whatever the bytes are, what is good before the first damage is found.
  static func read(_ bytes: [UInt8]) -> Reading {
    var reading = Reading()
    guard bytes.starts(with: mark) else {
      if !mark.starts(with: bytes) { reading.damage = "it is no spool" }
      return reading
    }
    reading.end = mark.count
    while reading.end < bytes.count {
      let rest = bytes[reading.end...]
      guard rest.count >= headBytes else { break }
      let start = reading.end
      let length = Int(number(rest, 0))
      guard number(rest, 8) == CRC32.of(rest.prefix(8)), (1...maxPayload).contains(length) else {
        // A machine that lost power may leave zeros where a write was to go.
        if rest.contains(where: { $0 != 0 }) { reading.damage = "byte \(start) begins no record" }
        break
      }
      let payload = rest.dropFirst(headBytes).prefix(length)
      guard payload.count == length else { break }
      guard number(rest, 4) == CRC32.of(payload) else {
        reading.damage = "the record at byte \(start) was changed"
        break
      }
      reading.end = payload.endIndex
      switch content(payload) {
      case .added(let signal): reading.live[signal.id] = payload.indices
      case .removed(let ids): for id in ids { reading.live[id] = nil }
      case nil: reading.unreadable += 1
      }
    }
    return reading
  }

  private static func number(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>, _ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[bytes.startIndex + offset + $1]) << ($1 * 8) }
  }
}

/// The checksum of zip and PNG (ISO 3309).
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
  }

  static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes { value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8) }
    return value ^ 0xFFFF_FFFF
  }
}
