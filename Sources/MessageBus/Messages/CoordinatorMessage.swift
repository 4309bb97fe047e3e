package import IncidentModel

/// What the coordinator says to one agent.
package enum CoordinatorMessage: Hashable, Sendable {
  /// Answers a hello.
  case welcome(Welcome)
  /// Answers a heartbeat: of the leases that it named, these are still valid. A worker whose leases
  /// are not renewed so for ``Welcome/leaseSeconds`` stops by itself.
  case heartbeatAcknowledged(sequence: UInt64, leases: [Lease])
  /// The batch's signals are durable. The next batch waits for `pause` milliseconds: the coordinator has
  /// more to do than it can. An agent waits ``LinkTiming/longestPause`` at the most.
  case accepted(batch: UInt64, pause: UInt32)
  /// A job, leased to this agent.
  case work(Job)
  /// What was stated or asked is durable; a step that was asked for may run.
  case granted(request: UInt64)
  /// The lease is not valid, or the request makes no sense; the work stops.
  case refused(request: UInt64, reason: String)
  /// The lease ended early; the work stops.
  case revoked(Lease, reason: String)
  /// The coordinator does not know the agent (it was restarted): say hello again.
  case unknownAgent
  /// This coordinator stands by and takes nothing; `leader` is the bus of the one that leads, where it is known.
  case notLeading(leader: String?)
  /// Answers a snapshot request.
  case snapshot(request: UInt64, Snapshot)
  /// A shard is this detector's from now on; said again until a report shows that it is held so. For a shard that
  /// is held already it is a newer stamp, with what another one knew.
  case shardGranted(ShardGrant)
  /// The detector must stop watching what it holds under that stamp, and say what it knows.
  case shardRecalled(HeldShard)
  /// Another one holds what was given back: it may be forgotten.
  case shardPassedOn(HeldShard)
  /// Answers a report of shards.
  case shardsNoted(ShardNotice)
  /// The last message was not understood: a version or a frame that it cannot read.
  case rejected(reason: String)

  /// The message's name, for logs and metrics.
  package var name: String {
    switch self {
    case .welcome: "welcome"
    case .heartbeatAcknowledged: "heartbeat_acknowledged"
    case .accepted: "accepted"
    case .work: "work"
    case .granted: "granted"
    case .refused: "refused"
    case .revoked: "revoked"
    case .unknownAgent: "unknown_agent"
    case .notLeading: "not_leading"
    case .snapshot: "snapshot"
    case .rejected: "rejected"
    case .shardGranted: "shard_granted"
    case .shardRecalled: "shard_recalled"
    case .shardPassedOn: "shard_passed_on"
    case .shardsNoted: "shards_noted"
    }
  }
}

/// What an agent must know to work with a coordinator.
package struct Welcome: Hashable, Sendable {
  /// Unique to this run of the coordinator.
  package var coordinator: String
  /// The coordinator's version.
  package var version: String
  /// How long a lease holds without renewal, in seconds.
  package var leaseSeconds: Double
  /// How often the agent sends a heartbeat, in seconds.
  package var heartbeatSeconds: Double
  /// Where the numbered changes are published.
  package var changesEndpoint: String
  /// Rises with every change of the leader: whoever welcomes with a lower one than another was deposed.
  package var epoch: UInt64
  /// Whether it shares the targets out among the detectors; else each watches all of its own.
  package var assignsShards: Bool

  /// A welcome; see the fields.
  package init(
    coordinator: String, version: String, leaseSeconds: Double, heartbeatSeconds: Double,
    changesEndpoint: String, epoch: UInt64, assignsShards: Bool = false
  ) {
    self.assignsShards = assignsShards
    self.coordinator = coordinator
    self.version = version
    self.leaseSeconds = leaseSeconds
    self.heartbeatSeconds = heartbeatSeconds
    self.changesEndpoint = changesEndpoint
    self.epoch = epoch
  }
}
