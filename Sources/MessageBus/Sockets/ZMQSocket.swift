import BusKeys
import CZeroMQ
import Glibc

/// A ZeroMQ socket, used only by the actor that made it, on that actor's ``ZMQLoop``.
///
/// Nothing here waits; see ``ZMQLoop/wait(readable:until:cancellable:isolation:)``.
final class ZMQSocket {
  /// What it is for, with what only such a socket needs.
  enum Kind {
    /// The coordinator's side of conversations.
    case router
    /// An agent's side; the id is what the ROUTER calls it, `nil` for one of its choice.
    case dealer(id: PeerID?)
    case publisher
    /// Receives everything that is published.
    case subscriber
    /// Answers libzmq's questions who may connect; inside the process.
    case authenticator
    /// Hears of another socket's events; inside the process.
    case pair
  }

  /// What became of frames that were to be sent.
  enum Sent { case sent, wouldBlock, unroutable, failed }

  /// A message; of one with more frames than expected only the first ones are kept.
  struct Received {
    var frames: [[UInt8]]
    var count: Int
    /// Whom the transport knows the sender as; `nil` without keys.
    var user: String?
  }

  /// Frames of one message that are kept; no message of ours has more.
  private static let keptFrames = 3
  /// Frames of a question of libzmq.
  private static let keptQuestion = 12
  /// Messages queued for one peer, and from one.
  private static let highWaterMark: CInt = 1_000

  private let loop: ZMQLoop
  private let security: BusSecurity
  private let keptFrames: Int
  private(set) var handle: UnsafeMutableRawPointer?

  /// Makes a socket with every bound set.
  /// - Parameters:
  ///   - maxFrame: bytes of an incoming frame, beyond which the peer is cut off.
  ///   - received: messages queued from one peer before it is held back.
  init(
    _ kind: Kind, on loop: ZMQLoop, maxFrame: Int, received: CInt = highWaterMark,
    security: BusSecurity
  ) throws(BusError) {
    self.loop = loop
    self.security = security
    keptFrames = if case .authenticator = kind { Self.keptQuestion } else { Self.keptFrames }
    let type =
      switch kind {
      case .router: ZMQ_ROUTER
      case .dealer: ZMQ_DEALER
      case .publisher: ZMQ_PUB
      case .subscriber: ZMQ_SUB
      case .authenticator: ZMQ_ROUTER
      case .pair: ZMQ_PAIR
      }
    handle = loop.core.makeSocket(type)
    if handle == nil { throw Self.error("make a socket") }
    do throws(BusError) {
      try setBounds(maxFrame: maxFrame, received: received)
      try apply(security)
      try setUp(kind)
    } catch {
      close()
      throw error
    }
  }

  private func setBounds(maxFrame: Int, received: CInt) throws(BusError) {
    try set(ZMQ_LINGER, 0)
    try set(ZMQ_SNDHWM, Self.highWaterMark)
    try set(ZMQ_RCVHWM, received)
    var bytes = Int64(maxFrame)
    if zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &bytes, MemoryLayout<Int64>.size) != 0 {
      throw Self.error("bound its frames")
    }
    try set(ZMQ_IPV6, 0)
    // A peer whose machine vanished is noticed by both: the kernel, and ZMTP's own pings.
    try set(ZMQ_TCP_KEEPALIVE, 1)
    try set(ZMQ_TCP_KEEPALIVE_IDLE, 30)
    try set(ZMQ_TCP_KEEPALIVE_INTVL, 10)
    try set(ZMQ_TCP_KEEPALIVE_CNT, 3)
    try set(ZMQ_HEARTBEAT_IVL, 5_000)
    try set(ZMQ_HEARTBEAT_TIMEOUT, 15_000)
    // Somebody who connects and says nothing is let go.
    try set(ZMQ_HANDSHAKE_IVL, 5_000)
    try set(ZMQ_RECONNECT_IVL, 100)
    // A coordinator that comes back is to be met within a second.
    try set(ZMQ_RECONNECT_IVL_MAX, 500)
    try set(ZMQ_CONNECT_TIMEOUT, 2_000)
  }

  private func apply(_ security: BusSecurity) throws(BusError) {
    switch security {
    case .none, .insecure: break
    case .agent(let own, let coordinator):
      try set(ZMQ_CURVE_SERVERKEY, coordinator.text)
      try set(ZMQ_CURVE_PUBLICKEY, own.publicKey.text)
      try set(ZMQ_CURVE_SECRETKEY, own.secretKey.exposed)
    case .coordinator(let own):
      try set(ZMQ_CURVE_SERVER, 1)
      try set(ZMQ_CURVE_SECRETKEY, own.secretKey.exposed)
      // Its server asks who may connect; it must have somebody to ask as long as it listens.
      try set(ZMQ_ZAP_DOMAIN, ZAPRequest.domain)
    }
  }

  private func setUp(_ kind: Kind) throws(BusError) {
    switch kind {
    case .router:
      // A peer that is not there is an error to count, not silence.
      try set(ZMQ_ROUTER_MANDATORY, 1)
      // An agent that connects again takes its name over from its dead connection.
      try set(ZMQ_ROUTER_HANDOVER, 1)
    case .dealer(let id):
      // Nothing is queued for a coordinator that is not there: what matters is sent again anyhow.
      try set(ZMQ_IMMEDIATE, 1)
      if let id, !id.bytes.isEmpty {
        if zmq_setsockopt(handle, ZMQ_ROUTING_ID, id.bytes, id.bytes.count) != 0 {
          throw Self.error("name itself")
        }
      }
    case .publisher, .authenticator, .pair: break
    case .subscriber:
      // What waits of a connection goes with it: libzmq 4.3.4 ends the process when a reader that had been held back
      // goes on after its connection was made anew (its issue 3937). What was missed is read from a snapshot.
      try set(ZMQ_IMMEDIATE, 1)
      if zmq_setsockopt(handle, ZMQ_SUBSCRIBE, nil, 0) != 0 { throw Self.error("subscribe") }
    }
  }

  private func set(_ option: CInt, _ value: CInt) throws(BusError) {
    var value = value
    if zmq_setsockopt(handle, option, &value, MemoryLayout<CInt>.size) != 0 {
      throw Self.error("set option \(option)")
    }
  }

  private func set(_ option: CInt, _ text: String) throws(BusError) {
    if zmq_setsockopt(handle, option, text, text.utf8.count) != 0 { throw Self.error("set option \(option)") }
  }

  /// Tells these events to whoever connects to `endpoint`, inside the process.
  func monitor(_ endpoint: String, _ events: CInt) throws(BusError) {
    if zmq_socket_monitor(handle, endpoint, events) != 0 { throw Self.error("watch its connections") }
  }

  /// Listens.
  /// - Throws: `BusError.unprotected` for an address beyond this machine without keys.
  /// - Returns: the real address, with the port that the kernel chose for `*` or `0`.
  func bind(_ endpoint: String) throws(BusError) -> String {
    try checkReach(endpoint)
    if zmq_bind(handle, BusEndpoint.numeric(endpoint)) != 0 {
      throw .bind(endpoint: endpoint, reason: Self.reason)
    }
    var text = [CChar](repeating: 0, count: 256)
    var size = text.count
    if zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &size) != 0 { throw Self.error("tell its address") }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Connects, now or whenever the peer is there.
  func connect(_ endpoint: String) throws(BusError) {
    try checkReach(endpoint)
    if zmq_connect(handle, endpoint) != 0 { throw .connect(endpoint: endpoint, reason: Self.reason) }
  }

  private func checkReach(_ endpoint: String) throws(BusError) {
    if security == .none && !BusEndpoint.isLocal(endpoint) { throw .unprotected(endpoint: endpoint) }
  }

  /// Sends all frames or none, and never waits.
  func send(_ frames: [[UInt8]]) -> Sent {
    guard let handle else { return .failed }
    for (index, frame) in frames.enumerated() {
      let flags = ZMQ_DONTWAIT | (index + 1 < frames.count ? ZMQ_SNDMORE : 0)
      if zmq_send(handle, frame, frame.count, flags) >= 0 { continue }
      return switch zmq_errno() {
      case EAGAIN: .wouldBlock
      case EHOSTUNREACH: .unroutable
      default: .failed
      }
    }
    return .sent
  }

  /// The next message, or `nil` when there is none.
  func receive() -> Received? {
    guard let handle else { return nil }
    var received = Received(frames: [], count: 0)
    var message = zmq_msg_t()
    while true {
      zmq_msg_init(&message)
      defer { zmq_msg_close(&message) }
      let size = zmq_msg_recv(&message, handle, ZMQ_DONTWAIT)
      if size < 0 { return nil }
      received.count += 1
      if received.count <= keptFrames {
        received.frames.append(
          [UInt8](UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: Int(size))))
      }
      if zmq_msg_more(&message) == 0 {
        if case .coordinator = security {
          received.user = zmq_msg_gets(&message, "User-Id").map { String(cString: $0) }
        }
        return received
      }
    }
  }

  /// Closes it; everybody who waits for it is told.
  /// - Parameter linger: how long what is queued may take to leave, in the background.
  func close(linger: Duration = .zero) {
    guard let handle else { return }
    let left = linger.components
    var milliseconds = CInt(clamping: left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)
    zmq_setsockopt(handle, ZMQ_LINGER, &milliseconds, MemoryLayout<CInt>.size)
    self.handle = nil
    // While whoever watches it still listens: libzmq's own thread, which ends the connections later, would wait for
    // ever to tell somebody who is gone, and no other socket would do anything any more.
    zmq_socket_monitor(handle, nil, 0)
    loop.core.closeSocket(handle)
  }

  private static var reason: String { String(cString: zmq_strerror(zmq_errno())) }

  private static func error(_ operation: String) -> BusError {
    .socket(operation: operation, reason: reason)
  }
}
