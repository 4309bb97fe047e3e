import AccessTokens
import Coordination
import FoundationEssentials
import IncidentModel
import Logging
import Settings
import TestKit
import Threads

/// A file of tokens that a test fills and changes.
struct TestTokens: Sendable {
  let file: String
  private let random = Locked(SeededRandom(seed: 7))

  init(in folder: TemporaryFolder) throws {
    file = folder.path("tokens.json")
    try TokenFile.update(file, mustExist: false) { (_: inout TokenList) throws(TokenFileError) in }
  }

  /// Makes a token, as `aiopsctl tokens new` does.
  @discardableResult
  func make(_ name: String, _ role: AccessRole, expires: Timestamp? = nil) throws -> AccessToken {
    let token = random.withLock { AccessToken(using: &$0) }
    let record = TokenRecord(name: name, role: role, hash: token.hash, created: .start, expires: expires)
    try TokenFile.update(file, mustExist: true) { list throws(TokenFileError) in try list.add(record) }
    return token
  }

  func revoke(_ name: String) throws {
    try TokenFile.update(file, mustExist: true) { list throws(TokenFileError) in try list.revoke(name) }
  }

  /// What the configuration says of them.
  var security: HTTPSecuritySettings {
    var security = HTTPSecuritySettings()
    security.tokens = file
    return security
  }
}

/// Puts a file with other bytes in the place of one, whole.
func overwrite(_ path: String, _ text: String) throws {
  try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
}

extension AccessToken {
  /// The header that shows it.
  var header: String { "Authorization: Bearer \(exposed)" }
}

/// Limits with which a test need not wait, nor be held up.
func quickLimits() -> HTTPLimits {
  var limits = HTTPLimits()
  limits.reload = .milliseconds(20)
  limits.failureBurst = 100_000
  return limits
}

/// Serves `coordinator` on a free port with tokens for as long as `body` runs.
func withGuardedServer(
  _ coordinator: FakeCoordinator = FakeCoordinator(), limits: HTTPLimits = quickLimits(),
  tls: HTTPSecuritySettings.TLS? = nil,
  _ body: (RawHTTP, TestTokens, HTTPAPIServer) async throws -> Void
) async throws {
  try await TemporaryFolder.with("tokens") { folder in
    let tokens = try TestTokens(in: folder)
    var security = tokens.security
    security.tls = tls
    try await withServer(coordinator, limits: limits, security: security) { http, server in
      try await body(http, tokens, server)
    }
  }
}

extension RawHTTP {
  /// The value of a series in `/metrics`, which `token` may read.
  func metric(_ series: String, _ token: AccessToken? = nil) async throws -> Double? {
    let answer = try await send("GET", "/metrics", headers: token.map { [$0.header] } ?? [])
    let line = answer.text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
    return line.flatMap { Double($0.dropFirst(series.count + 1)) }
  }

  /// How often something was refused for a reason.
  func refusals(_ reason: String, _ token: AccessToken? = nil) async throws -> Double? {
    try await metric("aiops_http_requests_refused_total{reason=\"\(reason)\"}", token)
  }
}
