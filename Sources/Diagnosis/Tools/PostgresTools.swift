import IncidentModel
import PostgresBackend
import Settings

/// The tools of a PostgreSQL server.
struct PostgresTools: Toolbox {
  /// What `pg_stat_activity` shows of the diagnoser; names of this kind are never a culprit.
  static let applicationName = "aiops-diagnoser"

  private let connection: PostgresConnection
  private let statementMilliseconds: Int64

  init(_ settings: PostgresSourceSettings, timeout: Duration) {
    connection = PostgresConnection(
      conninfo: settings.url.exposed, applicationName: Self.applicationName, timeout: timeout,
      options: .init(maxRows: 1000))
    // The server gives up before the client does, so that the connection goes on.
    statementMilliseconds = timeout.milliseconds * 8 / 10
  }

  func query(for tool: Tool) -> String {
    switch tool {
    case .postgresSessions: PostgresQueries.sessions
    case .postgresLongestTransactions: PostgresQueries.longestTransactions
    case .postgresBlockingChains: PostgresQueries.blockingChains
    case .postgresSlowestStatements:
      PostgresQueries.runningStatements + ";\n" + PostgresQueries.statementMeans
    case .postgresLimits: PostgresQueries.limits
    default: ""
    }
  }

  func run(_ tool: Tool) async throws -> ToolResult {
    switch tool {
    case .postgresSessions: .sessions(Self.sessions(try await ask(PostgresQueries.sessions)))
    case .postgresLongestTransactions:
      .transactions(Self.transactions(try await ask(PostgresQueries.longestTransactions)))
    case .postgresBlockingChains: .blocking(Self.blocking(try await ask(PostgresQueries.blockingChains)))
    case .postgresSlowestStatements: .statements(try await statements())
    case .postgresLimits: .limits(Self.limits(try await ask(PostgresQueries.limits)))
    default: throw NoSuchTool()
    }
  }

  func close() async { await connection.close() }

  private func ask(_ sql: String) async throws -> PostgresRows {
    do {
      return try await connection.query(
        PostgresQueries.readOnly(sql, milliseconds: statementMilliseconds))
    } catch {
      // A refused query leaves its transaction open.
      if case .query = error { _ = try? await connection.query("ROLLBACK") }
      throw error
    }
  }

  private func statements() async throws -> StatementsResult {
    let running = Self.running(try await ask(PostgresQueries.runningStatements))
    // Without the extension, or without the right to read it, what runs now is still worth knowing.
    var means: [StatementMean]?
    do {
      if try await ask(PostgresQueries.hasStatementMeans).bool(0, "there") == true {
        means = Self.means(try await ask(PostgresQueries.statementMeans))
      }
    } catch let error as PostgresError {
      guard case .query = error else { throw error }
    }
    return StatementsResult(running: running, means: means)
  }

  func failure(_ error: any Error) -> ToolFailure? {
    guard let error = error as? PostgresError else { return nil }
    return ToolFailure(kind: Self.kind(error), message: Shown.text("\(error)", limit: 300))
  }

  private static func kind(_ error: PostgresError) -> ToolFailure.Kind {
    if error.isTooManyConnections { return .noConnectionLeft }
    if case .timedOut = error { return .timedOut }
    // Class 28 is invalid authorization, 42501 insufficient privilege, 57014 the statement's own timeout.
    if let state = error.sqlState {
      if state.hasPrefix("28") || state == "42501" { return .forbidden }
      if state == "57014" { return .timedOut }
      return .other
    }
    guard case .connection(let message, _) = error else { return .other }
    return ConnectWords.kind(message)
  }
}

/// A tool was asked of a source that has no such tool; the dialogue doesn't do that.
struct NoSuchTool: Error, CustomStringConvertible {
  var description: String { "the source has no such tool" }
}

/// What the words of a failed connect mean; the libraries have no codes for them.
enum ConnectWords {
  static func kind(_ message: String) -> ToolFailure.Kind {
    let text = message.lowercased()
    func has(_ words: String...) -> Bool { words.contains { text.contains($0) } }
    if has("timed out", "timeout") { return .timedOut }
    if has("refused", "connect to server", "no route", "unreachable") { return .refused }
    if has("translate host", "resolve", "name or service", "unknown host", "no such host") {
      return .unknownHost
    }
    return .other
  }
}
