import Threads

/// A connection to a Redis or DragonflyDB server, on hiredis.
///
/// Connects (and authenticates) with the first command and again after the connection broke. Commands run
/// one after the other on a thread of their own, so nothing here blocks the cooperative pool. A command
/// that was sent is never repeated: whether it ran before the connection broke is not known.
package actor RedisConnection {
  private let host: String
  private let port: Int
  private let password: String?
  private let timeout: Duration
  private let executor: ThreadExecutor
  private var session: RedisSession?
  private var isClosed = false

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A connection that is not made yet.
  ///
  /// - Parameters:
  ///   - host: a name or an address.
  ///   - port: usually 6379.
  ///   - password: sent with `AUTH`; `nil` for none.
  ///   - timeout: connecting and one command together take at most so long.
  package init(host: String, port: Int, password: String? = nil, timeout: Duration) {
    self.host = host
    self.port = port
    self.password = password
    self.timeout = timeout
    executor = ThreadExecutor(name: "redis")
  }

  /// Sends a command, e.g. `["SET", "key", "value"]`. Arguments are data, never parsed.
  ///
  /// - Throws: `.server` when the server refused; the connection goes on. After anything else the next
  ///   command connects anew.
  package func command(_ arguments: [String]) async throws(RedisError) -> RedisValue {
    try await command(bytes: arguments.map { Array($0.utf8) })
  }

  /// Sends a command whose arguments may be any bytes, for keys that are not text.
  package func command(bytes arguments: [[UInt8]]) async throws(RedisError) -> RedisValue {
    guard !isClosed else { throw .closed }
    guard !arguments.isEmpty else { throw .server(message: "an empty command") }
    if Task.isCancelled { throw .cancelled }
    let deadline = Deadline(in: timeout)
    do throws(RedisError) {
      return try connected(deadline).command(arguments, deadline: deadline)
    } catch {
      if case .server = error { throw error }
      session = nil
      throw error
    }
  }

  /// Ends the connection; later commands throw `.closed`.
  package func close() {
    isClosed = true
    session = nil
    executor.shutdown()
  }

  private func connected(_ deadline: Deadline) throws(RedisError) -> RedisSession {
    if let session, session.isAlive { return session }
    session = nil
    let new = try RedisSession(host: host, port: port, deadline: deadline)
    if let password { _ = try new.command([Array("AUTH".utf8), Array(password.utf8)], deadline: deadline) }
    session = new
    return new
  }
}
