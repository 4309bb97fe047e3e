import PostgresBackend
import Settings

/// A connection for one action: opened, used, closed.
enum PostgresTask {
  /// How the resolver calls itself, and what it works for; sessions of such names are never touched by anybody
  /// here.
  static var applicationName: String {
    "aiops-resolver" + (WorkTrace.current.map { " \($0)" } ?? "")
  }

  static func with<Value: Sendable>(
    _ url: Secret, timeout: Duration,
    _ body: (PostgresConnection) async throws -> Value
  ) async throws(ActionFailure) -> Value {
    let connection = PostgresConnection(
      conninfo: url.exposed, applicationName: applicationName, timeout: timeout)
    do {
      let value = try await body(connection)
      await connection.close()
      return value
    } catch {
      await connection.close()
      throw failure(error)
    }
  }

  static func failure(_ error: any Error) -> ActionFailure {
    switch error {
    case let failure as ActionFailure: failure
    case let error as PostgresError where error.isTooManyConnections:
      ActionFailure(
        "\(PlainLine.of(error.description, 400)); give the resolver a role that may use the reserved connections"
      )
    case let error as PostgresError: ActionFailure(PlainLine.of(error.description, 400))
    default: ActionFailure("unexpected: \(PlainLine.of("\(error)", 400))")
    }
  }
}
