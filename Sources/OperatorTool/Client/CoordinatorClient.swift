import AccessTokens
import FoundationEssentials
import HTTPBackend
import IncidentModel
import Threads

/// JSON from the coordinator, read and as it came.
struct Answer {
  var bytes: [UInt8]
  var value: JSONValue
}

/// Asks the coordinator over HTTP; everything that goes wrong becomes a `ToolError` that says what to do.
///
/// Of several coordinators it asks the first that answers, and stays with it.
struct CoordinatorClient {
  /// How long one of several may take before the next is asked.
  static let patience = Duration.seconds(3)

  private let bases: [String]
  /// The one that answered last.
  private let current = Locked(0)
  private let client: HTTPClient
  private let token: AccessToken?

  /// A client of coordinators.
  /// - Parameters:
  ///   - bases: their URLs; there must be one.
  ///   - token: what is shown to them.
  ///   - authority: a PEM file with whose certificates are trusted; `nil` for what the system trusts.
  init(bases: [String], token: AccessToken? = nil, authority: String? = nil) {
    self.bases = bases.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    self.token = token
    client = HTTPClient(userAgent: "aiopsctl/\(AIOpsVersion.current)", authority: authority)
  }

  /// The headers with the token, if there is one.
  private func headers(_ headers: [(String, String)]) -> [(String, String)] {
    headers + (token.map { [("Authorization", "Bearer \($0.exposed)")] } ?? [])
  }

  /// The URL of the coordinator that is asked.
  var base: String { bases[current.withLock { $0 } % bases.count] }

  /// Turns to the next coordinator.
  func moveOn() { current.withLock { $0 += 1 } }

  func get(_ path: String) async throws -> Answer {
    try await send { HTTPRequest(url: $0 + path, headers: headers([("Accept", "application/json")])) }
  }

  func post(_ path: String, _ body: some Encodable) async throws -> Answer {
    let data = try JSONCoding.encoder().encode(body)
    return try await send {
      HTTPRequest(
        method: "POST", url: $0 + path,
        headers: headers([("Accept", "application/json"), ("Content-Type", "application/json")]),
        body: Array(data))
    }
  }

  private func send(_ make: (String) -> HTTPRequest) async throws -> Answer {
    var first: ToolError?
    for attempt in 1...bases.count {
      let base = base
      var request = make(base)
      if attempt < bases.count, request.method == "GET" { request.timeout = Self.patience }
      do {
        return try answer(await client.send(request), base)
      } catch let error as HTTPError {
        first = first ?? failure(error, base)
        // Whether a word that got no answer was taken is not known: it must not be said twice in silence.
        let wasNotSent =
          switch error {
          case .unreachable, .untrusted: true
          default: false
          }
        guard request.method == "GET" || wasNotSent else { break }
        moveOn()
      }
    }
    throw first ?? ToolError(message: "no coordinator is named", status: 64)
  }

  private func answer(_ response: HTTPResponse, _ base: String) throws -> Answer {
    guard (200...299).contains(response.status) else { throw refusal(response, base) }
    guard let value = JSONValue(response.body) else {
      throw ToolError(message: "\(redactedURL(base)) answered no JSON; is it a coordinator?")
    }
    return Answer(bytes: response.body, value: value)
  }

  /// One connection to the stream of changes, until it ends.
  /// - Returns: whether it may be taken up again.
  func follow(_ watcher: Watcher) async throws -> Bool {
    let base = base
    var headers = headers([("Accept", "text/event-stream")])
    if let last = watcher.lastEventID { headers.append(("Last-Event-ID", last)) }
    let request = HTTPRequest(url: base + "/aiops/stream", headers: headers)
    watcher.connecting()
    do {
      // The coordinator sends something every few seconds; a silent stream is a dead one.
      let response = try await client.stream(request, silence: .seconds(90)) { watcher.take($0) }
      if watcher.isDone { return false }
      if !(200...299).contains(response.status), response.status != 503 || !watcher.hasConnected {
        throw refusal(response, base)
      }
      let type = response.header("content-type") ?? ""
      if (200...299).contains(response.status), !type.lowercased().hasPrefix("text/event-stream") {
        throw ToolError(message: "\(redactedURL(base)) answered no stream of events; is it a coordinator?")
      }
    } catch let error as HTTPError {
      if watcher.isDone { return false }
      if error == .cancelled { throw CancellationError() }
      guard watcher.hasConnected || watcher.mayTryAnother(of: bases.count) else { throw failure(error, base) }
    }
    moveOn()
    return true
  }

  private func failure(_ error: HTTPError, _ base: String) -> ToolError {
    let remedy =
      "; start it with scripts/up or aiops-coordinator, or name it with --coordinator"
    let at = "cannot reach the coordinator at \(redactedURL(base)): "
    return switch error {
    case .unreachable(_, let reason):
      ToolError(message: at + Terminal.visible(reason) + remedy, status: ToolError.unavailable)
    case .timedOut(_, let seconds):
      ToolError(message: at + "no answer within \(seconds) s" + remedy, status: ToolError.unavailable)
    case .untrusted(_, let reason):
      ToolError(
        message:
          "the certificate of \(redactedURL(base)) is not trusted: \(Terminal.visible(reason)); name the "
          + "authority that signed it with --authority FILE or AIOPS_CA_FILE",
        status: ToolError.unavailable)
    case .failed(_, let reason):
      ToolError(message: at + Terminal.visible(reason) + remedy, status: ToolError.unavailable)
    case .invalidRequest(let reason):
      ToolError(message: "--coordinator: \(Terminal.visible(reason))", status: 64)
    default: ToolError(message: Terminal.visible(error.description))
    }
  }

  /// An answer that is no success, with the problem's own words (RFC 9457).
  private func refusal(_ response: HTTPResponse, _ base: String) -> ToolError {
    let problem = JSONValue(response.body)
    let status = response.status == 503 ? ToolError.unavailable : 1
    guard let problem, let said = (problem["detail"] ?? problem["title"])?.text, !said.isEmpty else {
      return ToolError(
        message: "\(redactedURL(base)) answered \(response.status)"
          + (response.status == 404 ? "; is it a coordinator?" : ""), status: status)
    }
    var lines = ["\(Terminal.visible(said)) (\(response.status))"]
    let failures = problem["errors"]?.list ?? []
    if failures.count > 1 {
      lines += failures.map { "  \($0["field"]?.shown ?? ""): \($0["message"]?.shown ?? "")" }
    }
    if let remedy = remedy(response.status) { lines.append("  " + remedy) }
    return ToolError(message: lines.joined(separator: "\n"), status: status)
  }

  /// What whoever is not let in can do about it.
  private func remedy(_ status: Int) -> String? {
    switch status {
    case 401 where token == nil:
      "give a token: --token-file FILE, AIOPS_TOKEN_FILE or AIOPS_TOKEN; an administrator makes one with "
        + "aiopsctl tokens new NAME --role viewer|operator|admin"
    case 401:
      "see to the token that is given by --token-file, AIOPS_TOKEN or AIOPS_TOKEN_FILE; an administrator makes "
        + "a new one with aiopsctl tokens new"
    case 403 where token != nil: "an administrator can give you a token with that role: aiopsctl tokens new"
    default: nil
    }
  }
}
