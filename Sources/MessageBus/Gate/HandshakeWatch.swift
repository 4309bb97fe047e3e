import CZeroMQ
import Glibc

/// Tells of connections of one socket that failed before anything could be said.
struct HandshakeWatch {
  /// How a handshake failed.
  enum Failure: Equatable {
    /// Whoever decides at the other side, or here, said no.
    case refused
    /// The two sides don't speak the same mechanism: one has keys and the other has not.
    case mechanism
    /// The keys don't fit each other.
    case cryptographic
    /// The other side hung up.
    case hungUp
    /// The connection broke, or took too long.
    case broken
    /// Anything else that is no handshake.
    case malformed

    /// Whether libzmq tries again by itself, as a side that connected.
    var isPassing: Bool { self == .hungUp || self == .broken }

    /// What whoever connected should look at, for people; `nil` for nothing worth a word.
    func advice(_ security: BusSecurity) -> String? {
      switch self {
      case .refused: "the coordinator refuses this agent's key; allow it there: aiopsctl keys allow NAME.pub"
      case .mechanism:
        security.isKeyed
          ? "the coordinator has no keys; give it security.key and security.allowed"
          : "the coordinator wants a key; give this agent security.key and security.coordinator_key"
      case .hungUp, .cryptographic:
        security.isKeyed
          ? "the coordinator hangs up in the handshake; is security.coordinator_key the public key of its pair?"
          : nil
      case .broken: nil
      case .malformed: "what answers at the coordinator's address is no bus, or the connection was damaged"
      }
    }
  }

  /// To be waited for, and closed after the socket that is watched.
  let socket: ZMQSocket

  /// Watches a socket from now on.
  /// - Parameter name: unique among the watches of the loop at one time.
  init(_ watched: ZMQSocket, name: String, on loop: ZMQLoop) throws(BusError) {
    let endpoint = "inproc://handshakes-\(name)"
    try watched.monitor(
      endpoint,
      ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
    // Unbounded between two turns of the loop, or libzmq's own thread would wait for it.
    socket = try ZMQSocket(.pair, on: loop, maxFrame: 4_096, received: 0, security: .none)
    do { try socket.connect(endpoint) } catch {
      socket.close()
      throw error
    }
  }

  /// The next failure, or `nil` when there is none now.
  func next() -> Failure? {
    while let received = socket.receive() {
      if let failure = received.frames.first.flatMap(Self.failure) { return failure }
    }
    return nil
  }

  /// What an event says: its number in 16 bits, its value in 32, as the machine writes them.
  static func failure(_ frame: [UInt8]) -> Failure? {
    guard frame.count == 6 else { return nil }
    let event = frame.withUnsafeBytes { CInt($0.loadUnaligned(as: UInt16.self)) }
    let value = frame.withUnsafeBytes {
      CInt(bitPattern: $0.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
    }
    switch event {
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .refused
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      return switch value {
      case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: .mechanism
      case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: .cryptographic
      default: .malformed
      }
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return value == EPIPE ? .hungUp : .broken
    default: return nil
    }
  }
}
