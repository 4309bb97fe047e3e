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

  private static func parts(_ endpoint: String) -> (host: Substring, port: Substring)? {
    guard endpoint.hasPrefix("tcp://") else { return nil }
    let address = endpoint.dropFirst(6)
    guard let colon = address.lastIndex(of: ":") else { return nil }
    return (address[..<colon], address[address.index(after: colon)...])
  }
}
