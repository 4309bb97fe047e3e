import Glibc
package import RedisBackend
import Threads

/// A private Redis server on a free loopback port, without persistence.
package final class TestRedis: Sendable {
  package let port: Int
  private let folder: TemporaryFolder
  private let arguments: [String]
  private let process: Locked<ChildProcess>

  /// Starts a server for `body` and stops it afterwards.
  /// - Parameters:
  ///   - maxMemory: e.g. `20mb`; `nil` for no limit.
  ///   - password: what clients must say.
  ///   - arguments: more of redis-server's.
  @discardableResult
  package static func withServer<Result>(
    maxMemory: String? = nil, password: String? = nil, arguments: [String] = [],
    isolation: isolated (any Actor)? = #isolation, _ body: (TestRedis) async throws -> Result
  ) async throws -> Result {
    let server = try await start(maxMemory: maxMemory, password: password, arguments: arguments)
    do {
      let result = try await body(server)
      await server.stop()
      return result
    } catch {
      await server.stop()
      throw error
    }
  }

  /// Starts a server. Whoever calls this has to call ``stop()``.
  package static func start(
    maxMemory: String? = nil, password: String? = nil, arguments: [String] = []
  ) async throws -> TestRedis {
    let memory = maxMemory.map { ["--maxmemory", $0] } ?? []
    let secret = password.map { ["--requirepass", $0] } ?? []
    let server = try TestRedis(memory + secret + arguments)
    do {
      try await server.waitUntilReady()
    } catch {
      await server.stop()
      throw error
    }
    return server
  }

  private init(_ more: [String]) throws {
    folder = try TemporaryFolder("redis")
    port = freePort()
    arguments =
      [
        "--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
        folder.path,
      ] + more
    process = Locked(try ChildProcess("redis-server", arguments, log: folder.path("log")))
  }

  /// A connection, which connects with its first command.
  package func connection(password: String? = nil, timeout: Duration = .seconds(5)) -> RedisConnection {
    RedisConnection(host: "127.0.0.1", port: port, password: password, timeout: timeout)
  }

  /// Sends the server a signal, e.g. SIGSTOP for a server that hangs.
  package func signal(_ signal: CInt) { process.withLock { $0.kill(signal) } }

  /// Kills the server; ``restart()`` brings it back, empty.
  package func halt() async {
    let child = process.withLock { $0 }
    child.kill(SIGKILL)
    await child.wait()
  }

  /// Starts the server again on its port.
  package func restart() async throws {
    await halt()
    let child = try ChildProcess("redis-server", arguments, log: folder.path("log"))
    process.withLock { $0 = child }
    try await waitUntilReady()
  }

  /// Stops the server and removes its folder.
  package func stop() async {
    await halt()
    folder.remove()
  }

  private func waitUntilReady() async throws {
    try await eventually(timeout: .seconds(10), "redis-server's port") {
      guard process.withLock({ $0.isRunning }) else { throw TestKitError("it ended") }
      return isListening(port: port)
    }
  }
}

/// A private PgBouncer before a PostgreSQL server, on a free loopback port.
package final class TestPgBouncer: Sendable {
  package let port: Int
  private let folder: TemporaryFolder
  private let process: ChildProcess

  /// Starts a pooler for `body` and stops it afterwards.
  /// - Parameters:
  ///   - server: the server behind it.
  ///   - database: its database that is offered, under the name `postgres`.
  ///   - poolSize: `default_pool_size`.
  @discardableResult
  package static func withPooler<Result>(
    before server: TestPostgres, database: String = "postgres", poolSize: Int = 5,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (TestPgBouncer) async throws -> Result
  ) async throws -> Result {
    let pooler = try TestPgBouncer(server, database, poolSize)
    do {
      try await eventually(timeout: .seconds(10), "pgbouncer's port") {
        guard pooler.process.isRunning else { throw TestKitError(pooler.process.output) }
        return isListening(port: pooler.port)
      }
      let result = try await body(pooler)
      await pooler.stop()
      return result
    } catch {
      await pooler.stop()
      throw error
    }
  }

  private init(_ server: TestPostgres, _ database: String, _ poolSize: Int) throws {
    folder = try TemporaryFolder("pgbouncer")
    port = freePort()
    try folder.write("\"postgres\" \"\"\n\"app\" \"\"\n", to: "users.txt")
    let file = try folder.write(
      """
      [databases]
      postgres = host=127.0.0.1 port=\(server.port) dbname=\(database)
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = \(port)
      unix_socket_dir =
      auth_type = trust
      auth_file = \(folder.path("users.txt"))
      admin_users = postgres
      pool_mode = transaction
      default_pool_size = \(poolSize)
      max_client_conn = 200
      ignore_startup_parameters = extra_float_digits
      """, to: "pgbouncer.ini")
    chmod(folder.path, 0o755)
    process = try ChildProcess(
      "pgbouncer", [file], workingDirectory: folder.path, log: folder.path("log"), user: "postgres")
  }

  /// A connection string through the pooler.
  package func url(user: String = "postgres", database: String = "postgres") -> String {
    "postgres://\(user)@127.0.0.1:\(port)/\(database)"
  }

  /// A connection string of the admin console.
  package var adminURL: String { url(database: "pgbouncer") }

  /// Stops the pooler and removes its folder.
  package func stop() async {
    await process.terminate(grace: .seconds(2), signal: SIGINT)
    folder.remove()
  }
}

/// A private Prometheus server on a free loopback port, which scrapes itself every second.
package final class TestPrometheus: Sendable {
  package let port: Int
  private let folder: TemporaryFolder
  private let process: ChildProcess

  /// Where it is asked.
  package var url: String { "http://127.0.0.1:\(port)" }

  /// Starts a server for `body` and stops it afterwards.
  @discardableResult
  package static func withServer<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (TestPrometheus) async throws -> Result
  ) async throws -> Result {
    let server = try TestPrometheus()
    do {
      try await eventually(timeout: .seconds(20), "Prometheus's port") {
        guard server.process.isRunning else { throw TestKitError(server.process.output) }
        return isListening(port: server.port)
      }
      let result = try await body(server)
      await server.stop()
      return result
    } catch {
      await server.stop()
      throw error
    }
  }

  private init() throws {
    folder = try TemporaryFolder("prometheus")
    port = freePort()
    let config = try folder.write(
      """
      global: {scrape_interval: 1s}
      scrape_configs:
        - job_name: itself
          static_configs: [{targets: ["127.0.0.1:\(port)"]}]
      """, to: "prometheus.yml")
    process = try ChildProcess(
      "prometheus",
      [
        "--config.file=\(config)", "--storage.tsdb.path=\(folder.path("data"))",
        "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
      ], workingDirectory: folder.path, log: folder.path("log"))
  }

  /// Stops the server and removes its folder.
  package func stop() async {
    await process.terminate(grace: .seconds(1))
    folder.remove()
  }
}
