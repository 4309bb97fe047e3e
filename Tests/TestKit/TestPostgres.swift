package import Glibc
package import PostgresBackend
import Threads

/// A private PostgreSQL server on a free loopback port, for one test or for all of this process.
///
/// pg_stat_statements is loaded and created in the database `postgres`; whoever connects is believed to be
/// who they say they are. Nothing is synced to disk.
package final class TestPostgres: Sendable {
  package let port: Int
  /// What the server says, and its data.
  package let folder: TemporaryFolder
  private let settings: [String: String]
  private let process: Locked<ChildProcess>

  /// Starts a server of its own for `body` and stops it afterwards, also when the task is cancelled.
  ///
  /// - Parameters:
  ///   - maxConnections: `max_connections`; three of them are the superuser's.
  ///   - settings: more of `postgresql.conf`.
  @discardableResult
  package static func withServer<Result>(
    maxConnections: Int = 50, settings: [String: String] = [:], isolation: isolated (any Actor)? = #isolation,
    _ body: (TestPostgres) async throws -> Result
  ) async throws -> Result {
    let server = try await start(maxConnections: maxConnections, settings: settings)
    do {
      let result = try await body(server)
      await server.stop()
      return result
    } catch {
      await server.stop()
      throw error
    }
  }

  /// The one server of this process for tests that leave it as they found it. It ends with the process.
  package static func shared() async throws -> TestPostgres { try await sharedServer.value }

  // Unstructured, because it belongs to no single test.
  private static let sharedServer = Task.detached { try await start(maxConnections: 100) }

  /// Starts a server. Whoever calls this has to call ``stop()``.
  package static func start(
    maxConnections: Int = 50, settings: [String: String] = [:]
  ) async throws -> TestPostgres {
    let template = try await Self.template.value
    let folder = try TemporaryFolder("postgres")
    do {
      try await run("cp", ["-a", template.path("data"), folder.path("data")], in: folder, user: nil)
      try give(folder.path)
      let server = try TestPostgres(
        folder: folder,
        settings: settings.merging(["max_connections": String(maxConnections)]) { mine, _ in mine })
      do {
        try await server.waitUntilReady()
        try await server.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
      } catch {
        await server.stop()
        throw error
      }
      return server
    } catch {
      folder.remove()
      throw error
    }
  }

  private init(folder: TemporaryFolder, settings: [String: String]) throws {
    self.folder = folder
    self.settings = settings
    port = freePort()
    process = Locked(try Self.launch(folder, port, settings))
  }

  /// Settings for a server whose commits survive its own crash and the machine's.
  package static let durable = ["fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"]

  /// The superuser that the server was made with.
  package static let superuser = "postgres"

  /// A connection string.
  package func url(
    user: String = superuser, database: String = "postgres", application: String? = nil
  ) -> String {
    "postgres://\(user)@127.0.0.1:\(port)/\(database)"
      + (application.map { "?application_name=\($0)" } ?? "")
  }

  /// A connection, which connects with its first query.
  package func connection(
    application: String = "test", user: String = superuser, database: String = "postgres",
    timeout: Duration = .seconds(10)
  ) -> PostgresConnection {
    PostgresConnection(
      conninfo: url(user: user, database: database), applicationName: application, timeout: timeout)
  }

  /// Runs one query on a connection of its own, as superuser.
  @discardableResult
  package func execute(_ sql: String, _ parameters: [String?] = []) async throws -> PostgresRows {
    let connection = connection(application: "testkit")
    do {
      let rows = try await connection.query(sql, parameters)
      await connection.close()
      return rows
    } catch {
      await connection.close()
      throw error
    }
  }

  /// The server's process.
  package var pid: pid_t { process.withLock { $0.pid } }

  /// The server's processes: the main one first, then its children, one for each session and its own helpers.
  package var processes: [pid_t] {
    let main = pid
    let children = try? contents(of: "/proc/\(main)/task/\(main)/children")
    return [main] + (children ?? "").split(separator: " ").compactMap { pid_t($0) }
  }

  /// Sends the server's main process a signal, e.g. SIGSTOP for a server that hangs.
  package func signal(_ signal: CInt) { process.withLock { $0.kill(signal) } }

  /// Stops the server; ``restart(_:)`` brings it back.
  /// - Parameter signal: SIGQUIT for its immediate shutdown, which is a crash; SIGINT for its fast one.
  package func halt(_ signal: CInt = SIGQUIT) async {
    let child = process.withLock { $0 }
    child.kill(SIGCONT)
    await child.terminate(grace: .seconds(5), signal: signal)
  }

  /// Stops the server and starts it again, on its port and with its data.
  package func restart(_ signal: CInt = SIGQUIT) async throws {
    await halt(signal)
    let child = try Self.launch(folder, port, settings)
    process.withLock { $0 = child }
    try await waitUntilReady()
  }

  /// Stops the server and removes its folder.
  package func stop() async {
    await halt()
    folder.remove()
  }

  private func waitUntilReady() async throws {
    let end = ContinuousClock.now + .seconds(30)
    while true {
      guard process.withLock({ $0.isRunning }), ContinuousClock.now < end else {
        throw TestKitError("PostgreSQL does not start: \((try? contents(of: folder.path("log"))) ?? "")")
      }
      if isListening(port: port), (try? await execute("SELECT 1")) != nil { return }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  private static func launch(
    _ folder: TemporaryFolder, _ port: Int, _ settings: [String: String]
  ) throws -> ChildProcess {
    let all = [
      "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
      "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "16MB",
      "max_wal_senders": "4",
      "shared_preload_libraries": "pg_stat_statements", "lc_messages": "C", "autovacuum": "off",
    ].merging(settings) { $1 }
    return try ChildProcess(
      program("postgres"),
      ["-D", folder.path("data"), "-p", String(port)]
        + all.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0)=\($1)"] },
      environment: ["LC_ALL": "C"], workingDirectory: folder.path, log: folder.path("log"), user: superuser)
  }

  /// A data folder as initdb makes it, made once (it takes seconds) and copied for every server.
  private static let template = Task.detached {
    let folder = try TemporaryFolder("postgres-template")
    try give(folder.path)
    try await run(
      program("initdb"),
      ["-D", folder.path("data"), "-A", "trust", "-U", superuser, "-E", "UTF8", "--locale=C", "--no-sync"],
      in: folder, user: superuser)
    return folder
  }

  private static func run(_ name: String, _ arguments: [String], in folder: TemporaryFolder, user: String?)
    async throws
  {
    let child = try ChildProcess(
      name, arguments, workingDirectory: folder.path, log: folder.path("setup.log"), user: user)
    guard await child.wait(timeout: .seconds(60)) == .exited(0) else {
      throw TestKitError("\(name) failed: \(child.output)")
    }
  }

  /// PostgreSQL refuses to be root, so its folder is given to another.
  private static func give(_ path: String) throws {
    guard getuid() == 0 else { return }
    guard let entry = getpwnam(superuser) else { throw TestKitError("there is no user \(superuser)") }
    guard chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
      throw TestKitError("\(path) cannot be given to \(superuser)")
    }
  }

  /// The newest PostgreSQL's program, in Debian's folder or in PATH.
  private static func program(_ name: String) throws -> String {
    for version in stride(from: 20, through: 12, by: -1) {
      let path = "/usr/lib/postgresql/\(version)/bin/\(name)"
      if access(path, X_OK) == 0 { return path }
    }
    return try ChildProcess.locate(name)
  }
}
