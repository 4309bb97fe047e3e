import HTTPTypes
import Hummingbird

/// Who may talk to an API that knows neither keys nor tokens: this machine, and no web page of elsewhere.
enum LoopbackPolicy {
  /// Whether a host name or address, without its port, means this machine and nothing else.
  static func isLoopback(host: String) -> Bool {
    var name = host.lowercased()
    if name.hasSuffix(".") { name.removeLast() }
    if name == "localhost" || name == "::1" || name == "[::1]" { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127"
      && parts.allSatisfy { part in
        (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
          && UInt8(part) != nil
      }
  }

  /// The host of `host[:port]`; `nil` when that is malformed.
  static func host(ofAuthority authority: String) -> String? {
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      let rest = authority[authority.index(after: end)...]
      guard rest.isEmpty || isPort(rest) else { return nil }
      return String(authority[...end])
    }
    guard let colon = authority.firstIndex(of: ":") else { return authority }
    return isPort(authority[colon...]) ? String(authority[..<colon]) : nil
  }

  private static func isPort(_ text: Substring) -> Bool {
    text.first == ":" && text.dropFirst().utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// Refuses a request that a web page may have made a browser send.
  ///
  /// The Host header holds against DNS rebinding: a name that an attacker points at 127.0.0.1 is
  /// still that name. The Origin holds against a page that posts across sites.
  static func check(_ request: Request) throws(Problem) {
    guard let authority = request.head.authority,
      !request.headers.contains(where: { $0.name.canonicalName == "host" })
    else {
      throw Problem(.badRequest, "The request must have one Host header.")
    }
    guard let host = host(ofAuthority: authority), isLoopback(host: host) else {
      throw Problem(
        .forbidden, "The Host header must name this machine: localhost, 127.0.0.1 or [::1].")
    }
    guard request.method != .get, request.method != .head else { return }
    if let origin = request.headers[.origin], origin.lowercased() != "http://\(authority.lowercased())" {
      throw Problem(.forbidden, "A web page of another origin may not change anything here.")
    }
    if let site = request.headers.first(named: "Sec-Fetch-Site"), site != "same-origin", site != "none" {
      throw Problem(.forbidden, "A web page of another site may not change anything here.")
    }
  }
}

extension HTTPFields {
  /// The value of the field of that name, which need not be one of those that the library knows.
  func first(named name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }
}
