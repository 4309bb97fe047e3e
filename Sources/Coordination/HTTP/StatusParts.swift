package import IncidentEngine
package import IncidentModel

/// How long the recent commits took until they were durable; a bounded number of them.
package struct CommitReport: Sendable, Encodable, Equatable {
  package var count: Int
  package var p50Seconds: Double
  package var p95Seconds: Double
  package var p99Seconds: Double
  package var maxSeconds: Double
}

/// A coordinator that stands by.
package struct StandbyReport: Sendable, Encodable, Equatable {
  /// Its run; perhaps only the beginning of its name.
  package var instance: String
  /// `host:port` of its API; empty when that is not known.
  package var http: String
  /// When the store last heard of it.
  package var seenAt: Timestamp

  /// A coordinator; see the fields.
  package init(instance: String, http: String, seenAt: Timestamp) {
    self.instance = instance
    self.http = http
    self.seenAt = seenAt
  }
}

/// A lease that is out.
package struct LeaseReport: Sendable, Encodable, Equatable {
  package var incident: IncidentID
  package var kind: JobKind
  package var worker: String
  package var instance: String
  package var token: UInt64
  /// 1 for the first worker that got the job.
  package var attempt: Int
  package var since: Timestamp
  /// When it ends unless it is renewed.
  package var until: Timestamp

  /// The report of a lease.
  package init(_ out: LeaseOut) {
    incident = out.lease.lease.incident
    kind = out.lease.lease.kind
    worker = out.lease.worker
    instance = out.lease.instance
    token = out.lease.lease.token
    attempt = out.attempt
    since = out.lease.since
    until = out.lease.expires
  }
}

/// A job that nobody has taken yet.
package struct WaitingReport: Sendable, Encodable, Equatable {
  package var incident: IncidentID
  package var kind: JobKind
  package var since: Timestamp
  package var ageSeconds: Double
  /// `no_worker`, `none_fits`, `all_busy`, or `next` for one that is about to be handed out.
  package var reason: String
  /// The reason, for people.
  package var detail: String

  /// The report of a job.
  package init(_ work: WaitingWork, at now: Timestamp) {
    incident = work.incident
    kind = work.kind
    since = work.since
    ageSeconds = max(0, (now - work.since).inSeconds)
    reason = work.reason.rawValue
    let worker = work.kind.worker.rawValue
    detail =
      switch work.reason {
      case .noWorker: "no \(worker) is connected"
      case .noneFits: "no \(worker) that is connected reaches its target, and the others are busy"
      case .allBusy: "every \(worker) that could do it is busy"
      case .next: "a \(worker) is about to get it"
      }
  }
}

/// Whom a deadline tells, unless something happens before.
package struct TellingReport: Sendable, Encodable, Equatable {
  package var names: [String]
  /// The sinks through which they are told, by name.
  package var sinks: [String]
  /// The policy's step, from 1; `null` for what is no step of a policy.
  package var step: Nullable<Int>
  /// How often the policy went back so far.
  package var round: Nullable<Int>

  /// A telling; see the fields.
  package init(names: [String], sinks: [String], step: Int?, round: Int?) {
    self.names = names
    self.sinks = sinks
    self.step = Nullable(step)
    self.round = Nullable(round)
  }

  /// The report of a telling.
  /// - Parameter every: the sinks that there are, for whom no sinks are named.
  package init(_ telling: Telling, every: [String]) {
    names = telling.targets.map(\.name)
    var sinks: [String] = []
    for target in telling.targets {
      for sink in target.sinks.isEmpty ? every : target.sinks where !sinks.contains(sink) {
        sinks.append(sink)
      }
    }
    self.sinks = sinks.isEmpty ? ["log"] : sinks
    step = Nullable(telling.step)
    round = Nullable(telling.round)
  }
}

/// What runs here, and with it.
package struct VersionReport: Sendable, Encodable, Equatable {
  /// The coordinator's own.
  package var coordinator: String
  /// The bus's protocol.
  package var `protocol`: UInt32
  /// The journal's schema; `null` where it has none.
  package var schema: Nullable<Int>
  /// How many agents run each version.
  package var agents: [String: Int]

  /// Versions; see the fields.
  package init(coordinator: String, protocol: UInt32, schema: Int?, agents: [String: Int]) {
    self.coordinator = coordinator
    self.protocol = `protocol`
    self.schema = Nullable(schema)
    self.agents = agents
  }
}

/// What goes on with one incident, and what time will bring it.
package struct IncidentOutlook: Sendable, Equatable {
  package var lease: LeaseReport?
  package var waiting: WaitingReport?
  package var next: DeadlineReport?

  /// An outlook; see the fields.
  package init(lease: LeaseReport? = nil, waiting: WaitingReport? = nil, next: DeadlineReport? = nil) {
    self.lease = lease
    self.waiting = waiting
    self.next = next
  }
}
