import Threads

/// A connection to a PostgreSQL server, or to PgBouncer's admin console, on libpq.
///
/// Connects with the first query and again after the connection broke. Queries run one after the
/// other on a thread of their own, so nothing here blocks the cooperative pool. A query that was sent is
/// never repeated: whether a broken connection's last query ran is not known.
package actor PostgresConnection {
  /// What is not the same for every use.
  package struct Options: Sendable {
    /// Statements that every new connection runs first, as one script.
    package var setup: String?
    /// Whether a broken connection is made anew; where the session itself matters it must not be.
    package var reconnects = true
    /// A peer that is gone without a word is noticed within some seconds, where the connection string does not
    /// say otherwise.
    package var noticesSilence = false
    /// An answer with more rows is an error.
    package var maxRows = 10_000

    /// Options; see the fields.
    package init(
      setup: String? = nil, reconnects: Bool = true, noticesSilence: Bool = false, maxRows: Int = 10_000
    ) {
      self.setup = setup
      self.reconnects = reconnects
      self.noticesSilence = noticesSilence
      self.maxRows = maxRows
    }
  }

  private let conninfo: String
  private let applicationName: String
  private let timeout: Duration
  private let options: Options
  private let executor: ThreadExecutor
  private var session: PostgresSession?
  private var wasConnected = false
  private var isClosed = false

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A connection that is not made yet.
  ///
  /// - Parameters:
  ///   - conninfo: `postgres://user@host:5432/database` or `host=… port=… dbname=…`.
  ///   - applicationName: what `pg_stat_activity` shows; replaces one in `conninfo`.
  ///   - timeout: connecting and asking together take at most so long, unless a query says otherwise.
  ///   - options: see there.
  package init(
    conninfo: String, applicationName: String, timeout: Duration, options: Options = Options()
  ) {
    self.conninfo = conninfo
    self.applicationName = applicationName
    self.timeout = timeout
    self.options = options
    executor = ThreadExecutor(name: "postgres")
  }

  /// Where a connection string leads, for people: without the password and all that is not asked for.
  package static func place(of conninfo: String) throws(PostgresError) -> String {
    try ConnectionString(parsing: conninfo).place
  }

  /// Whether a connection string has a secret in it.
  package static func hasPassword(_ conninfo: String) throws(PostgresError) -> Bool {
    try ConnectionString(parsing: conninfo).hasSecret
  }

  /// Asks a query.
  ///
  /// With parameters (`$1`, `$2` …; always text, `nil` is NULL) the extended protocol is used. Without
  /// any it is the simple one, in which several statements with `;` between them run as one transaction
  /// and the rows of all of them come together: never build such a text from what came from outside.
  ///
  /// - Throws: `.query` when the server refused; the connection goes on. After anything else the next query
  ///   connects anew, if it may.
  package func query(
    _ sql: String, _ parameters: [String?] = [], timeout: Duration? = nil
  ) async throws(PostgresError) -> PostgresRows {
    // The simple protocol, because PgBouncer's admin console knows no other.
    if parameters.isEmpty { return try ask(.script(sql), timeout) }
    return try await query(sql, with: parameters.map { .text($0) }, timeout: timeout)
  }

  /// Asks a query whose parameters may be whole arrays.
  package func query(
    _ sql: String, with parameters: [PostgresParameter], timeout: Duration? = nil
  ) async throws(PostgresError) -> PostgresRows {
    try Self.check(parameters)
    return try ask(.statement(sql, parameters), timeout)
  }

  /// Has the server parse a statement, for ``query(prepared:with:timeout:)`` on this very connection.
  package func prepare(
    _ name: String, _ sql: String, timeout: Duration? = nil
  ) async throws(PostgresError) {
    _ = try ask(.prepare(name: name, sql), timeout)
  }

  /// Asks a query that was prepared.
  package func query(
    prepared name: String, with parameters: [PostgresParameter], timeout: Duration? = nil
  ) async throws(PostgresError) -> PostgresRows {
    try Self.check(parameters)
    return try ask(.prepared(name: name, parameters), timeout)
  }

  /// The number of the server's process at the other end, as libpq was told; `nil` without a connection.
  ///
  /// A connection pool makes one up, which is how one is recognised.
  package var backend: Int32? { session?.backend }

  /// Ends the connection; later queries throw `.closed`.
  package func close() {
    isClosed = true
    session = nil
    executor.shutdown()
  }

  private static func check(_ parameters: [PostgresParameter]) throws(PostgresError) {
    guard !parameters.contains(where: \.hasNUL) else { throw nul }
  }

  private static let nul = PostgresError.query(
    message: "PostgreSQL's text cannot hold a NUL character", sqlState: "22021")

  private func ask(
    _ request: PostgresSession.Request, _ timeout: Duration?
  ) throws(PostgresError) -> PostgresRows {
    guard !isClosed else { throw .closed }
    switch request {
    case .script(let sql), .statement(let sql, _), .prepare(_, let sql):
      if sql.hasNUL { throw Self.nul }
    case .prepared: break
    }
    if Task.isCancelled { throw .cancelled }
    let deadline = Deadline(in: timeout ?? self.timeout)
    let session = try connected(deadline)
    do throws(PostgresError) {
      return try session.ask(request, deadline: deadline)
    } catch {
      if case .query = error, session.isUsable { throw error }
      self.session = nil
      throw error
    }
  }

  private func connected(_ deadline: Deadline) throws(PostgresError) -> PostgresSession {
    if let session, session.isUsable, session.isAlive { return session }
    session = nil
    guard options.reconnects || !wasConnected else {
      throw .connection(message: "the connection broke", sqlState: nil)
    }
    let new = try PostgresSession(
      ConnectionString(parsing: conninfo), applicationName: applicationName,
      keepalives: options.noticesSilence ? Self.keepalives : [],
      limits: PostgresSession.Limits(rows: options.maxRows), deadline: deadline)
    wasConnected = true
    if let setup = options.setup { _ = try new.ask(.script(setup), deadline: deadline) }
    session = new
    return new
  }

  private static let keepalives: [(keyword: String, value: String)] = [
    ("keepalives", "1"), ("keepalives_idle", "2"), ("keepalives_interval", "1"),
    ("keepalives_count", "3"), ("tcp_user_timeout", "5000"),
  ]
}
