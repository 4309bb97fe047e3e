import AccessTokens
import HTTPTypes
import Hummingbird
import IncidentModel
import Threads

/// Decides who may do what, and how often: tokens, browsers' sessions, and clients' budgets.
///
/// Without tokens everybody who reaches the API may do everything: on a loopback address that is this machine,
/// on another one only where the config says that it shall be so.
final class AccessGate: Sendable {
  private struct Budgets {
    var requests: RateLimiter
    var failures: RateLimiter
    var logins: RateLimiter
  }

  /// The tokens; `nil` where there are none.
  let tokens: WatchedFiles<TokenList>?
  let isTLS: Bool
  let limits: HTTPLimits
  private let isLoopback: Bool
  private let now: @Sendable () -> Timestamp
  private let sessions: Locked<SessionTable>
  private let budgets: Locked<Budgets>

  /// A gate.
  /// - Parameters:
  ///   - tokens: who may do what; `nil`: everybody everything.
  ///   - isLoopback: whether only this machine reaches the API.
  ///   - isTLS: whether browsers reach it by https.
  ///   - limits: the bounds.
  ///   - now: what tokens' ends are held against.
  init(
    tokens: WatchedFiles<TokenList>?, isLoopback: Bool, isTLS: Bool, limits: HTTPLimits,
    now: @escaping @Sendable () -> Timestamp
  ) {
    self.tokens = tokens
    self.isLoopback = isLoopback
    self.isTLS = isTLS
    self.limits = limits
    self.now = now
    sessions = Locked(SessionTable(capacity: limits.sessions))
    let clients = limits.clients
    budgets = Locked(
      Budgets(
        requests: RateLimiter(rate: limits.requestRate, burst: limits.requestBurst, capacity: clients),
        failures: RateLimiter(rate: limits.failureRate, burst: limits.failureBurst, capacity: clients),
        logins: RateLimiter(rate: limits.loginRate, burst: limits.loginBurst, capacity: clients)))
  }

  /// Whether everybody on this machine, and nobody else, gets in.
  var isLocal: Bool { tokens == nil && isLoopback }

  /// How many browsers are logged in.
  var sessionCount: Int { sessions.withLock { $0.count } }

  /// Lets a request in, or says why not.
  /// - Parameters:
  ///   - kind: what it asks for.
  ///   - address: where it comes from, as ``ClientAddress`` has it.
  /// - Throws: 400 or 403 for its Host, 401, 403 or 429.
  func admit(
    _ request: Request, to kind: RouteKind, from address: String
  ) throws(Problem) -> Caller {
    guard tokens != nil else { return try admitWithoutTokens(request, address) }
    guard let needed = kind.role else {
      let nobody = Caller(name: nil, role: nil, proof: .reach, client: "address \(address)")
      try spend(nobody.client)
      try checkSite(request, mustBeSaid: false)
      return nobody
    }
    let caller = try known(request, address)
    try spend(caller.client)
    guard let role = caller.role, role >= needed else {
      throw .forbidden(
        "This needs a token with the role \(needed.rawValue); \(caller.name ?? "yours") has the role "
          + "\(caller.role?.rawValue ?? "none").", .forbidden)
    }
    // A page can't make a browser send a token, but it can make it send a cookie.
    if caller.proof == .session { try checkSite(request, mustBeSaid: true) }
    return caller
  }

  /// Whether a caller that was let in would still be; for what lasts.
  func isStillLetIn(_ caller: Caller) -> Bool {
    guard let tokens, caller.proof != .reach else { return true }
    // Whoever logged out elsewhere sees no more either.
    if let cookie = caller.cookie, session(cookie) == nil { return false }
    guard let name = caller.name, let record = tokens.value.record(named: name) else { return false }
    return record.hash == caller.hash && record.role == caller.role && !record.isExpired(at: now())
  }

  private func admitWithoutTokens(_ request: Request, _ address: String) throws(Problem) -> Caller {
    let caller = Caller(name: nil, role: .admin, proof: .reach, client: "address \(address)")
    // On this machine every program has the same address, and may do everything anyway.
    if !isLoopback { try spend(caller.client) }
    if request.method != .get, request.method != .head {
      try SitePolicy.checkSite(request, schemes: [isTLS ? "https" : "http"], mustBeSaid: false)
    }
    return caller
  }

  private func checkSite(_ request: Request, mustBeSaid: Bool) throws(Problem) {
    guard request.method != .get, request.method != .head else { return }
    // Before plain HTTP there may be a proxy that speaks TLS to browsers.
    try SitePolicy.checkSite(
      request, schemes: isTLS ? ["https"] : ["http", "https"], mustBeSaid: mustBeSaid)
  }

  /// Checks the Host header.
  func checkHost(_ request: Request) throws(Problem) {
    try SitePolicy.checkHost(request, mustBeLoopback: isLocal)
  }

  private func spend(_ client: String) throws(Problem) {
    guard let wait = budgets.withLock({ $0.requests.take(client, at: .now) }) else { return }
    throw .tooMany(
      "Too many requests: \(limits.requestRate) a second in the long run; ask less often.", after: wait, .rate
    )
  }

  // MARK: Tokens

  /// Who sends a request.
  private func known(_ request: Request, _ address: String) throws(Problem) -> Caller {
    do throws(Problem) {
      if let token = try Self.token(of: request) { return try caller(token, .bearer) }
      if let (session, cookie) = session(of: request) {
        var caller = try caller(session.credential, .session)
        caller.cookie = cookie
        return caller
      }
      throw .unauthenticated(
        "This needs a token: send \"Authorization: Bearer TOKEN\". An administrator makes one with aiopsctl "
          + "tokens new; browsers log in at /login.", error: nil)
    } catch {
      // What carries a good token is never held up by others of its address that do not.
      guard let wait = budgets.withLock({ $0.failures.take(address, at: .now) }) else { throw error }
      throw .tooMany(
        "Too many requests without a good token; see to the token first.", after: wait, .attempts)
    }
  }

  /// The caller that a token stands for.
  /// - Throws: 401 when it is worth nothing.
  private func caller(_ token: AccessToken, _ proof: Caller.Proof) throws(Problem) -> Caller {
    guard let record = tokens?.value.record(of: token) else {
      throw .unauthenticated(
        "The token is not known; it may have been revoked. Ask for a new one.", error: "invalid_token")
    }
    if let expires = record.expires, record.isExpired(at: now()) {
      throw .unauthenticated(
        "The token \(record.name) expired at \(expires.rfc3339); ask for a new one.", error: "invalid_token")
    }
    return Caller(
      name: record.name, role: record.role, proof: proof, hash: record.hash, credential: token,
      client: "token \(record.name)")
  }

  /// The token of the Authorization header; `nil` where there is none.
  private static func token(of request: Request) throws(Problem) -> AccessToken? {
    let fields = request.headers[values: .authorization]
    guard let field = fields.first else { return nil }
    let parts = field.split(separator: " ", omittingEmptySubsequences: true)
    guard fields.count == 1, parts.count == 2, parts[0].lowercased() == "bearer",
      let token = AccessToken(String(parts[1]))
    else {
      throw .unauthenticated(
        "The Authorization header must be \"Bearer\" and a token as aiopsctl tokens new prints it.",
        error: "invalid_token")
    }
    return token
  }
}

// MARK: Sessions of browsers

extension AccessGate {
  /// What came of a browser's attempt to log in.
  enum Login: Sendable {
    /// It did, with a token of this name; the value of its Set-Cookie.
    case done(name: String, cookie: String)
    /// The token is worth nothing.
    case refused(Problem)
  }

  /// Begins a session for whoever has a token.
  /// - Returns: also what is refused, so that the page can say so.
  func login(_ text: String, _ request: Request, from address: String) -> Login {
    do throws(Problem) {
      guard let token = AccessToken(text.trimmingSpace) else {
        throw .unauthenticated("That is not a token.", error: "invalid_token")
      }
      let caller = try caller(token, .session)
      var random = SystemRandomNumberGenerator()
      let value = AccessToken(using: &random).exposed.dropFirst(AccessToken.prefix.count)
      let now = now()
      let expires = caller.name.flatMap { tokens?.value.record(named: $0)?.expires }
      let end = min(now + limits.sessionTime, expires ?? now + limits.sessionTime)
      let session = BrowserSession(name: caller.name ?? "", credential: token, end: end)
      sessions.withLock { $0.add(session, cookie: String(value), at: now) }
      return .done(name: session.name, cookie: setCookie(String(value), request))
    } catch {
      // What carries a good token is never held up, as above.
      guard let wait = budgets.withLock({ $0.logins.take(address, at: .now) }) else { return .refused(error) }
      return .refused(.tooMany("Too many attempts to log in; wait a moment.", after: wait, .attempts))
    }
  }

  /// Ends a browser's session.
  /// - Returns: the value of the Set-Cookie that makes the browser forget it.
  func logout(_ request: Request) -> String {
    if let cookie = Self.cookie(cookieName(request), of: request) {
      sessions.withLock { $0.end(cookie: cookie) }
    }
    return setCookie("", request) + "; Max-Age=0"
  }

  private func session(of request: Request) -> (session: BrowserSession, cookie: String)? {
    guard let cookie = Self.cookie(cookieName(request), of: request) else { return nil }
    return session(cookie).map { ($0, cookie) }
  }

  private func session(_ cookie: String) -> BrowserSession? {
    let now = now()
    return sessions.withLock { $0.session(cookie: cookie, at: now) }
  }

  private func setCookie(_ value: String, _ request: Request) -> String {
    "\(cookieName(request))=\(value); Path=/; HttpOnly; SameSite=Strict" + (isTLS ? "; Secure" : "")
  }

  /// Cookies of one host are the same for all its ports, and two coordinators may share a host: hence the port.
  private func cookieName(_ request: Request) -> String {
    let authority = request.head.authority ?? ""
    let port = authority.split(separator: ":").last.flatMap { UInt16($0) }
    let isNamed = authority.contains(":") && !authority.hasSuffix("]")
    let suffix = isNamed ? port.map { "_\($0)" } ?? "" : ""
    return (isTLS ? "__Host-" : "") + "aiops_session" + suffix
  }

  private static func cookie(_ name: String, of request: Request) -> String? {
    for field in request.headers[values: .cookie] {
      for pair in field.split(separator: ";") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == name[...] else { continue }
        return String(parts[1])
      }
    }
    return nil
  }
}

extension String {
  /// Without the blanks and line breaks around it that come with what is pasted.
  fileprivate var trimmingSpace: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
