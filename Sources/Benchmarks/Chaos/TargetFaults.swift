import Glibc
import IncidentModel
import PostgresBackend
import RedisBackend
import TestKit
import Threads

/// What the agents watch: a database, a cache and a folder, and what really goes wrong with them.
final class Target: Sendable {
  /// Connections that the database allows.
  static let connections = 40
  /// Bytes that the folder may have.
  static let budget = 16 << 20

  let database: TestPostgres
  let cache: TestRedis?
  let disk: TemporaryFolder
  private let storefront: PostgresConnection
  private let storefrontPID: String
  private let storefrontTrouble = Locked<[String]>([])
  private let names = Locked(0)

  private init(database: TestPostgres, cache: TestRedis?, disk: TemporaryFolder) async throws {
    self.database = database
    self.cache = cache
    self.disk = disk
    for role in ["checkout", "reports"] { try await database.execute("CREATE ROLE \(role) LOGIN") }
    try await database.execute("GRANT pg_read_all_stats TO checkout")
    try await database.execute("CREATE TABLE stock (id integer PRIMARY KEY, count integer)")
    try await database.execute("INSERT INTO stock SELECT n, 10 FROM generate_series(1, 100) AS n")
    try await database.execute("GRANT ALL ON stock TO checkout, reports")
    let storefront = database.connection(application: "storefront", user: "checkout", timeout: .seconds(20))
    self.storefront = storefront
    storefrontPID = try await storefront.query("SELECT pg_backend_pid()::text AS pid")[0, "pid"] ?? ""
  }

  /// Starts everything; the database writes every statement into its log, with who sent it.
  static func start(in folder: TemporaryFolder) async throws -> Target {
    let settings = [
      "log_statement": "all", "log_line_prefix": "%m|%a|", "log_timezone": "UTC",
      "log_destination": "stderr", "logging_collector": "off", "pg_stat_statements.track_planning": "off",
    ]
    let database = try await TestPostgres.start(maxConnections: connections, settings: settings)
    do {
      // Without Redis there is one kind of fault less.
      let cache = try? await TestRedis.start(
        maxMemory: "20mb", arguments: ["--maxmemory-policy", "noeviction"])
      return try await Target(database: database, cache: cache, disk: folder)
    } catch {
      await database.stop()
      throw error
    }
  }

  func stop() async {
    await storefront.close()
    await cache?.stop()
    await database.stop()
  }

  /// The database's log so far.
  var log: String { (try? contents(of: database.folder.path("log"))) ?? "" }

  // MARK: The application that nobody may harm

  /// Works until it is cancelled, and remembers what happened to it.
  func serveCustomers() async {
    while !Task.isCancelled {
      do {
        let pid = try await storefront.query("SELECT pg_backend_pid()::text AS pid")[0, "pid"]
        if pid != storefrontPID { harm("its session is another one: \(pid ?? "none"), not \(storefrontPID)") }
      } catch {
        if !Task.isCancelled { harm("\(error)") }
      }
      try? await Task.sleep(for: .milliseconds(500))
    }
  }

  /// What was done to the healthy application.
  var harms: [String] { storefrontTrouble.withLock { $0 } }

  private func harm(_ what: String) {
    storefrontTrouble.withLock {
      if $0.count < 20 { $0.append("\(Timestamp.now.rfc3339) storefront: \(what)") }
    }
  }

  // MARK: Faults

  /// Breaks something until the time is over, then ends what is left of the fault.
  func suffer(_ fault: Fault, for duration: Duration) async {
    let number = names.withLock { count in
      count += 1
      return count
    }
    switch fault {
    case .leak: await leak(number, duration)
    case .blocked: await block(number, duration)
    case .slow: await crawl(number, duration)
    case .disk:
      fill(number)
      try? await Task.sleep(for: duration)
      empty(number)
    case .cache: await stuff(number, duration)
    }
  }

  private func leak(_ number: Int, _ duration: Duration) async {
    var leaked: [PostgresConnection] = []
    for _ in 0..<(Self.connections - 9) {
      let connection = database.connection(application: "checkout-\(number)", user: "checkout")
      leaked.append(connection)
      guard (try? await connection.query("BEGIN")) != nil else { break }
      _ = try? await connection.query("SELECT 1")
    }
    try? await Task.sleep(for: duration)
    for connection in leaked { await connection.close() }
  }

  private func block(_ number: Int, _ duration: Duration) async {
    let row = number % 100 + 1
    let holder = database.connection(application: "inventory-\(number)", user: "checkout")
    _ = try? await holder.query("BEGIN")
    _ = try? await holder.query("UPDATE stock SET count = count + 1 WHERE id = \(row)")
    await withDiscardingTaskGroup { group in
      for _ in 0..<6 {
        group.addTask {
          let waiting = self.database.connection(
            application: "orders-\(number)", user: "checkout", timeout: duration + .seconds(5))
          _ = try? await waiting.query("UPDATE stock SET count = count - 1 WHERE id = \(row)")
          await waiting.close()
        }
      }
      try? await Task.sleep(for: duration)
      await holder.close()
    }
  }

  private func crawl(_ number: Int, _ duration: Duration) async {
    let end = ContinuousClock.now + duration
    await withDiscardingTaskGroup { group in
      for width in 1...6 {
        group.addTask {
          // Different numbers of columns, so that they are different statements.
          let columns = (0..<width + number % 7).map { "\($0)" }.joined(separator: ", ")
          let connection = self.database.connection(
            application: "reports-\(number)", user: "reports", timeout: .seconds(30))
          while ContinuousClock.now < end, !Task.isCancelled {
            _ = try? await connection.query("SELECT pg_sleep(1.2), \(columns)")
          }
          await connection.close()
        }
      }
    }
    _ = try? await database.execute("SELECT pg_stat_statements_reset()")
    _ = try? await database.execute("ALTER ROLE reports RESET ALL")
  }

  private func fill(_ number: Int) {
    let piece = [UInt8](repeating: 0x2E, count: 1 << 20)
    for part in 0..<18 {
      let name = "shop-\(number)-\(part).log"
      _ = try? disk.write(piece, to: name)
      try? disk.setAge(seconds: 86_400 * (3 + part), of: name)
    }
  }

  private func empty(_ number: Int) {
    for part in 0..<18 { unlink(disk.path("shop-\(number)-\(part).log")) }
  }

  private func stuff(_ number: Int, _ duration: Duration) async {
    guard let cache else { return }
    let connection = cache.connection()
    let value = String(repeating: "x", count: 64 << 10)
    for key in 0..<400 {
      // A full cache refuses.
      guard (try? await connection.command(["SET", "session:\(number):\(key)", value])) != nil else { break }
    }
    try? await Task.sleep(for: duration)
    for key in 0..<400 { _ = try? await connection.command(["DEL", "session:\(number):\(key)"]) }
    await connection.close()
  }
}
