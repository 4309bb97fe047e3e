import NIOCore

/// The address that a connection comes from, as clients are counted.
enum ClientAddress {
  /// An IPv4 address; of IPv6 the first half, because whoever has one has 2⁶⁴ of them.
  static func key(_ address: SocketAddress?) -> String {
    guard let address else { return "unknown" }
    switch address {
    // Behind family and port.
    case .v4: return dotted(bytes(of: address, 4..<8))
    case .v6:
      // Behind family, port and flow.
      let bytes = bytes(of: address, 8..<24)
      guard bytes.count == 16 else { return "unknown" }
      // IPv4, as a socket for both shows it.
      if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
        return dotted(Array(bytes[12...]))
      }
      let groups = stride(from: 0, to: 8, by: 2).map {
        String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
      }
      return groups.joined(separator: ":") + "::/64"
    case .unixDomainSocket: return "unknown"
    }
  }

  /// Bytes of the kernel's `sockaddr`; none when it is shorter.
  private static func bytes(of address: SocketAddress, _ range: Range<Int>) -> [UInt8] {
    address.withSockAddr { pointer, size in
      let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(pointer), count: size)
      return size >= range.upperBound ? Array(bytes[range]) : []
    }
  }

  private static func dotted(_ bytes: [UInt8]) -> String { bytes.map { "\($0)" }.joined(separator: ".") }
}
