import CPostgres
import Glibc

/// One connection of libpq's, driven without blocking so that every wait has a deadline.
///
/// Waits are cut into slices of at most 50 ms in which the task's cancellation is looked at: simpler
/// than a second descriptor to wake up, and only paid while an answer is awaited.
//
// Not Sendable: confined to the actor that owns it.
final class PostgresSession {
  /// An answer may have so many rows and so many bytes of text.
  struct Limits: Sendable {
    var rows = 10_000
    var bytes = 32 << 20
  }

  /// What is asked, and by which protocol.
  enum Request {
    /// By the simple protocol, which takes several statements.
    case script(String)
    /// By the extended one.
    case statement(String, [PostgresParameter])
    /// Names a statement, to be asked by its name from then on.
    case prepare(name: String, String)
    case prepared(name: String, [PostgresParameter])
  }

  private let connection: OpaquePointer
  private let connectionString: ConnectionString
  private let limits: Limits

  deinit { PQfinish(connection) }

  /// Connects.
  init(
    _ connectionString: ConnectionString, applicationName: String,
    keepalives: [(keyword: String, value: String)] = [], limits: Limits, deadline: Deadline
  ) throws(PostgresError) {
    self.connectionString = connectionString
    self.limits = limits
    var options = connectionString.options.filter {
      !["application_name", "fallback_application_name", "client_encoding"].contains($0.keyword)
    }
    for option in keepalives where !options.contains(where: { $0.keyword == option.keyword }) {
      options.append(option)
    }
    options.append(("application_name", applicationName))
    options.append(("client_encoding", "UTF8"))
    let keywords = CStrings(options.map(\.keyword))
    let values = CStrings(options.map(\.value))
    let started = withExtendedLifetime((keywords, values)) {
      PQconnectStartParams(keywords.pointers, values.pointers, 0)
    }
    guard let connection = started else {
      throw .connection(message: "out of memory", sqlState: nil)
    }
    self.connection = connection
    cpostgres_silence(connection)
    // Only verbose text has the SQLSTATE of a refused connect.
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
    var wanted = PGRES_POLLING_WRITING
    while wanted != PGRES_POLLING_OK {
      guard wanted != PGRES_POLLING_FAILED, PQstatus(connection) != CONNECTION_BAD else { throw refusal }
      try wait(for: wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)
      wanted = PQconnectPoll(connection)
    }
    PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
    PQsetnonblocking(connection, 1)
  }

  private var refusal: PostgresError {
    let failure = ConnectFailure(text: connectionString.redacted(String(cString: PQerrorMessage(connection))))
    return .connection(message: failure.message, sqlState: failure.sqlState)
  }

  /// Whether the connection still stands, as far as can be known without asking the server.
  ///
  /// A server that stopped has said so in words that wait to be read.
  var isAlive: Bool {
    var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
    while poll(&descriptor, 1, 0) > 0 {
      guard PQconsumeInput(connection) == 1, PQstatus(connection) == CONNECTION_OK else { return false }
      // Read again: the end of the stream is only seen when nothing is before it.
    }
    return PQstatus(connection) == CONNECTION_OK
  }

  /// Whether the connection may be used for another query.
  var isUsable: Bool {
    PQstatus(connection) == CONNECTION_OK && PQtransactionStatus(connection) != PQTRANS_ACTIVE
      && PQtransactionStatus(connection) != PQTRANS_UNKNOWN
  }

  /// The number of the server's process that works for this connection; a pool makes one up.
  var backend: Int32 { PQbackendPID(connection) }

  /// Sends a request and reads its whole answer. After any throw but `.query` the session is spent.
  func ask(_ request: Request, deadline: Deadline) throws(PostgresError) -> PostgresRows {
    guard send(request) == 1 else { throw broken }
    // Rows come one by one, so that an endless answer is noticed before it is in memory.
    PQsetSingleRowMode(connection)
    try flush(deadline)
    return try readAnswer(deadline)
  }

  private func send(_ request: Request) -> CInt {
    switch request {
    case .script(let sql): return PQsendQuery(connection, sql)
    case .statement(let sql, let parameters):
      let arrays = ParameterArrays(parameters)
      return withExtendedLifetime(arrays) {
        PQsendQueryParams(
          connection, sql, arrays.count, nil, arrays.values, arrays.lengths, arrays.formats, 0)
      }
    case .prepare(let name, let sql): return PQsendPrepare(connection, name, sql, 0, nil)
    case .prepared(let name, let parameters):
      let arrays = ParameterArrays(parameters)
      return withExtendedLifetime(arrays) {
        PQsendQueryPrepared(
          connection, name, arrays.count, arrays.values, arrays.lengths, arrays.formats, 0)
      }
    }
  }

  private func flush(_ deadline: Deadline) throws(PostgresError) {
    while true {
      switch PQflush(connection) {
      case 0: return
      case 1:
        // The server may be waiting until we have read what it says.
        try wait(for: POLLIN | POLLOUT, deadline)
        guard PQconsumeInput(connection) == 1 else { throw broken }
      default: throw broken
      }
    }
  }

  private func readAnswer(_ deadline: Deadline) throws(PostgresError) -> PostgresRows {
    var answer = PostgresRows(columns: [], rows: [], affected: 0)
    var bytes = 0
    var failure: PostgresError?
    while true {
      while PQisBusy(connection) == 1 {
        try wait(for: POLLIN, deadline)
        guard PQconsumeInput(connection) == 1 else { throw broken }
      }
      guard let result = PQgetResult(connection) else { break }
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE:
        if answer.columns.isEmpty && answer.rows.isEmpty { answer.columns = columns(of: result) }
        for row in 0..<PQntuples(result) {
          // Rows of a further answer may be of another width; a reader counts on one value a column.
          let values = Self.values(of: result, row: row, count: answer.columns.count)
          bytes += values.reduce(24) { $0 + ($1?.utf8.count ?? 0) + 16 }
          answer.rows.append(values)
          if answer.rows.count > limits.rows || bytes > limits.bytes { throw tooLarge }
        }
        if PQresultStatus(result) == PGRES_TUPLES_OK { answer.affected = affected(by: result) }
      case PGRES_COMMAND_OK: answer.affected = affected(by: result)
      case PGRES_EMPTY_QUERY: break
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        cancel()
        throw .connection(message: "COPY is not supported here", sqlState: nil)
      default: failure = failure ?? refusal(in: result)
      }
    }
    if PQstatus(connection) != CONNECTION_OK { throw failure.map(asBroken) ?? broken }
    if let failure { throw failure }
    return answer
  }

  private func columns(of result: OpaquePointer) -> [String] {
    (0..<PQnfields(result)).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }
  }

  private static func values(of result: OpaquePointer, row: CInt, count: Int) -> [String?] {
    (0..<CInt(clamping: count)).map { column in
      guard column < PQnfields(result), PQgetisnull(result, row, column) == 0,
        let text = PQgetvalue(result, row, column)
      else { return nil }
      return String(cString: text)
    }
  }

  private func affected(by result: OpaquePointer) -> Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

  private func refusal(in result: OpaquePointer) -> PostgresError {
    let state = PQresultErrorField(result, CInt(UInt8(ascii: "C"))).map { String(cString: $0) }
    let primary = PQresultErrorField(result, CInt(UInt8(ascii: "M"))).map { String(cString: $0) }
    let message = primary ?? String(cString: PQresultErrorMessage(result))
    return .query(message: String(connectionString.redacted(message).prefix(1000)), sqlState: state)
  }

  /// A refusal after which there is no connection: the server ended it and said why.
  private func asBroken(_ error: PostgresError) -> PostgresError {
    if case .query(let message, let state) = error {
      return .connection(message: message, sqlState: state)
    }
    return error
  }

  private var broken: PostgresError {
    let text = String(cString: PQerrorMessage(connection)).split(separator: "\n").joined(separator: " ")
    let message = text.isEmpty ? "the connection broke" : String(connectionString.redacted(text).prefix(1000))
    return .connection(message: message, sqlState: nil)
  }

  private var tooLarge: PostgresError {
    cancel()
    return .tooLarge(limit: "\(limits.rows) rows or \(limits.bytes >> 20) MiB")
  }

  /// Waits until the socket is ready, the deadline has passed or the task is cancelled.
  private func wait(for events: CInt, _ deadline: Deadline) throws(PostgresError) {
    while true {
      var descriptor = pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0)
      guard descriptor.fd >= 0 else { throw broken }
      let left = deadline.milliseconds
      if left <= 0 || Task.isCancelled {
        cancel()
        throw left <= 0 ? .timedOut(seconds: deadline.seconds) : .cancelled
      }
      let ready = poll(&descriptor, 1, CInt(min(left, 50)))
      if ready > 0 { return }
      if ready < 0 && errno != EINTR { throw broken }
    }
  }

  /// Asks the server to stop what runs on this connection, without waiting for it.
  private func cancel() {
    guard PQtransactionStatus(connection) == PQTRANS_ACTIVE else { return }
    Cancellation.send(for: connection)
  }
}
