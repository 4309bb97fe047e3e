import Threads

/// Runs what blocks on a thread of its own, away from the cooperative pool.
func onOwnThread<Result: Sendable>(
  _ name: String, _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  let executor = ThreadExecutor(name: name)
  defer { executor.shutdown() }
  return try await Task(executorPreference: executor) { try body() }.value
}
