import JournalAudit

/// What a store remembers of its appends, for its health.
struct AppendAccount: Sendable {
  private(set) var commits: UInt64 = 0
  private(set) var failures: UInt64 = 0
  private(set) var lastLatency: Duration?
  private(set) var lastError: String?

  /// Counts an append that took so long until it was durable.
  mutating func succeeded(after latency: Duration) {
    commits += 1
    lastLatency = latency
    lastError = nil
  }

  /// Counts an append that failed.
  mutating func failed(_ error: StoreError) {
    failures += 1
    lastError = error.description
  }

  /// A state of health with these figures.
  func health(
    kind: String, location: String, bytes: Int64, lastSequence: Int64, trouble: String? = nil,
    warning: String? = nil, tip: ChainTip? = nil
  ) -> StoreHealth {
    StoreHealth(
      kind: kind, location: location, bytes: bytes, lastSequence: lastSequence, commits: commits,
      failures: failures, lastCommitLatency: lastLatency, lastError: lastError ?? trouble, warning: warning,
      tip: tip)
  }
}
