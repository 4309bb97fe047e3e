package import IncidentModel

/// The whole configuration: one file for every agent.
package struct SystemSettings: Sendable, Equatable {
  /// The file it came from; `nil` for the built-in defaults.
  package var file: String?
  package var coordinator = CoordinatorSettings()
  /// The buses of all coordinators, of which one leads; empty where there is only ``coordinator``.
  package var coordinators: [String] = []
  package var busSecurity = BusSecuritySettings()
  package var httpSecurity = HTTPSecuritySettings()
  package var detector = DetectorSettings()
  package var correlation = CorrelationSettings()
  package var escalation = EscalationSettings()
  /// What is watched.
  package var sources: [SourceSettings] = []
  /// Where notifications go; the log is always one.
  package var sinks: [SinkSettings] = []
  /// Executables that runbooks may run, by name.
  package var commands: [String: CommandSettings] = [:]
  /// HTTP endpoints that runbooks may call, by name.
  package var endpoints: [String: EndpointSettings] = [:]
  /// The catalogue: the built-in runbooks and those of the config, which replace built-in ones of their name.
  package var runbooks: [Runbook] = []

  /// Settings with nothing watched; see ``defaults(host:)`` for those of a machine without a file.
  package init() {}

  /// The buses that agents connect to.
  package var busEndpoints: [String] { coordinators.isEmpty ? [coordinator.busForAgents] : coordinators }

  /// The configured source of that name.
  package func source(named name: String) -> SourceSettings? { sources.first { $0.name == name } }

  /// The runbook of that name.
  package func runbook(named name: String) -> Runbook? { runbooks.first { $0.name == name } }
}

/// Where the coordinator listens and what it keeps.
package struct CoordinatorSettings: Sendable, Equatable {
  /// ZeroMQ endpoint of the ROUTER that agents connect to.
  package var bus = "tcp://127.0.0.1:5570"
  /// ZeroMQ endpoint of the PUB with numbered changes.
  package var changes = "tcp://127.0.0.1:5571"
  /// The host that others reach this coordinator at, where that is not what it listens on.
  package var advertise: String?
  /// Address of the HTTP API; only loopback unless there are tokens and TLS.
  package var httpHost = "127.0.0.1"
  /// Port of the HTTP API; 0 takes a free one.
  package var httpPort = 8080
  /// The `host:port` by which other coordinators reach the API; `nil`: where it listens.
  package var httpAdvertise: String?
  /// The journal: the path of an SQLite file, or a PostgreSQL database as `postgres://…`.
  package var store = Secret("aiops.db")
  /// Whether ``store`` is a PostgreSQL database.
  package var storeIsPostgres: Bool { Self.isPostgres(store.exposed) }
  /// Ended incidents go to the journal's archive after so many seconds; `nil`: never.
  package var retentionSeconds: Double? = 30 * 86_400.0
  /// A lease that is not renewed for so long is lost, in seconds.
  package var leaseSeconds = 10.0
  /// Agents say that they are there every so many seconds.
  package var heartbeatSeconds = 2.0
  /// How the journal's tip is told.
  package var audit = AuditSettings()

  /// The defaults.
  package init() {}

  /// Whether the text of a store means a PostgreSQL database.
  package static func isPostgres(_ store: String) -> Bool {
    store.hasPrefix("postgres://") || store.hasPrefix("postgresql://")
  }
}

/// How the tip of the journal's chain is told, so that whoever keeps it notices a rewrite of the whole.
package struct AuditSettings: Sendable, Equatable {
  /// The leader tells it every so many seconds; `nil`: only when it begins and ceases to lead.
  package var tipSeconds: Double? = 300
  /// Where it goes besides the log.
  package var sink: SinkSettings?

  /// The defaults.
  package init() {}
}

/// How detectors keep what no coordinator has yet.
package struct DetectorSettings: Sendable, Equatable {
  /// The folder where signals are kept besides, so that they outlive the process; `nil` for memory alone.
  package var spool: String?
  /// Signals that are kept at the most.
  package var spoolLimit = 10_000

  /// The defaults.
  package init() {}
}

/// What makes signals one incident.
package struct CorrelationSettings: Sendable, Equatable {
  /// Signals of one target and family within so many seconds make one incident.
  package var windowSeconds = 300.0
  /// A fingerprint marked as false positive is quiet for so long, in seconds, unless it clears before.
  package var falsePositiveQuietSeconds = 3600.0

  /// The defaults.
  package init() {}
}

/// How long the machines may try, and who is told when they can't.
package struct EscalationSettings: Sendable, Equatable {
  /// A diagnosis that is not there after so many seconds escalates.
  package var diagnosisSeconds = 120.0
  /// A remedy that nobody approved after so many seconds escalates.
  package var approvalSeconds = 900.0
  /// A remedy that is not done after so many seconds escalates.
  package var resolutionSeconds = 600.0
  /// An escalated incident that was acknowledged and is still open after so many seconds is nobody's any more;
  /// `nil`: an acknowledgement holds for ever.
  package var ackTimeoutSeconds: Double?
  /// Who is told, and when, until somebody answers.
  package var policy = EscalationPolicy.standard
  /// Others, by name, for the sources that name them.
  package var policies: [String: EscalationPolicy] = [:]

  /// The defaults.
  package init() {}
}

/// Where notifications go.
package struct SinkSettings: Sendable, Equatable {
  /// How a notification is delivered.
  package enum Kind: Sendable, Equatable {
    /// A JSON POST to this URL.
    case webhook(url: Secret)
    /// A line in the coordinator's log.
    case log
  }

  /// Unique name.
  package var name: String
  package var kind: Kind

  /// A sink; see the fields.
  package init(name: String, kind: Kind) {
    self.name = name
    self.kind = kind
  }
}

/// An executable that runbooks may run.
package struct CommandSettings: Sendable, Equatable {
  /// Absolute path.
  package var executable: String
  /// Arguments that always come first.
  package var arguments: [String]
  /// Whether a runbook may add arguments.
  package var allowsArguments: Bool
  /// Where it runs; `nil` for the root folder.
  package var workingDirectory: String?

  /// A command; see the fields.
  package init(
    executable: String, arguments: [String] = [], allowsArguments: Bool = false,
    workingDirectory: String? = nil
  ) {
    self.executable = executable
    self.arguments = arguments
    self.allowsArguments = allowsArguments
    self.workingDirectory = workingDirectory
  }
}

/// An HTTP endpoint that runbooks may call.
package struct EndpointSettings: Sendable, Equatable {
  /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
  package var method: String
  package var url: Secret
  /// Answers that count as done.
  package var expectedStatus: ClosedRange<Int>

  /// An endpoint; see the fields.
  package init(method: String, url: Secret, expectedStatus: ClosedRange<Int> = 200...299) {
    self.method = method
    self.url = url
    self.expectedStatus = expectedStatus
  }
}

/// Text that must not be shown: an URL or a password that may carry credentials.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
  /// The text itself; for the call that needs it and nothing else.
  package var exposed: String

  /// A secret.
  package init(_ exposed: String) { self.exposed = exposed }

  package var description: String { "(secret)" }
  package var debugDescription: String { "(secret)" }
}
