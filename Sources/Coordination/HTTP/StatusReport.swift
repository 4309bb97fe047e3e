package import IncidentModel
package import JournalAudit
package import MessageBus

/// The coordinator's own state, for `GET /aiops/status`.
package struct StatusReport: Sendable, Encodable {
  /// The system's version.
  package var version: String
  /// Unique to this run of the coordinator.
  package var instance: String
  package var startedAt: Timestamp
  package var uptimeSeconds: Double
  /// Whether it can take signals and alerts.
  package var ready: Bool
  /// Whether it leads or stands by for whoever does.
  package var role: CoordinatorRole
  /// The epoch of the leadership that is known; 0 for none.
  package var epoch: UInt64
  /// Who leads; `null` when that is not known.
  package var leader: Nullable<LeaderReport>
  /// The number of the latest change.
  package var sequence: UInt64
  package var store: StoreReport
  package var incidents: IncidentCounts
  /// How much waits, by the queue's name.
  package var queues: [String: Int]
  /// What will happen when nothing else does, soonest first; a bounded number.
  package var deadlines: [DeadlineReport]
  /// How many agents are there, by their kind.
  package var agents: [String: Int]
  /// Who watches what; `null` at a coordinator that stands by.
  package var shards: Nullable<ShardsReport>
  /// The coordinators that stand by.
  package var standbys: [StandbyReport] = []
  /// The deadlines that will tell somebody, soonest first; a bounded number.
  package var tellings: [DeadlineReport] = []
  /// The leases that are out, longest first; a bounded number of them.
  package var leases: [LeaseReport] = []
  /// How many leases are out.
  package var leaseCount = 0
  /// The job that waits longest for a worker.
  package var oldestJob = Nullable<WaitingReport>(nil)
  /// What was refused lately, newest first; a bounded number.
  package var refusals: [Refusal] = []
  package var versions: VersionReport

  /// A report; see the fields.
  package init(
    version: String, instance: String, startedAt: Timestamp, uptimeSeconds: Double, ready: Bool,
    role: CoordinatorRole, leader: LeaderInfo?, sequence: UInt64, store: StoreReport,
    incidents: IncidentCounts, queues: [String: Int],
    deadlines: [DeadlineReport], agents: [String: Int], shards: ShardsReport? = nil
  ) {
    self.shards = Nullable(shards)
    self.version = version
    self.instance = instance
    self.startedAt = startedAt
    self.uptimeSeconds = uptimeSeconds
    self.ready = ready
    self.role = role
    epoch = leader?.epoch ?? 0
    self.leader = Nullable(leader.map(LeaderReport.init))
    self.sequence = sequence
    self.store = store
    self.incidents = incidents
    self.queues = queues
    self.deadlines = deadlines
    self.agents = agents
    versions = VersionReport(coordinator: version, protocol: WireCodec.version, schema: nil, agents: [:])
  }
}

/// What a coordinator is to the others.
package enum CoordinatorRole: String, Sendable, Encodable {
  /// It decides.
  case leading
  /// It reads the journal along, answers readers, and leads when the leader is gone.
  case standby
}

/// The coordinator that leads, as the API shows it.
package struct LeaderReport: Sendable, Encodable, Equatable {
  package var instance: String
  package var bus: String
  package var changes: String
  /// `host:port` of its API; empty when that has no fixed port.
  package var http: String

  /// The report of a leader.
  package init(_ leader: LeaderInfo) {
    instance = leader.instance
    bus = leader.bus
    changes = leader.changes
    http = leader.http
  }
}

/// The store's health, as the API shows it.
package struct StoreReport: Sendable, Encodable {
  package var kind: String
  package var location: String
  package var bytes: Int64
  package var lastSequence: Int64
  package var commits: UInt64
  package var failures: UInt64
  package var lastCommitSeconds: Nullable<Double>
  /// What the recent commits of this coordinator were like.
  package var recentCommits = Nullable<CommitReport>(nil)
  package var lastError: Nullable<String>
  /// What makes it less safe than it should be.
  package var warning: Nullable<String>
  /// The end of the journal's chain.
  package var tip: Nullable<TipReport>

  /// The report of a store's health.
  package init(_ health: StoreHealth) {
    kind = health.kind
    location = health.location
    bytes = health.bytes
    lastSequence = health.lastSequence
    commits = health.commits
    failures = health.failures
    lastCommitSeconds = Nullable(health.lastCommitLatency?.inSeconds)
    lastError = Nullable(health.lastError)
    warning = Nullable(health.warning)
    tip = Nullable(health.tip.map(TipReport.init))
  }
}

/// The end of the journal's chain, as the API shows it.
package struct TipReport: Sendable, Encodable, Equatable {
  /// The number of the latest record.
  package var sequence: Int64
  /// Its hash, in hexadecimal digits.
  package var hash: String

  /// The report of a tip.
  package init(_ tip: ChainTip) {
    sequence = tip.sequence
    hash = tip.hash.hex
  }
}

/// How many incidents there are.
package struct IncidentCounts: Sendable, Encodable, Equatable {
  package var total: Int
  /// Those that somebody or something still has to act on.
  package var open: Int
  /// Every status, those without incidents too.
  package var byStatus: [String: Int]
  /// The open ones by severity; every severity, those without incidents too.
  package var openBySeverity: [String: Int]

  /// Counts `incidents`.
  package init(_ incidents: some Sequence<Incident>) {
    total = 0
    open = 0
    byStatus = Dictionary(uniqueKeysWithValues: IncidentStatus.allCases.map { ($0.rawValue, 0) })
    openBySeverity = Dictionary(uniqueKeysWithValues: Severity.allCases.map { ($0.rawValue, 0) })
    for incident in incidents { add(incident) }
  }

  /// Counts one more.
  mutating func add(_ incident: Incident) { change(incident, by: 1) }

  /// Counts one less.
  mutating func remove(_ incident: Incident) { change(incident, by: -1) }

  private mutating func change(_ incident: Incident, by step: Int) {
    total += step
    byStatus[incident.status.rawValue, default: 0] += step
    guard incident.status.isOpen else { return }
    open += step
    openBySeverity[incident.severity.rawValue, default: 0] += step
  }
}

/// Something that will happen at a time if nothing else happens before.
package struct DeadlineReport: Sendable, Encodable, Equatable {
  package var incident: IncidentID
  /// What will happen, e.g. `escalate`, `lease`.
  package var kind: String
  package var at: Timestamp
  /// Whom it will tell; `null` for what tells nobody.
  package var tells: Nullable<TellingReport>

  /// A deadline; see the fields.
  package init(incident: IncidentID, kind: String, at: Timestamp, tells: TellingReport? = nil) {
    self.incident = incident
    self.kind = kind
    self.at = at
    self.tells = Nullable(tells)
  }
}

/// An agent as the coordinator sees it, for `GET /aiops/agents`.
package struct AgentReport: Sendable, Encodable, Equatable {
  /// Unique to this run of the process.
  package var instance: String
  package var kind: AgentKind
  package var name: String
  package var version: String
  package var pid: Int32
  package var targets: [String]
  package var lastHeartbeat: Timestamp
  /// Between 0 and 1 as a rule: how busy it says it is.
  package var load: Double
  package var freeSlots: Int
  /// The incidents it works on.
  package var incidents: [IncidentID]
  /// Its signals that wait; for detectors alone.
  package var spool: SpoolReport?
  /// The name of its key; `nil` where the bus has no keys.
  package var identity: String?
  /// What it watches; for detectors alone, and only where the coordinator shares the targets out.
  package var shards: [String]?

  /// A report; see the fields.
  package init(
    _ info: AgentInfo, lastHeartbeat: Timestamp, load: Double, freeSlots: Int, incidents: [IncidentID],
    spool: SpoolReport? = nil, identity: String? = nil, shards: [String]? = nil
  ) {
    self.identity = identity
    self.shards = shards
    instance = info.instance
    kind = info.kind
    name = info.name
    version = info.version
    pid = info.pid
    targets = info.targets
    self.lastHeartbeat = lastHeartbeat
    self.load = load
    self.freeSlots = freeSlots
    self.incidents = incidents
    self.spool = spool
  }
}

/// An optional that JSON shows as `null`, where Swift would leave the field out.
package struct Nullable<Value: Sendable & Encodable>: Sendable, Encodable {
  package var value: Value?

  /// A value, or `null`.
  package init(_ value: Value?) { self.value = value }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value { try container.encode(value) } else { try container.encodeNil() }
  }
}

extension Nullable: Equatable where Value: Equatable {}
