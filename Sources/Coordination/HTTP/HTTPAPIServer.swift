import Glibc
import Hummingbird
import HummingbirdCore
package import IncidentModel
package import Logging
import NIOCore
import ServiceLifecycle
import Threads

/// Why the HTTP API can't be served.
package enum HTTPServerError: Error, Sendable, Equatable {
  /// The address is not one of this machine alone.
  case notLoopback(host: String)
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
    case .notLoopback(let host):
      "coordinator.http_host is \(host), but the HTTP API only listens on this machine's own addresses "
        + "as long as it knows no keys and tokens; set it to 127.0.0.1."
    case .badPort(let port):
      "coordinator.http_port is \(port); it must be from 0, which takes a free one, to 65535."
    case .addressInUse(let host, let port):
      "The HTTP API can't listen on \(host) port \(port): another program does; end that one, or set "
        + "coordinator.http_port to another port."
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
  private let listening = Locked(Listening.notYet([]))

  /// A server that does not listen yet.
  /// - Parameters:
  ///   - api: who answers.
  ///   - host: a loopback address, or `localhost`.
  ///   - port: 0 takes a free one, which ``boundPort()`` tells.
  ///   - limits: the bounds.
  ///   - now: the clock that alerts' timestamps are held against.
  /// - Throws: ``HTTPServerError`` when it must not listen there.
  package init(
    api: any CoordinatorAPI, host: String, port: Int, limits: HTTPLimits = HTTPLimits(),
    now: @escaping @Sendable () -> Timestamp, logger: Logger
  ) throws(HTTPServerError) {
    guard LoopbackPolicy.isLoopback(host: host) else { throw .notLoopback(host: host) }
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
    responder = APIResponder(
      api: api, limits: limits, now: now, forwarder: LeaderForwarder(patience: limits.forwardTime))
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
  package var openStreams: Int { responder.streams.withLock { $0 } }

  /// Serves until it is shut down gracefully, which ends open streams, or cancelled.
  /// - Throws: ``HTTPServerError`` when it can't listen.
  package func run() async throws {
    defer { settle(.over) }
    let connections = OpenConnections()
    var configuration = HTTP1Channel.Configuration(
      additionalChannelHandlers: [
        ConnectionGuard(maxBodyBytes: self.limits.drainBytes, connections: connections)
      ],
      idleTimeout: .milliseconds(limits.idle.milliseconds))
    configuration.httpDecoder.maxHeaderListSize = limits.headerBytes
    configuration.httpDecoder.maxHeaderFieldSize = limits.headerBytes
    configuration.httpDecoder.maxHeaderFieldCount = limits.headerFields
    let application = Application(
      responder: responder,
      server: .http1(configuration: configuration),
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port),
        availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
      onServerRunning: { [weak self] channel in
        if let port = channel.localAddress?.port { self?.settle(.on(port: port)) }
      },
      logger: logger)
    do {
      try await withTaskCancellationOrGracefulShutdownHandler {
        try await application.run()
      } onCancelOrGracefulShutdown: { [limits] in
        connections.cutAll(after: .milliseconds(limits.shutdown.milliseconds))
      }
    } catch let error as IOError {
      if error.errnoCode == EADDRINUSE { throw HTTPServerError.addressInUse(host: host, port: port) }
      throw HTTPServerError.failed(host: host, port: port, detail: "\(error)")
    }
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
