/// Why a socket could not be used. The text says what to do about it.
package enum BusError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The address could not be bound.
  case bind(endpoint: String, reason: String)
  /// The address could not be connected to: it is not an address, or of an unknown kind.
  case connect(endpoint: String, reason: String)
  /// The address is beyond this machine and there are no keys.
  case unprotected(endpoint: String)
  /// Another socket operation failed.
  case socket(operation: String, reason: String)
  /// The bus was closed before.
  case closed

  package var description: String {
    switch self {
    case .bind(let endpoint, let reason):
      "cannot listen on \(endpoint): \(reason); is another coordinator running, or the address not this machine's?"
    case .connect(let endpoint, let reason):
      "cannot connect to \(endpoint): \(reason); write it like tcp://127.0.0.1:7711"
    case .unprotected(let endpoint):
      """
      \(endpoint) is not on this machine's loopback, and the bus has no keys: make some (aiopsctl keys new) and name \
      them in the configuration's section security, or say security.insecure: true to go without
      """
    case .socket(let operation, let reason): "the bus failed to \(operation): \(reason)"
    case .closed: "the bus is closed"
    }
  }
}
