/// Why there is no answer. URLs in the messages have neither user, password, query nor fragment.
package enum HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The request cannot be sent as it is.
  case invalidRequest(String)
  /// Nobody answers there: no such name, no listener, no route.
  case unreachable(url: String, reason: String)
  /// The answer took longer than the request allows.
  case timedOut(url: String, seconds: Double)
  /// The answer is larger than the client takes.
  case tooLarge(url: String, limitBytes: Int)
  /// The server's certificate is not trusted; nothing was sent.
  case untrusted(url: String, reason: String)
  /// The exchange broke off, or what came is not HTTP.
  case failed(url: String, reason: String)
  /// The task was cancelled.
  case cancelled
  /// The client was shut down.
  case shutDown

  package var description: String {
    switch self {
    case .invalidRequest(let reason): "the HTTP request cannot be sent: \(reason)"
    case .unreachable(let url, let reason):
      "\(url) cannot be reached: \(reason); check the address and that the server runs"
    case .timedOut(let url, let seconds): "\(url) did not answer within \(seconds) s"
    case .tooLarge(let url, let limit): "the answer of \(url) is larger than \(limit) bytes"
    case .untrusted(let url, let reason): "the certificate of \(url) is not trusted: \(reason)"
    case .failed(let url, let reason): "the exchange with \(url) failed: \(reason)"
    case .cancelled: "the HTTP request was cancelled"
    case .shutDown: "the HTTP client is shut down"
    }
  }
}

/// A URL as it may be shown: without user, password, query and fragment, which may hold secrets.
package func redactedURL(_ url: String) -> String {
  guard let separator = url.firstRange(of: "://") else { return "(URL)" }
  let scheme = String(url[..<separator.upperBound])
  let rest = url[separator.upperBound...]
  let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
  // A password with a slash or a question mark in it reaches into what looks like path or query.
  if rest[authority.endIndex...].contains("@") { return scheme + "…" }
  let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
  let path = rest[authority.endIndex...].prefix { $0 != "?" && $0 != "#" }
  return scheme + String(host) + String(path)
}
