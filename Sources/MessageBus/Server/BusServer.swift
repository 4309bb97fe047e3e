package import Logging

/// The coordinator's side of the bus: a ROUTER that agents talk to, and a PUB for the changes.
///
/// ```swift
/// let server = BusServer(
///   busEndpoint: "tcp://127.0.0.1:7711", changesEndpoint: "tcp://127.0.0.1:7712", logger: logger)
/// let endpoints = try await server.start()
/// for await (peer, message) in server.incoming { … await server.send(answer, to: peer) }
/// await server.close()
/// ```
///
/// With keys nobody connects before ``admit(_:)`` named who may, and every message carries who sent it.
///
/// An agent's ``PeerID`` stays the same when its connection breaks and is made again, but nothing
/// here says who is alive: that is for the coordinator to tell from heartbeats.
package actor BusServer {
  /// Where a server can be reached.
  package struct Endpoints: Hashable, Sendable {
    /// For agents.
    package var bus: String
    /// For subscribers of the changes.
    package var changes: String
  }

  private struct Sockets {
    let router: ZMQSocket
    let publisher: ZMQSocket
    let endpoints: Endpoints
    let gate: Gate?
  }

  /// Messages handed to the consumer at once.
  private static let batch = 256
  /// Messages looked at, good or bad, before others get their turn.
  private static let turn = 512
  /// Messages queued from one agent before it is held back.
  private static let queuedFromAgent: CInt = 256

  nonisolated let loop = ZMQLoop(name: "bus-server")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let busEndpoint: String
  private let changesEndpoint: String
  let security: BusSecurity
  let logger: Logger
  private var sockets: Sockets?
  private var isClosed = false
  /// Who may connect and speak.
  var admission = Admission()

  /// What was counted so far.
  package var counters: BusCounters {
    var result = counts
    result.refused = admission.counts
    return result
  }
  private var counts = BusCounters()
  private var refused: (@Sendable (PeerID, String) -> Void)?

  /// A server that is not started yet.
  /// - Parameters:
  ///   - busEndpoint: where agents connect, e.g. `tcp://127.0.0.1:7711`; port `*` or `0` lets the kernel choose.
  ///   - changesEndpoint: where the changes are published.
  ///   - security: how peers know each other.
  ///   - logger: for what is refused and dropped.
  package init(
    busEndpoint: String, changesEndpoint: String, security: BusSecurity = .none, logger: Logger
  ) {
    self.busEndpoint = busEndpoint
    self.changesEndpoint = changesEndpoint
    self.security = security
    self.logger = logger
  }

  /// Binds both sockets.
  /// - Returns: the real addresses, with the ports that the kernel chose.
  /// - Throws: ``BusError/bind(endpoint:reason:)`` when an address is taken; may be tried again.
  @discardableResult
  package func start() throws(BusError) -> Endpoints {
    if isClosed { throw .closed }
    if let sockets { return sockets.endpoints }
    // Frames of up to twice the limit are still read, to be refused with a reason; beyond, the
    // transport cuts the peer off.
    let router = try ZMQSocket(
      .router, on: loop, maxFrame: 2 * WireCodec.maxAgentFrame, received: Self.queuedFromAgent,
      security: security)
    var publisher: ZMQSocket?
    var gate: Gate?
    do throws(BusError) {
      let new = try ZMQSocket(.publisher, on: loop, maxFrame: 4_096, security: security)
      publisher = new
      // Before anybody can connect: libzmq lets everybody in when there is nobody to ask.
      if security.isKeyed { gate = try Gate(on: loop, watching: [router, new]) }
      let endpoints = Endpoints(
        bus: try router.bind(busEndpoint), changes: try new.bind(changesEndpoint))
      sockets = Sockets(router: router, publisher: new, endpoints: endpoints, gate: gate)
      if gate != nil { keepGate() }
      return endpoints
    } catch {
      router.close()
      publisher?.close()
      gate?.close()
      throw error
    }
  }

  /// Where it is decided who may connect; `nil` unless started, and without keys.
  var gate: Gate? { sockets?.gate }

  /// The real addresses; `nil` unless started.
  package var endpoints: Endpoints? { sockets?.endpoints }

  /// Sends to one agent. Never waits: what a slow or dead peer does not take is dropped and counted.
  @discardableResult
  package func send(_ message: CoordinatorMessage, to peer: PeerID) -> Delivery {
    guard let sockets else { return .refused }
    let frame: [UInt8]
    do { frame = try WireCodec.encode(message) } catch {
      counts.unencodable += 1
      logger.error(
        "a message breaks the rules of the bus and was not sent",
        metadata: ["message": "\(message.name)", "peer": "\(peer)", "reason": "\(error)"])
      return .refused
    }
    switch sockets.router.send([peer.bytes, frame]) {
    case .sent:
      counts.sent += 1
      return .sent
    case .unroutable:
      counts.unroutable += 1
      return .unroutable
    case .wouldBlock, .failed:
      counts.dropped += 1
      if isRound(counts.dropped) {
        logger.warning(
          "an agent does not read what it is sent; the message was dropped",
          metadata: ["peer": "\(peer)", "message": "\(message.name)", "dropped": "\(counts.dropped)"])
      }
      return .dropped
    }
  }

  /// Does several things in order.
  /// - Returns: what became of each.
  package func perform(_ orders: [BusOrder]) -> [Delivery] {
    orders.map { order in
      switch order {
      case .send(let message, let peer): return send(message, to: peer)
      case .publish(let change):
        publish(change)
        return .sent
      }
    }
  }

  /// Tells all subscribers. Never waits; a subscriber that misses it sees the gap in the numbers.
  package func publish(_ change: Change) {
    guard let sockets else { return }
    do {
      _ = sockets.publisher.send([BusTopic.incident, try WireCodec.encode(change)])
      counts.published += 1
    } catch {
      counts.unencodable += 1
      logger.error(
        "a change breaks the rules of the bus and was not published",
        metadata: ["incident_id": "\(change.incident.id)", "reason": "\(error)"])
    }
  }

  /// Closes both sockets and ends ``incoming``. What the transport still holds is flushed for 300 ms at most.
  package func close() {
    isClosed = true
    sockets?.router.close(linger: .milliseconds(300))
    sockets?.publisher.close(linger: .milliseconds(300))
    // After those who ask it.
    sockets?.gate?.close()
    sockets = nil
    loop.terminate()
  }
}

// MARK: - Receiving

extension BusServer {
  /// The messages as they come, for one consumer; start the server first.
  ///
  /// Nothing is read ahead of the consumer but one small batch, so a slow one slows the agents down
  /// instead of filling memory. Ends when the server is closed or the consumer's task is cancelled.
  package nonisolated var incoming: Incoming { Incoming(server: self) }

  /// See ``BusServer/incoming``.
  package struct Incoming: AsyncSequence, Sendable {
    fileprivate let server: BusServer

    /// See ``BusServer/incoming``.
    package struct Iterator: AsyncIteratorProtocol {
      fileprivate let server: BusServer
      fileprivate var batch: [(PeerID, AgentMessage)] = []
      fileprivate var index = 0

      package mutating func next() async -> (PeerID, AgentMessage)? {
        if Task.isCancelled { return nil }
        if index == batch.count {
          guard let more = await server.receive() else { return nil }
          batch = more
          index = 0
        }
        defer { index += 1 }
        return batch[index]
      }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(server: server) }
  }

  /// The next messages, at least one; `nil` at the end, or when the task is cancelled. For one consumer.
  package func receive() async -> [(PeerID, AgentMessage)]? {
    while !Task.isCancelled {
      guard let router = sockets?.router else { return nil }
      var batch: [(PeerID, AgentMessage)] = []
      var looked = 0
      while batch.count < Self.batch, looked < Self.turn, let received = router.receive() {
        looked += 1
        if let message = understand(received) { batch.append(message) }
      }
      if !batch.isEmpty { return batch }
      if looked == Self.turn {
        // Nothing but garbage: let others have the thread before looking on.
        await Task.yield()
        continue
      }
      switch await loop.wait(readable: [router]) {
      case .ready, .deadline: continue
      case .cancelled, .closed: return nil
      }
    }
    return nil
  }

  /// Says who hears of frames that are refused: on the bus's own thread, so it must be short.
  package func onRefusal(_ hear: @escaping @Sendable (PeerID, String) -> Void) { refused = hear }

  private func understand(_ received: ZMQSocket.Received) -> (PeerID, AgentMessage)? {
    guard let id = received.frames.first else { return nil }
    let identity = security.isKeyed ? admission.identity(received.user) : nil
    if security.isKeyed && identity == nil {
      // Its connection is being ended, and this was under way.
      counts.cutOff += 1
      return nil
    }
    let peer = PeerID(bytes: id, identity: identity)
    do throws(WireError) {
      guard received.count == 2 else { throw .frames(received.count - 1) }
      let message = try WireCodec.decodeAgentMessage(received.frames[1])
      counts.received += 1
      return (peer, message)
    } catch {
      counts.malformedFrames += 1
      refused?(peer, error.description)
      if isRound(counts.malformedFrames) {
        logger.warning(
          "a frame on the bus was refused",
          metadata: [
            "peer": "\(peer)", "reason": "\(error)", "malformed_frames": "\(counts.malformedFrames)",
          ])
      }
      send(.rejected(reason: error.description), to: peer)
      return nil
    }
  }
}

/// The first frame of what is published, so that a subscriber could choose.
enum BusTopic {
  static let incident = Array("incident".utf8)
}

/// Whether a counter is a power of two: when to log what a peer can cause without end.
package func isRound(_ count: Int) -> Bool { count > 0 && count & (count - 1) == 0 }
