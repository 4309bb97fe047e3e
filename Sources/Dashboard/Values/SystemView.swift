package import IncidentModel

/// The system's state as a page shows it.
package struct SystemView: Sendable {
  /// What a coordinator is to the others.
  package enum Role: Sendable, Equatable { case leading, standby }

  /// Another coordinator.
  package struct Peer: Sendable, Equatable {
    package var instance: String
    /// `host:port` of its API, where that is known.
    package var authority: Authority?
    /// Since when nothing was heard from it; `nil` when it is well.
    package var silentSince: Timestamp?

    /// A peer; see the fields.
    package init(instance: String, authority: Authority?, silentSince: Timestamp? = nil) {
      self.instance = instance
      self.authority = authority
      self.silentSince = silentSince
    }
  }

  /// The journal's store.
  package struct Store: Sendable {
    package var kind = ""
    package var location = ""
    package var bytes: Int64 = 0
    package var lastSequence: Int64 = 0
    package var failures: UInt64 = 0
    /// Seconds until durable: the latest commit, and the recent ones' middle and slow end.
    package var lastCommit: Double?
    package var p50: Double?
    package var p99: Double?
    package var lastError: String?
    package var warning: String?

    /// An empty store.
    package init() {}
  }

  package var now: Timestamp
  package var version = ""
  package var instance = ""
  package var startedAt: Timestamp
  /// Why it can't take signals; `nil` when it can.
  package var trouble: String?
  package var role = Role.leading
  package var epoch: UInt64 = 0
  /// Who leads; `nil` when that is not known.
  package var leader: Peer?
  package var standbys: [Peer] = []
  package var store = Store()
  package var open = 0
  package var total = 0
  package var byStatus: [IncidentStatus: Int] = [:]
  package var openBySeverity: [Severity: Int] = [:]
  /// How much waits, by the queue's name, in the order in which it is shown.
  package var queues: [(name: String, count: Int)] = []
  package var oldestJob: WaitingJob?
  /// Leases that are out; a bounded number of ``leaseCount``.
  package var leases: [LeaseRow] = []
  package var leaseCount = 0
  /// Who is told next unless somebody answers.
  package var tellings: [TellingRow] = []
  package var agents: [AgentRow] = []
  package var refusals: [RefusalRow] = []
  /// The versions of what is connected, with how many have each.
  package var versions: [(name: String, count: Int)] = []

  /// A state at `now`, of a coordinator that runs since `startedAt`.
  package init(now: Timestamp, startedAt: Timestamp) {
    self.now = now
    self.startedAt = startedAt
  }
}

/// Work that nobody has taken.
package struct WaitingJob: Sendable, Equatable {
  package var incident: IncidentID
  package var kind: JobKind
  package var since: Timestamp
  /// Why it waits, for people.
  package var reason: String

  /// A job; see the fields.
  package init(incident: IncidentID, kind: JobKind, since: Timestamp, reason: String) {
    self.incident = incident
    self.kind = kind
    self.since = since
    self.reason = reason
  }
}

/// A lease that is out.
package struct LeaseRow: Sendable, Equatable {
  package var incident: IncidentID
  package var kind: JobKind
  package var worker: String
  package var since: Timestamp
  package var expires: Timestamp

  /// A lease; see the fields.
  package init(
    incident: IncidentID, kind: JobKind, worker: String, since: Timestamp, expires: Timestamp
  ) {
    self.incident = incident
    self.kind = kind
    self.worker = worker
    self.since = since
    self.expires = expires
  }
}

/// Somebody who will be told.
package struct TellingRow: Sendable, Equatable {
  package var incident: IncidentID
  package var at: Timestamp
  /// What happens then.
  package var what: String
  /// Whom it tells, and through which sinks; empty sinks mean every one.
  package var names: [String]
  package var sinks: [String]
  /// The policy's step, from 1, and the round of its repeat.
  package var step: Int?
  package var round: Int?

  /// Somebody; see the fields.
  package init(
    incident: IncidentID, at: Timestamp, what: String, names: [String], sinks: [String], step: Int? = nil,
    round: Int? = nil
  ) {
    self.incident = incident
    self.at = at
    self.what = what
    self.names = names
    self.sinks = sinks
    self.step = step
    self.round = round
  }
}

/// An agent.
package struct AgentRow: Sendable, Equatable {
  package var kind: AgentKind
  package var name: String
  package var instance: String
  package var version: String
  package var load: Double
  package var freeSlots: Int
  package var incidents: [IncidentID]
  package var lastHeartbeat: Timestamp
  package var targets: [String]
  /// Its signals that wait, in words; `nil` where it has none to wait.
  package var spool: String?

  /// An agent; see the fields.
  package init(
    kind: AgentKind, name: String, instance: String, version: String, load: Double, freeSlots: Int,
    incidents: [IncidentID], lastHeartbeat: Timestamp, targets: [String], spool: String?
  ) {
    self.kind = kind
    self.name = name
    self.instance = instance
    self.version = version
    self.load = load
    self.freeSlots = freeSlots
    self.incidents = incidents
    self.lastHeartbeat = lastHeartbeat
    self.targets = targets
    self.spool = spool
  }
}

/// Something that was refused.
package struct RefusalRow: Sendable, Equatable {
  package var at: Timestamp
  package var what: String
  package var who: String
  package var reason: String
  package var count: Int

  /// A refusal; see the fields.
  package init(at: Timestamp, what: String, who: String, reason: String, count: Int) {
    self.at = at
    self.what = what
    self.who = who
    self.reason = reason
    self.count = count
  }
}
