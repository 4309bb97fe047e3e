/// Why a query has no answer. Messages never hold a password.
package enum PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There is no connection, or it broke; `sqlState` where the server said one.
  case connection(message: String, sqlState: String?)
  /// The server refused the query.
  case query(message: String, sqlState: String?)
  /// The answer took longer than the connection's timeout, in seconds; the query was cancelled.
  case timedOut(seconds: Double)
  /// The answer has more rows or bytes than the connection takes; the query was cancelled.
  case tooLarge(limit: String)
  /// The task was cancelled, and the query with it.
  case cancelled
  /// The connection was closed by its owner.
  case closed

  /// The server's code, e.g. `53300`.
  package var sqlState: String? {
    switch self {
    case .connection(_, let state), .query(_, let state): state
    case .timedOut, .tooLarge, .cancelled, .closed: nil
    }
  }

  /// The server has no room for another connection (SQLSTATE 53300).
  package var isTooManyConnections: Bool { sqlState == PostgresError.tooManyConnections }

  static let tooManyConnections = "53300"

  package var description: String {
    switch self {
    case .connection(let message, let state):
      "no connection to PostgreSQL: \(message)\(state.map { " (SQLSTATE \($0))" } ?? "")"
    case .query(let message, let state):
      "PostgreSQL refused the query: \(message)\(state.map { " (SQLSTATE \($0))" } ?? "")"
    case .timedOut(let seconds): "PostgreSQL did not answer within \(seconds) s"
    case .tooLarge(let limit): "PostgreSQL's answer is larger than \(limit)"
    case .cancelled: "the query was cancelled"
    case .closed: "the PostgreSQL connection is closed"
    }
  }
}
