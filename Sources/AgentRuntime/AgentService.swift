import ServiceLifecycle

/// A part of an agent that runs until it is cancelled.
///
/// It is cancelled when the agent stops; if it ends or throws before, the agent fails.
package struct AgentService: Service, CustomStringConvertible {
  private let name: String
  private let body: @Sendable () async throws -> Void

  /// A part of an agent.
  ///
  /// - Parameters:
  ///   - name: for the log.
  ///   - body: what it does until its task is cancelled.
  package init(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    self.name = name
    self.body = body
  }

  package var description: String { name }

  package func run() async throws {
    let body = body
    do {
      try await cancelWhenGracefulShutdown { try await body() }
    } catch is CancellationError {
      // Being cancelled is how it ends.
    }
  }
}
