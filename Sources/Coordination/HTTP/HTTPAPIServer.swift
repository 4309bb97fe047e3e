import AccessTokens
import Glibc
import Hummingbird
import HummingbirdCore
package import IncidentModel
package import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
package import Settings
import Threads

/// Why the HTTP API can't be served.
package enum HTTPServerError: Error, Sendable, Equatable {
  /// The address is not one of this machine alone, and what that needs is not configured.
  case notLoopback(host: String, missing: String)
  /// The tokens can't be read.
  case badTokens(String)
  /// The certificate can't be used.
  case badCertificate(String)
  /// The port is no port.
  case badPort(Int)
  /// Somebody else listens there.
  case addressInUse(host: String, port: Int)
  /// The address can't be listened on for another reason.
  case failed(host: String, port: Int, detail: String)
}

extension HTTPServerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notLoopback(let host, let missing):
      "coordinator.http listens on \(host), which other machines may reach; that needs \(missing). Set that, or "
        + "listen on 127.0.0.1. With security.insecure: true it is not asked for."
    case .badTokens(let reason): "security.tokens: \(reason)."
    case .badCertificate(let reason): "security.tls: \(reason)."
    case .badPort(let port):
      "The port of coordinator.http is \(port); it must be from 0, which takes a free one, to 65535."
    case .addressInUse(let host, let port):
      "The HTTP API can't listen on \(host) port \(port): another program does; end that one, or set "
        + "coordinator.http to another port."
    case .failed(let host, let port, let detail):
      "The HTTP API can't listen on \(host) port \(port): \(detail)."
    }
  }
}

/// The coordinator's HTTP API as a service: `run()` serves until it is shut down gracefully or cancelled.
package final class HTTPAPIServer: Service {
  private enum Listening {
    case notYet([AsyncStream<Int>.Continuation])
    case on(port: Int)
    case over
  }

  private let responder: APIResponder
  private let host: String
  private let port: Int
  private let limits: HTTPLimits
  private let logger: Logger
  private let security: HTTPSecuritySettings
  private let tokens: WatchedFiles<TokenList>?
  private let certificate: WatchedFiles<NIOSSLContext>?
  private let listening = Locked(Listening.notYet([]))

  /// A server that does not listen yet.
  /// - Parameters:
  ///   - api: who answers.
  ///   - host: a loopback address or `localhost`; with tokens and TLS any address of this machine.
  ///   - port: 0 takes a free one, which ``boundPort()`` tells.
  ///   - security: tokens and certificates, whose files are read now and again when they change.
  ///   - limits: the bounds.
  ///   - now: the clock that alerts' timestamps are held against.
  /// - Throws: ``HTTPServerError`` when it must not listen there, or a file is wrong.
  package init(
    api: any CoordinatorAPI, host: String, port: Int,
    security: HTTPSecuritySettings = HTTPSecuritySettings(), limits: HTTPLimits = HTTPLimits(),
    now: @escaping @Sendable () -> Timestamp, logger: Logger
  ) throws(HTTPServerError) {
    let isLoopback = LoopbackPolicy.isLoopback(host: host)
    if !isLoopback, let missing = security.missingBeyondLoopback {
      throw .notLoopback(host: host, missing: missing)
    }
    guard (0...65_535).contains(port) else { throw .badPort(port) }
    // Not resolved by name: what localhost means is what a file says.
    self.host =
      switch host.lowercased() {
      case "localhost", "localhost.": "127.0.0.1"
      case "[::1]": "::1"
      default: host
      }
    self.port = port
    self.limits = limits
    self.logger = logger
    self.security = security
    do {
      tokens = try security.tokens.map { path in
        try WatchedFiles([path]) { try TokenFile.read(path) }
      }
    } catch {
      throw .badTokens("\(error)")
    }
    do {
      certificate = try security.tls.map { tls in
        try WatchedFiles([tls.certificate, tls.key]) { try ServerCertificate.load(tls) }
      }
    } catch {
      throw .badCertificate("\(error)")
    }
    let gate = AccessGate(
      tokens: tokens, isLoopback: isLoopback, isTLS: certificate != nil, limits: limits, now: now)
    responder = APIResponder(
      api: api, limits: limits, now: now,
      forwarder: LeaderForwarder(patience: limits.forwardTime, security: security), gate: gate,
      metrics: HTTPMetrics(), connections: OpenConnections(limits), logger: logger)
    warn(isLoopback: isLoopback)
  }

  /// Says what the configuration leaves open.
  private func warn(isLoopback: Bool) {
    if !isLoopback, tokens == nil {
      logger.warning("security.insecure: everybody who reaches the HTTP API may do everything")
    } else if !isLoopback, certificate == nil {
      logger.warning("security.insecure: tokens go over the network in clear")
    }
    if let tokens, tokens.value.records.isEmpty {
      logger.warning("nobody has a token yet; make one with aiopsctl tokens new")
    }
  }

  /// The port it listens on, as soon as it does; `nil` when it never will or no longer does.
  package func boundPort() async -> Int? {
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    listening.withLock { listening in
      switch listening {
      case .notYet(let waiting): listening = .notYet(waiting + [continuation])
      case .on(let port):
        continuation.yield(port)
        continuation.finish()
      case .over: continuation.finish()
      }
    }
    for await port in ports { return port }
    return nil
  }

  /// How many streams of changes are open.
  package var openStreams: Int { responder.streams.withLock { $0.total } }

  /// Serves until it is shut down gracefully, which ends open streams, or cancelled.
  /// - Throws: ``HTTPServerError`` when it can't listen.
  package func run() async throws {
    defer { settle(.over) }
    let (connections, metrics) = (responder.connections, responder.metrics)
    var configuration = HTTP1Channel.Configuration(
      additionalChannelHandlers: [
        ConnectionGuard(limits: self.limits, connections: connections, metrics: metrics)
      ],
      idleTimeout: .milliseconds(limits.idle.milliseconds))
    configuration.httpDecoder.maxHeaderListSize = limits.headerBytes
    configuration.httpDecoder.maxHeaderFieldSize = limits.headerBytes
    configuration.httpDecoder.maxHeaderFieldCount = limits.headerFields
    let http1 = configuration
    let application = Application(
      responder: responder,
      server: HTTPServerBuilder { [certificate] responder in
        let base = HTTP1Channel(responder: responder, configuration: http1)
        guard let certificate else { return base }
        return ReloadedTLSChannel(base: base, certificate: certificate)
      },
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port),
        availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
      onServerRunning: { [weak self] channel in
        if let port = channel.localAddress?.port { self?.settle(.on(port: port)) }
      },
      logger: logger)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await self.watchFiles() }
        defer { group.cancelAll() }
        try await withTaskCancellationOrGracefulShutdownHandler {
          try await application.run()
        } onCancelOrGracefulShutdown: { [limits] in
          connections.cutAll(after: .milliseconds(limits.shutdown.milliseconds))
        }
      }
    } catch let error as IOError {
      if error.errnoCode == EADDRINUSE { throw HTTPServerError.addressInUse(host: host, port: port) }
      throw HTTPServerError.failed(host: host, port: port, detail: "\(error)")
    }
  }

  /// Reads tokens and certificates again when their files change, until its task is cancelled.
  private func watchFiles() async {
    guard tokens != nil || certificate != nil else { return }
    while (try? await Task.sleep(for: limits.reload)) != nil {
      if let tokens { tell("tokens", tokens.paths, tokens.look()) }
      if let certificate { tell("tls", certificate.paths, certificate.look()) }
    }
  }

  private func tell(_ what: String, _ paths: [String], _ outcome: ReloadOutcome) {
    switch outcome {
    case .unchanged: return
    case .reloaded:
      logger.notice("security.\(what) was read again", metadata: ["files": .array(paths.map { "\($0)" })])
    case .broken(let reason):
      logger.error(
        "security.\(what) changed and can't be used; what was there before still holds",
        metadata: ["reason": "\(reason)"])
    }
    responder.metrics.reloaded(what, isBroken: outcome != .reloaded)
  }

  private func settle(_ state: Listening) {
    let waiting = listening.withLock { listening -> [AsyncStream<Int>.Continuation] in
      defer { listening = state }
      if case .notYet(let waiting) = listening { return waiting }
      return []
    }
    for continuation in waiting {
      if case .on(let port) = state { continuation.yield(port) }
      continuation.finish()
    }
  }
}
