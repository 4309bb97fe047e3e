import Glibc

/// Addresses of the bus as text.
package enum BusEndpoint {
  /// An address that others can connect to.
  ///
  /// A coordinator that listens on every interface tells an address such as `tcp://0.0.0.0:7712`;
  /// whoever reached it at `other` reaches that at the same host.
  package static func reachable(_ endpoint: String, from other: String) -> String {
    guard let (host, port) = parts(endpoint), host == "0.0.0.0" || host == "*",
      let (otherHost, _) = parts(other)
    else { return endpoint }
    return "tcp://\(otherHost):\(port)"
  }

  /// Whether only this machine can be at, or reach, an address.
  static func isLocal(_ endpoint: String) -> Bool {
    guard let (host, _) = parts(endpoint) else { return true }
    if host == "localhost" { return true }
    let bytes = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return bytes.count == 4 && bytes[0] == 127 && !bytes.contains(nil)
  }

  /// An address that can be listened on: libzmq listens on numbers and interfaces, not on names.
  static func numeric(_ endpoint: String) -> String {
    guard let (host, port) = parts(endpoint), host.contains(where: \.isLetter) else { return endpoint }
    var hints = addrinfo()
    hints.ai_family = AF_INET
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    // What is no host's name may be an interface's, as before.
    guard getaddrinfo(String(host), nil, &hints, &found) == 0, let first = found else { return endpoint }
    defer { freeaddrinfo(first) }
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard
      getnameinfo(
        first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        == 0
    else { return endpoint }
    return
      "tcp://\(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)):\(port)"
  }

  static func parts(_ endpoint: String) -> (host: Substring, port: Substring)? {
    guard endpoint.hasPrefix("tcp://") else { return nil }
    let address = endpoint.dropFirst(6)
    guard let colon = address.lastIndex(of: ":") else { return nil }
    return (address[..<colon], address[address.index(after: colon)...])
  }
}
