import PostgresBackend
import TestKit

/// A database with one application that leaks connections and one that goes on working.
struct LeakyShop: Sendable {
  let server: TestPostgres
  private let healthy: PostgresConnection
  private let healthyPID: String

  init(_ server: TestPostgres) async throws {
    self.server = server
    healthy = server.connection(application: "storefront")
    let rows = try await healthy.query("SELECT pg_backend_pid()::text AS pid")
    healthyPID = rows.rows.first?.first.flatMap { $0 } ?? ""
  }

  /// Leaks `count` connections: each begins a transaction and leaves it.
  func leak(_ count: Int) async throws -> [PostgresConnection] {
    var leaked: [PostgresConnection] = []
    for _ in 0..<count {
      let connection = server.connection(application: "checkout", user: "checkout")
      _ = try await connection.query("BEGIN")
      _ = try await connection.query("SELECT 1")
      leaked.append(connection)
    }
    return leaked
  }

  /// Whether the healthy application still has the connection that it began with, and it works.
  func healthyIsUnharmed() async throws -> Bool {
    let rows = try await healthy.query("SELECT pg_backend_pid()::text AS pid")
    return rows.rows.first?.first.flatMap { $0 } == healthyPID
  }

  /// The source's configuration. Forty connections, three of them the superuser's.
  static func source(_ server: TestPostgres, autonomy: String = "auto") -> String {
    """
    sources:
      - name: shop-db
        type: postgres
        url: \(server.url())
        interval: 500ms
        retry: 1s
        timeout: 5s
        autonomy: \(autonomy)
    """
  }

  static func with(_ body: (LeakyShop) async throws -> Void) async throws {
    try await TestPostgres.withServer(maxConnections: 40) { server in
      try await server.execute("CREATE ROLE checkout LOGIN")
      let shop = try await LeakyShop(server)
      try await body(shop)
      await shop.healthy.close()
    }
  }
}
