import HTTPTypes
import Hummingbird

/// What a request's Host, Origin and Sec-Fetch-Site say about who made a browser send it.
enum SitePolicy {
  /// Refuses a request without one sane Host header.
  ///
  /// - Parameter mustBeLoopback: whether the header must name this machine. An API without tokens needs that
  ///   against DNS rebinding: a name that an attacker points at 127.0.0.1 is still that name. With tokens such a
  ///   page gets nothing, because a browser sends neither a token nor another name's cookie with it.
  static func checkHost(_ request: Request, mustBeLoopback: Bool) throws(Problem) {
    guard let authority = request.head.authority,
      !request.headers.contains(where: { $0.name.canonicalName == "host" })
    else {
      throw Problem(.badRequest, "The request must have one Host header.")
    }
    let host = LoopbackPolicy.host(ofAuthority: authority)
    guard mustBeLoopback else {
      guard let host, isSane(host) else { throw Problem(.badRequest, "The Host header is not a host.") }
      return
    }
    guard let host, LoopbackPolicy.isLoopback(host: host) else {
      throw .forbidden(
        "The Host header must name this machine: localhost, 127.0.0.1 or [::1].", .crossSite)
    }
  }

  /// Refuses what a page of another site made a browser send.
  ///
  /// - Parameters:
  ///   - schemes: those under which browsers know this API.
  ///   - mustBeSaid: whether the browser must say where it comes from, as every one does that posts.
  static func checkSite(_ request: Request, schemes: [String], mustBeSaid: Bool) throws(Problem) {
    let authority = request.head.authority?.lowercased() ?? ""
    let origin = request.headers[.origin]?.lowercased()
    if let origin, !schemes.contains(where: { origin == "\($0)://\(authority)" }) {
      throw .forbidden("A web page of another origin may not change anything here.", .crossSite)
    }
    let site = request.headers.first(named: "Sec-Fetch-Site")
    if let site, site != "same-origin", site != "none" {
      throw .forbidden("A web page of another site may not change anything here.", .crossSite)
    }
    if mustBeSaid, origin == nil, site == nil {
      throw .forbidden(
        "What comes with a cookie must say by Origin or Sec-Fetch-Site that it comes from here; programs "
          + "send a token instead.", .crossSite)
    }
  }

  /// Whether a host's text is one that could be a name or an address.
  private static func isSane(_ host: String) -> Bool {
    (1...255).contains(host.utf8.count)
      && host.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
          true
        default: false
        }
      }
  }
}
