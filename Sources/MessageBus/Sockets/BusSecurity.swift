package import BusKeys

/// How the peers of the bus know each other: by CURVE keys (ZeroMQ RFC 26), which also keep what is said to
/// themselves. Every socket is made through `ZMQSocket.init`, which applies this.
package enum BusSecurity: Hashable, Sendable {
  /// They do not: whoever reaches the port may speak and listen. Never beyond this machine.
  case none
  /// They do not, and the bus may be on any address all the same.
  case insecure
  /// An agent's side: its own pair, and the key that every coordinator must have.
  case agent(KeyPair, coordinator: PublicKey)
  /// A coordinator's side; who may connect is said by ``BusServer/admit(_:)``, and nobody until then.
  case coordinator(KeyPair)

  /// Whether there are keys.
  package var isKeyed: Bool {
    switch self {
    case .none, .insecure: false
    case .agent, .coordinator: true
    }
  }
}
