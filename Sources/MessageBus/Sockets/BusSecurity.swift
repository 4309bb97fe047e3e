/// How the peers of the bus know each other.
package enum BusSecurity: Hashable, Sendable {
  /// They do not: whoever reaches the port may speak. For loopback only.
  case none
  // CURVE (RFC 26) keys come here; every socket is made through `ZMQSocket.init`, which applies them.
}
