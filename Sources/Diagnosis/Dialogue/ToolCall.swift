/// The read-only tools that the investigator can run.
package enum Tool: String, Sendable, CaseIterable, Hashable {
  case postgresSessions = "postgres.sessions"
  case postgresLongestTransactions = "postgres.longest_transactions"
  case postgresBlockingChains = "postgres.blocking_chains"
  case postgresSlowestStatements = "postgres.slowest_statements"
  case postgresLimits = "postgres.limits"
  case cacheMemory = "cache.memory"
  case cacheLargestKeys = "cache.largest_keys"
  case hostTopProcesses = "host.top_processes"
  case hostFullestMounts = "host.fullest_mounts"
  case hostLargestFolders = "host.largest_folders"
  case httpProbe = "http.probe"

  /// The kind of source that it can be run on.
  package var sourceKind: SourceFacts.Kind {
    switch self {
    case .postgresSessions, .postgresLongestTransactions, .postgresBlockingChains,
      .postgresSlowestStatements, .postgresLimits:
      .postgres
    case .cacheMemory, .cacheLargestKeys: .redis
    case .hostTopProcesses, .hostFullestMounts, .hostLargestFolders: .host
    case .httpProbe: .http
    }
  }
}

/// One use of a tool. Tools take no text: nothing that was observed can become part of a query.
package struct ToolCall: Hashable, Sendable {
  /// The longest that a call may wait, in seconds; a tool has ten in all.
  package static let longestWait = 7.0

  /// What to run.
  package var tool: Tool
  /// How long to wait before, in seconds, to see whether something lasts.
  package var waitSeconds: Double

  /// A call; see the fields.
  package init(_ tool: Tool, waitSeconds: Double = 0) {
    self.tool = tool
    self.waitSeconds = min(max(waitSeconds, 0), Self.longestWait)
  }
}
