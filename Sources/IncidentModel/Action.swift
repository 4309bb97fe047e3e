/// A typed action of the catalogue: all that a runbook can do.
package enum Action: Hashable, Sendable {
  /// Ends database sessions that match, never its own nor a superuser's replication.
  case terminateBackends(SessionFilter)
  /// Cancels running statements that match; their sessions stay.
  case cancelQueries(SessionFilter)
  /// Sets a role's time limits for its next sessions.
  case setTimeouts(TimeoutSettings)
  /// Sets a PgBouncer pool's size.
  case setPoolSize(PoolSize)
  /// Deletes keys that match a pattern, found by scanning.
  case clearCache(KeyFilter)
  /// Sets the cache's memory limit.
  case setMaxMemory(MemoryLimit)
  /// Deletes old files inside a declared folder.
  case deleteFiles(FileFilter)
  /// Runs a declared executable without a shell.
  case runCommand(CommandCall)
  /// Sends a request to a declared endpoint.
  case httpRequest(EndpointCall)
  /// Tells a declared sink something.
  case notify(Notice)

  /// The action's name in runbooks, e.g. `postgres.terminate_backends`.
  package var kind: ActionKind {
    switch self {
    case .terminateBackends: .terminateBackends
    case .cancelQueries: .cancelQueries
    case .setTimeouts: .setTimeouts
    case .setPoolSize: .setPoolSize
    case .clearCache: .clearCache
    case .setMaxMemory: .setMaxMemory
    case .deleteFiles: .deleteFiles
    case .runCommand: .runCommand
    case .httpRequest: .httpRequest
    case .notify: .notify
    }
  }
}

/// The names of the actions, as runbooks write them.
package enum ActionKind: String, Codable, Sendable, CaseIterable {
  case terminateBackends = "postgres.terminate_backends"
  case cancelQueries = "postgres.cancel_queries"
  case setTimeouts = "postgres.set_timeouts"
  case setPoolSize = "pgbouncer.set_pool_size"
  case clearCache = "cache.clear"
  case setMaxMemory = "cache.set_max_memory"
  case deleteFiles = "files.delete_older_than"
  case runCommand = "command.run"
  case httpRequest = "http.request"
  case notify = "notify"

  /// Whether running it twice does no more than running it once, unless the runbook says otherwise.
  package var isIdempotent: Bool {
    switch self {
    case .runCommand, .httpRequest, .notify: false
    default: true
    }
  }
}

/// Which database sessions an action is about. Every field that is set must match.
package struct SessionFilter: Hashable, Sendable, Codable {
  /// `pg_stat_activity.state`, e.g. `idle in transaction`; `nil` matches any.
  package var state: String?
  /// `application_name`, exactly; `nil` matches any.
  package var application: String?
  /// The role that the session works as (`usename`), exactly; `nil` matches any.
  package var role: String?
  /// In this state (cancel: running) for at least so many seconds.
  package var olderThanSeconds: Double
  /// At most so many sessions.
  package var limit: Int

  /// A filter; see the fields.
  package init(
    state: String?, application: String?, role: String? = nil, olderThanSeconds: Double, limit: Int
  ) {
    self.state = state
    self.application = application
    self.role = role
    self.olderThanSeconds = olderThanSeconds
    self.limit = limit
  }
}

/// Time limits of a database role; `nil` leaves one as it is, 0 switches it off. Only an undo has
/// negative ones: the role had no limit of its own, and has none again.
package struct TimeoutSettings: Hashable, Sendable, Codable {
  /// The role whose next sessions get the limits.
  package var role: String
  /// `statement_timeout`, in seconds.
  package var statementSeconds: Double?
  /// `idle_in_transaction_session_timeout`, in seconds.
  package var idleInTransactionSeconds: Double?

  /// Limits; see the fields.
  package init(role: String, statementSeconds: Double?, idleInTransactionSeconds: Double?) {
    self.role = role
    self.statementSeconds = statementSeconds
    self.idleInTransactionSeconds = idleInTransactionSeconds
  }
}

/// The size of a PgBouncer pool.
package struct PoolSize: Hashable, Sendable, Codable {
  /// The PgBouncer database whose pool it is.
  package var database: String
  /// Server connections of the pool.
  package var size: Int

  /// A size; see the fields.
  package init(database: String, size: Int) {
    self.database = database
    self.size = size
  }
}

/// Which keys of a cache an action is about.
package struct KeyFilter: Hashable, Sendable, Codable {
  /// A glob such as `session:*`; must be one that the source's config declares clearable.
  package var pattern: String
  /// At most so many keys.
  package var limit: Int

  /// A filter; see the fields.
  package init(pattern: String, limit: Int) {
    self.pattern = pattern
    self.limit = limit
  }
}

/// A cache's memory limit.
package struct MemoryLimit: Hashable, Sendable, Codable {
  /// Bytes.
  package var bytes: Int64

  /// A limit of so many bytes.
  package init(bytes: Int64) { self.bytes = bytes }
}

/// Which files an action is about.
package struct FileFilter: Hashable, Sendable, Codable {
  /// A folder that the source's config declares cleanable, by its path.
  package var folder: String
  /// A glob for the files' names, e.g. `*.log`.
  package var pattern: String
  /// Not changed for at least so many seconds.
  package var olderThanSeconds: Double
  /// At most so many files.
  package var limit: Int

  /// A filter; see the fields.
  package init(folder: String, pattern: String, olderThanSeconds: Double, limit: Int) {
    self.folder = folder
    self.pattern = pattern
    self.olderThanSeconds = olderThanSeconds
    self.limit = limit
  }
}

/// A call of an executable that the config declares by name.
package struct CommandCall: Hashable, Sendable, Codable {
  /// The name under `commands:` in the config.
  package var command: String
  /// Arguments, passed as they are.
  package var arguments: [String]

  /// A call; see the fields.
  package init(command: String, arguments: [String]) {
    self.command = command
    self.arguments = arguments
  }
}

/// A request to an endpoint that the config declares by name.
package struct EndpointCall: Hashable, Sendable, Codable {
  /// The name under `endpoints:` in the config, which holds method and URL.
  package var endpoint: String
  /// The body to send, if any.
  package var body: String?

  /// A call; see the fields.
  package init(endpoint: String, body: String?) {
    self.endpoint = endpoint
    self.body = body
  }
}

/// Something to tell.
package struct Notice: Hashable, Sendable, Codable {
  /// The name under `sinks:` in the config.
  package var sink: String
  /// What to say.
  package var text: String

  /// A notice; see the fields.
  package init(sink: String, text: String) {
    self.sink = sink
    self.text = text
  }
}
