package import IncidentModel
package import Settings

/// The side of the dialogue that looks: runs read-only tools on one source.
package protocol Investigator: Sendable {
  /// Runs a tool. Never throws: a tool that fails is a finding that says so.
  ///
  /// - Parameter limit: waiting included, it ends after so long.
  func run(_ call: ToolCall, within limit: Duration) async -> Finding
  /// Gives back connections.
  func close() async
}

/// What one kind of source has to offer: its tools, behind one client.
protocol Toolbox: Sendable {
  /// The exact query or reading behind a tool.
  nonisolated func query(for tool: Tool) -> String
  /// Runs a tool.
  func run(_ tool: Tool) async throws -> ToolResult
  /// What an error means; `nil` for errors that are none of this source's.
  nonisolated func failure(_ error: any Error) -> ToolFailure?
  /// Gives back connections.
  func close() async
}

/// Runs tools against the real source.
package struct SourceInvestigator: Investigator {
  private let toolbox: (any Toolbox)?
  private let kind: SourceFacts.Kind
  private let now: @Sendable () -> Timestamp

  /// An investigator of a configured source; nothing is connected before the first tool.
  ///
  /// - Parameters:
  ///   - source: what to look at.
  ///   - toolTimeout: a server that answers later is given up.
  ///   - now: the clock for findings.
  package init(
    _ source: SourceSettings, toolTimeout: Duration, now: @escaping @Sendable () -> Timestamp
  ) {
    kind = SourceFacts(source).kind
    toolbox =
      switch source.kind {
      case .postgres(let settings): PostgresTools(settings, timeout: toolTimeout)
      case .redis(let settings): CacheTools(settings, timeout: toolTimeout)
      case .host(let settings): HostTools(settings, now: now)
      case .http(let settings): HTTPTools(settings, timeout: toolTimeout)
      case .prometheus: nil
      }
    self.now = now
  }

  package func run(_ call: ToolCall, within limit: Duration) async -> Finding {
    guard let toolbox, call.tool.sourceKind == kind else {
      return finding(
        call, "", .failed(ToolFailure(kind: .notApplicable, message: "a \(kind) source has no such tool")))
    }
    let query = toolbox.query(for: call.tool)
    do {
      let result = try await bounded(limit) {
        if call.waitSeconds > 0 { try await Task.sleep(for: .seconds(call.waitSeconds)) }
        return try await toolbox.run(call.tool)
      }
      return finding(call, query, .found(result))
    } catch is TookTooLong {
      return finding(
        call, query,
        .failed(
          ToolFailure(
            kind: .timedOut, message: "no answer within \(Figure.duration(limit.inSeconds))")))
    } catch {
      let failure =
        toolbox.failure(error) ?? ToolFailure(kind: .other, message: Shown.text("\(error)", limit: 300))
      return finding(call, query, .failed(failure))
    }
  }

  package func close() async { await toolbox?.close() }

  private func finding(_ call: ToolCall, _ query: String, _ outcome: Finding.Outcome) -> Finding {
    Finding(call: call, query: query, observedAt: now(), outcome: outcome)
  }

  private struct TookTooLong: Error {}

  /// The work's result, or `TookTooLong`. The work is cancelled then and its end awaited: the clients
  /// give up within a fraction of a second.
  private func bounded(
    _ limit: Duration, _ work: @escaping @Sendable () async throws -> ToolResult
  ) async throws -> ToolResult {
    try await withThrowingTaskGroup(of: ToolResult?.self) { group in
      group.addTask { try await work() }
      group.addTask {
        try await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let result = first else { throw TookTooLong() }
      return result
    }
  }
}
