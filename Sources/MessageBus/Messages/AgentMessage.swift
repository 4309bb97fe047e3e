package import IncidentModel

/// What an agent says to the coordinator.
///
/// A `request` is a number that the agent chose, unique for its run; the coordinator answers it with
/// ``CoordinatorMessage/granted(request:)`` or ``CoordinatorMessage/refused(request:reason:)``. A
/// request without an answer is sent again with the same number, so the coordinator must take a
/// second copy for what it is and only answer it again.
package enum AgentMessage: Hashable, Sendable {
  /// First, and again whenever the coordinator may not know the agent.
  case hello(AgentInfo)
  /// At the interval that ``Welcome`` names; answered by ``CoordinatorMessage/heartbeatAcknowledged(sequence:leases:)``.
  case heartbeat(Heartbeat)
  /// Sent again with the same number until ``CoordinatorMessage/accepted(batch:pause:)``.
  case signals(batch: UInt64, [Signal])
  /// States one exchange of the dialogue.
  case exchanged(request: UInt64, Exchange, Lease)
  /// Asks to run a step.
  case intend(request: UInt64, step: Int, name: String, Lease)
  /// States the fate of a step.
  case concluded(request: UInt64, StepOutcome, Lease)
  /// States how the job ended; the lease ends with it.
  case finished(request: UInt64, JobResult, Lease)
  /// Asks for all open incidents; needs no hello before it.
  case snapshot(request: UInt64)
  /// The agent stops; its leases are free.
  case goodbye
  /// A detector's shards, with every heartbeat; answered by ``CoordinatorMessage/shardsNoted(_:)``.
  case shards(ShardReport)
  /// What a detector learned of a shard. When it gave the shard back, said again whenever it is asked, until
  /// ``CoordinatorMessage/shardPassedOn(_:)``.
  case shardMemory(ShardMemory)

  /// The message's name, for logs and metrics.
  package var name: String {
    switch self {
    case .hello: "hello"
    case .heartbeat: "heartbeat"
    case .signals: "signals"
    case .exchanged: "exchanged"
    case .intend: "intend"
    case .concluded: "concluded"
    case .finished: "finished"
    case .snapshot: "snapshot"
    case .goodbye: "goodbye"
    case .shards: "shards"
    case .shardMemory: "shard_memory"
    }
  }
}

/// An agent's sign of life.
package struct Heartbeat: Hashable, Sendable {
  /// Rises by one with every heartbeat of the agent; the acknowledgement carries it back.
  package var sequence: UInt64
  /// Load of the agent's machine: runnable processes a core over the last minute.
  package var load: Double
  /// Jobs that it could take now.
  package var freeSlots: Int
  /// The leases it works on.
  package var leases: [Lease]
  /// Its signals that wait; `nil` for an agent that has none to send.
  package var spool: SpoolReport?

  /// A heartbeat; see the fields.
  package init(sequence: UInt64, load: Double, freeSlots: Int, leases: [Lease], spool: SpoolReport? = nil) {
    self.sequence = sequence
    self.load = load
    self.freeSlots = freeSlots
    self.leases = leases
    self.spool = spool
  }
}

/// What an agent says of its signals that no coordinator has yet.
package struct SpoolReport: Hashable, Sendable, Codable {
  /// So many wait.
  package var waiting = 0
  /// Replaced by later ones before they left, since the agent began.
  package var coalesced = 0
  /// Lost because there were too many, since the agent began.
  package var dropped = 0
  /// Not kept on the disk, which was to keep them, since the agent began.
  package var unkept = 0
  /// Bytes on the disk.
  package var bytes = 0
  /// How long the coordinator made it wait, since the agent began.
  package var throttledSeconds = 0.0

  /// Nothing waits.
  package init() {}
}
