/// Checks of addresses as text; every answer is what is wrong, or `nil`, and never holds the address.
enum NetworkText {
  /// An `http://` or `https://` URL.
  static func urlObjection(_ url: String) -> String? {
    let rest: Substring
    if url.hasPrefix("http://") {
      rest = url.dropFirst(7)
    } else if url.hasPrefix("https://") {
      rest = url.dropFirst(8)
    } else {
      return "must be an http:// or https:// URL"
    }
    if url.utf8.count > 8192 { return "is longer than 8192 bytes" }
    if url.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F || $0 == "\\" }) {
      return "is not a URL: it holds a space, a backslash or a control character"
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let address = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    guard let parts = split(String(address)) else { return "is not a URL: its host or port is wrong" }
    if parts.host.isEmpty { return "is not a URL: the host is missing" }
    if let port = parts.port, !(1...65_535).contains(port) {
      return "is not a URL: the port must be 1 to 65535"
    }
    return nil
  }

  /// What libpq takes: a URL or `key=value` pairs.
  static func postgresObjection(_ text: String) -> String? {
    if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") { return nil }
    if text.contains("://") { return "must be a postgres:// URL or key=value pairs as libpq takes them" }
    return text.contains("=")
      ? nil : "must be a postgres:// URL or key=value pairs such as \"host=127.0.0.1 dbname=shop\""
  }

  /// A ZeroMQ endpoint.
  /// - Parameter mayLeaveMachine: whether it may be reached from, or be on, another machine.
  static func busObjection(_ endpoint: String, mayLeaveMachine: Bool) -> String? {
    if endpoint.hasPrefix("ipc:///") {
      // The kernel's bound for the path of a local socket.
      return endpoint.utf8.count - 6 <= 107 ? nil : "the path of an ipc:// endpoint may have 107 bytes"
    }
    guard endpoint.hasPrefix("tcp://"), let address = split(String(endpoint.dropFirst(6))),
      let port = address.port
    else { return "must be tcp://127.0.0.1:PORT or ipc:///PATH" }
    if !(1...65_535).contains(port) { return "the port must be 1 to 65535" }
    if isLoopback(address.host) { return nil }
    guard isHost(address.host) || isWildcard(address.host) else {
      return "must be tcp://HOST:PORT with a host name, an IPv4 address or *, or ipc:///PATH"
    }
    if mayLeaveMachine { return nil }
    return "\(Shown.text(address.host)) is not a loopback address; beyond this machine the bus needs keys "
      + "(aiopsctl keys new, then security.key, coordinator_key and allowed), or security.insecure: true to go "
      + "without: set that, or use 127.0.0.1"
  }

  /// Whether an address means every interface of a machine.
  static func isWildcard(_ host: String) -> Bool { host == "*" || host == "0.0.0.0" || host == "::" }

  /// Whether a text is a host's name or an IPv4 address, by its characters.
  static func isHost(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasPrefix(".")
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// Why an address may not be listened on, as long as there are neither keys nor tokens.
  static func loopbackObjection(_ host: String) -> String? {
    if isLoopback(host) { return nil }
    return "\(Shown.text(host)) is not a loopback address; everything is closed by default and there are "
      + "no keys or tokens yet that could open it: use 127.0.0.1"
  }

  static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return parts.count == 4 && parts[0] == 127 && !parts.contains(nil)
  }

  /// Host and port of `host:port`, `[::1]:port` or `host`.
  static func split(_ address: String) -> (host: String, port: Int?)? {
    if address.hasPrefix("[") {
      guard let end = address.firstIndex(of: "]") else { return nil }
      let host = String(address[address.index(after: address.startIndex)..<end])
      let rest = address[address.index(after: end)...]
      if rest.isEmpty { return (host, nil) }
      guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()) else { return nil }
      return (host, port)
    }
    let parts = address.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 1 { return (address, nil) }
    guard parts.count == 2, let port = Int(parts[1]) else { return nil }
    return (String(parts[0]), port)
  }
}
