package import Logging

/// The coordinator's side of the bus: a ROUTER that agents talk to, and a PUB for the changes.
///
/// ```swift
/// let server = BusServer(busEndpoint: "tcp://127.0.0.1:7711", changesEndpoint: "tcp://127.0.0.1:7712", logger: logger)
/// let endpoints = try await server.start()
/// for await (peer, message) in server.incoming { … await server.send(answer, to: peer) }
/// await server.close()
/// ```
package actor BusServer {
  /// Where a server can be reached.
  package struct Endpoints: Hashable, Sendable {
    /// For agents.
    package var bus: String
    /// For subscribers of the changes.
    package var changes: String
  }

  /// A server that is not started yet.
  /// - Parameters:
  ///   - busEndpoint: where agents connect, e.g. `tcp://127.0.0.1:7711`; port `*` or `0` lets the kernel choose.
  ///   - changesEndpoint: where the changes are published.
  ///   - security: how peers know each other.
  ///   - logger: for what is refused and dropped.
  package init(
    busEndpoint: String, changesEndpoint: String, security: BusSecurity = .none, logger: Logger
  ) {
  }

  /// Binds both sockets.
  /// - Returns: the real addresses, with the ports that the kernel chose.
  @discardableResult
  package func start() throws(BusError) -> Endpoints {
    throw .closed
  }

  /// The real addresses; `nil` unless started.
  package var endpoints: Endpoints? { nil }

  /// What was counted so far.
  package var counters: BusCounters { BusCounters() }

  /// The messages as they come, for one consumer. Nothing is read ahead of the consumer but one small
  /// batch, so a slow one slows the agents down instead of filling memory.
  ///
  /// Ends when the server is closed or the consumer's task is cancelled.
  package nonisolated var incoming: Incoming { Incoming() }

  /// See ``BusServer/incoming``.
  package struct Incoming: AsyncSequence, Sendable {
    /// See ``BusServer/incoming``.
    package struct Iterator: AsyncIteratorProtocol {
      package mutating func next() async -> (PeerID, AgentMessage)? { nil }
    }
    package func makeAsyncIterator() -> Iterator { Iterator() }
  }

  /// Sends to one agent. Never waits: what a slow or dead peer does not take is dropped and counted.
  @discardableResult
  package func send(_ message: CoordinatorMessage, to peer: PeerID) -> Delivery { .unroutable }

  /// Tells all subscribers. Never waits; a subscriber that misses it sees the gap in the numbers.
  package func publish(_ change: Change) {}

  /// Closes both sockets and ends ``incoming``. What the transport still holds is flushed for 300 ms at most.
  package func close() async {}
}
