import Threads

/// A connection to a PostgreSQL server, or to PgBouncer's admin console, on libpq.
///
/// Connects with the first query and again after the connection broke. Queries run one after the
/// other on a thread of their own, so nothing here blocks the cooperative pool. A query that was sent is
/// never repeated: whether a broken connection's last query ran is not known.
package actor PostgresConnection {
  private let conninfo: String
  private let applicationName: String
  private let timeout: Duration
  private let limits: PostgresSession.Limits
  private let executor: ThreadExecutor
  private var session: PostgresSession?
  private var isClosed = false

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A connection that is not made yet.
  ///
  /// - Parameters:
  ///   - conninfo: `postgres://user@host:5432/database` or `host=… port=… dbname=…`.
  ///   - applicationName: what `pg_stat_activity` shows; replaces one in `conninfo`.
  ///   - timeout: connecting and asking together take at most so long.
  ///   - maxRows: an answer with more rows is an error.
  package init(conninfo: String, applicationName: String, timeout: Duration, maxRows: Int = 10_000) {
    self.conninfo = conninfo
    self.applicationName = applicationName
    self.timeout = timeout
    limits = PostgresSession.Limits(rows: maxRows)
    executor = ThreadExecutor(name: "postgres")
  }

  /// Asks a query.
  ///
  /// With parameters (`$1`, `$2` …; always text, `nil` is NULL) the extended protocol is used. Without
  /// any it is the simple one, in which several statements with `;` between them run as one transaction
  /// and the rows of all of them come together: never build such a text from what came from outside.
  ///
  /// - Throws: `.query` when the server refused; the connection goes on. After anything else the next query
  ///   connects anew.
  package func query(
    _ sql: String, _ parameters: [String?] = []
  ) async throws(PostgresError) -> PostgresRows {
    guard !isClosed else { throw .closed }
    guard !sql.utf8.contains(0), !parameters.contains(where: { $0?.utf8.contains(0) == true }) else {
      throw .query(message: "PostgreSQL's text cannot hold a NUL character", sqlState: "22021")
    }
    if Task.isCancelled { throw .cancelled }
    let deadline = Deadline(in: timeout)
    let session = try connected(deadline)
    do throws(PostgresError) {
      return try session.query(sql, parameters, deadline: deadline)
    } catch {
      if case .query = error, session.isUsable { throw error }
      self.session = nil
      throw error
    }
  }

  /// Ends the connection; later queries throw `.closed`.
  package func close() {
    isClosed = true
    session = nil
    executor.shutdown()
  }

  private func connected(_ deadline: Deadline) throws(PostgresError) -> PostgresSession {
    if let session, session.isUsable, session.isAlive { return session }
    session = nil
    let new = try PostgresSession(
      ConnectionString(parsing: conninfo), applicationName: applicationName, limits: limits,
      deadline: deadline)
    session = new
    return new
  }
}
