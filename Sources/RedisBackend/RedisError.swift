/// Why a command has no answer. Messages never hold a password.
package enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is no connection, or it broke.
  case connection(message: String)
  /// The server refused the command, in its words, e.g. `NOAUTH Authentication required.`
  case server(message: String)
  /// The answer took longer than the connection's timeout, in seconds.
  case timedOut(seconds: Double)
  /// What came is not Redis's protocol, nested too deep or too large.
  case invalidAnswer(message: String)
  /// The task was cancelled.
  case cancelled
  /// The connection was closed by its owner.
  case closed

  package var description: String {
    switch self {
    case .connection(let message): "no connection to Redis: \(message)"
    case .server(let message): "Redis refused the command: \(message)"
    case .timedOut(let seconds): "Redis did not answer within \(seconds) s"
    case .invalidAnswer(let message): "what answered is not Redis: \(message)"
    case .cancelled: "the command was cancelled"
    case .closed: "the Redis connection is closed"
    }
  }
}
