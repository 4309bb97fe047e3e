import IncidentModel
import RedisBackend
import Settings

/// A connection for one action: opened, used, closed.
enum RedisTask {
  static func with<Value: Sendable>(
    _ settings: RedisSourceSettings, timeout: Duration,
    _ body: (RedisConnection) async throws -> Value
  ) async throws(ActionFailure) -> Value {
    let connection = RedisConnection(
      host: settings.host, port: settings.port, password: settings.password?.exposed, timeout: timeout)
    do {
      let value = try await body(connection)
      await connection.close()
      return value
    } catch {
      await connection.close()
      switch error {
      case let failure as ActionFailure: throw failure
      case is CancellationError: throw ActionFailure("it was stopped")
      default: throw ActionFailure(PlainLine.of("\(error)", 400))
      }
    }
  }

  /// `used_memory` in bytes, where the server says.
  static func usedMemory(_ connection: RedisConnection) async -> Int64? {
    guard let answer = try? await connection.command(["INFO", "memory"]), let info = answer.string else {
      return nil
    }
    if CombiningMarks.areTooMany(in: info) { return nil }
    for line in info.split(whereSeparator: \.isNewline) where line.hasPrefix("used_memory:") {
      return Int64(line.dropFirst("used_memory:".count))
    }
    return nil
  }
}
