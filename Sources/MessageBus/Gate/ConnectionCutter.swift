import Glibc

/// Ends every connection that others made to an address where this process listens; the listening goes on.
///
/// libzmq can't be told to drop a peer, and sockets that are closed and bound again would race for their address.
/// So the kernel does it: whoever may, connects again within a second and is asked for its key again.
enum ConnectionCutter {
  /// - Parameter endpoint: where it listens, as `ZMQSocket.bind(_:)` told it.
  /// - Returns: how many connections were ended.
  @discardableResult
  static func cut(_ endpoint: String) -> Int {
    guard let place = Place(endpoint) else { return 0 }
    var count = 0
    for descriptor in descriptors() {
      // A descriptor of our own for the same connection: the number may be another file's by the next line.
      let mine = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
      guard mine >= 0 else { continue }
      defer { close(mine) }
      if place.isLocalEnd(of: mine), shutdown(mine, Int32(SHUT_RDWR)) == 0 { count += 1 }
    }
    return count
  }

  /// What is open in this process.
  private static func descriptors() -> [CInt] {
    guard let stream = opendir("/proc/self/fd") else { return Array(3..<65_536) }
    defer { closedir(stream) }
    var found: [CInt] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let number = CInt(name), number > 2 { found.append(number) }
    }
    return found
  }

  /// An address that is listened on.
  private enum Place {
    /// Of IPv4, in the network's byte order; 0 for every interface.
    case tcp(address: UInt32, port: UInt16)
    case local(path: [UInt8])

    init?(_ endpoint: String) {
      if endpoint.hasPrefix("ipc://") {
        self = .local(path: Array(endpoint.dropFirst(6).utf8))
      } else if let (host, port) = BusEndpoint.parts(endpoint), let port = UInt16(port) {
        self = .tcp(address: host == "*" ? 0 : inet_addr(String(host)), port: port.bigEndian)
      } else {
        return nil
      }
    }

    /// Whether a descriptor is a connection that was made to this place.
    func isLocalEnd(of descriptor: CInt) -> Bool {
      var storage = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let status = withUnsafeMutablePointer(to: &storage) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
      }
      guard status == 0, Self.isConnected(descriptor) else { return false }
      let family = CInt(storage.ss_family)
      return withUnsafeBytes(of: &storage) { raw in
        switch self {
        case .tcp(let address, let port):
          guard family == AF_INET else { return false }
          let local = raw.loadUnaligned(as: sockaddr_in.self)
          return local.sin_port == port && (address == 0 || local.sin_addr.s_addr == address)
        case .local(let path):
          guard family == AF_UNIX else { return false }
          let offset = MemoryLayout<sa_family_t>.size
          let bytes = raw[offset..<max(offset, min(Int(length), raw.count))].prefix { $0 != 0 }
          return bytes.elementsEqual(path)
        }
      }
    }

    private static func isConnected(_ descriptor: CInt) -> Bool {
      var storage = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      return withUnsafeMutablePointer(to: &storage) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) } == 0
      }
    }
  }
}
