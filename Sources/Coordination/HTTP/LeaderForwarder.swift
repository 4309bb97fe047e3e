import AccessTokens
import HTTPBackend
import HTTPTypes
import Hummingbird
import IncidentModel
import NIOCore
import Settings
import Threads

/// Hands what only the leader may take to the leader, and its answer back as it came.
///
/// The caller's token goes along, so that the leader decides itself who may do what; a browser's session stands for
/// the token with which it began. Without tokens only an address of this machine is talked to, whatever the journal
/// says of the leader. With TLS the leader must show a certificate of the configured authority.
final class LeaderForwarder: Sendable {
  /// Says by its presence that a standby passed the request on; it isn't passed on a second time.
  static let mark = "X-AIOps-Forwarded"

  private let patience: Duration
  private let security: HTTPSecuritySettings
  /// Made with the first request: a coordinator that always leads needs no thread for it.
  private let client = Locked<HTTPClient?>(nil)

  /// - Parameters:
  ///   - patience: how long the leader may take to answer.
  ///   - security: how coordinators are reached; the same for all of them.
  init(patience: Duration, security: HTTPSecuritySettings) {
    self.patience = patience
    self.security = security
  }

  /// The leader's answer.
  /// - Parameters:
  ///   - method: `GET` or `POST`.
  ///   - path: with its query.
  ///   - body: was read and is within its bound; empty for none.
  ///   - leader: `host:port` of its API.
  ///   - sender: this coordinator's run.
  ///   - credential: the caller's token; `nil` where there are none.
  func ask(
    _ method: String, _ path: String, body: [UInt8], of leader: String, from sender: String,
    credential: AccessToken?
  ) async throws -> Response {
    guard let host = LoopbackPolicy.host(ofAuthority: leader),
      LoopbackPolicy.isLoopback(host: host) || security.missingBeyondLoopback == nil
    else {
      throw Problem.unavailable(
        "Another coordinator leads, and its API is not on this machine; ask it itself.")
    }
    var headers = [(Self.mark, sender), ("Accept", "*/*")]
    if let credential { headers.append(("Authorization", "Bearer \(credential.exposed)")) }
    if !body.isEmpty { headers.append(("Content-Type", "application/json")) }
    let client = client.withLock { client in
      let it =
        client
        ?? HTTPClient(
          userAgent: "aiops-coordinator/\(AIOpsVersion.current)", authority: security.tls?.authority)
      client = it
      return it
    }
    let request = HTTPBackend.HTTPRequest(
      method: method, url: "\(security.tls == nil ? "http" : "https")://\(leader)\(path)", headers: headers,
      body: body, timeout: patience)
    do {
      return Self.response(try await client.send(request))
    } catch .unreachable {
      throw Problem.unavailable(
        "The coordinator that leads, at \(leader), is away; nothing was taken. Another one takes over within "
          + "seconds.", retryAfter: 2)
    } catch .untrusted(_, let reason) {
      throw Problem.unavailable(
        "The coordinator that leads, at \(leader), shows a certificate that is not trusted here (\(reason)); "
          + "nothing was taken. Set security.tls.authority and coordinator.http_advertise.")
    } catch {
      throw Problem(
        .gatewayTimeout,
        "The coordinator that leads, at \(leader), did not answer; whether it took this is not known. "
          + "Look, and say it again if it did not.")
    }
  }

  private static func response(_ answer: HTTPBackend.HTTPResponse) -> Response {
    var headers: HTTPFields = [:]
    for name in ["Content-Type", "Retry-After", "Allow", "WWW-Authenticate"] {
      if let field = HTTPField.Name(name), let value = answer.header(name) { headers[field] = value }
    }
    return Response(
      status: HTTPTypes.HTTPResponse.Status(code: answer.status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
  }

  deinit { client.withLock { $0?.shutdown() } }
}

extension APIResponder {
  /// The leader's answer to what only a leader may take or knows; `nil` when this coordinator leads itself.
  /// - Parameters:
  ///   - path: asked of the leader; the request's own unless said.
  ///   - body: sent to it; the request's own unless said.
  func forwarded(
    _ request: Request, of caller: Caller, path: String? = nil, body: [UInt8]? = nil
  ) async throws -> Response? {
    let leader: String
    switch await api.writer() {
    case .me: return nil
    case .nobody:
      throw Problem.unavailable("No coordinator leads at the moment; one will within seconds.", retryAfter: 2)
    case .unreachable:
      throw Problem.unavailable(
        "Another coordinator leads, whose API has no address that is known here; give every coordinator a "
          + "port in coordinator.http.")
    case .other(let http): leader = http
    }
    guard request.headers.first(named: LeaderForwarder.mark) == nil else {
      throw Problem.unavailable("The leadership changed while this was passed on; try again.", retryAfter: 1)
    }
    // Not with `??`, which takes no `await`.
    let content: [UInt8]
    if let body { content = body } else { content = try await self.body(of: request) }
    return try await forwarder.ask(
      request.method == .post ? "POST" : "GET", path ?? request.uri.description, body: content, of: leader,
      from: api.instance, credential: caller.credential)
  }
}
