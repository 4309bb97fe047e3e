package import IncidentModel

/// What happens to a link.
package enum LinkInput: Sendable {
  /// Time has passed: ``LinkCore/nextDeadline`` is here.
  case tick
  /// A coordinator said something; `from` is its endpoint's place in ``LinkCore/endpoints``.
  case received(CoordinatorMessage, from: Int)
  /// Signals for the coordinator.
  case submit([Signal])
  /// Signals that waited for the coordinator when the last process ended; first of all.
  case restored([Signal])
  /// A worker states or asks something; `id` is of the caller's choice, unique among those without an answer.
  case request(id: UInt64, WorkStatement, Lease)
  /// Nobody waits for the answer any more.
  case cancelRequest(id: UInt64)
  /// A worker that was started has ended; `nil` when it has nothing to say.
  case ended(token: UInt64, JobResult?)
  /// What a detector knows of a shard, which it watches, or has stopped to watch.
  case shardLearned(Shard, [UInt8], isReleased: Bool)
  /// The agent stops: workers are cancelled, and the goodbye is said when they ended or their grace is over.
  case stop
}

/// What a worker states or asks on the way.
package enum WorkStatement: Hashable, Sendable {
  /// One exchange of the dialogue.
  case exchanged(Exchange)
  /// Asks to run a step.
  case intend(step: Int, name: String)
  /// The fate of a step.
  case concluded(StepOutcome)

  func message(_ request: UInt64, _ lease: Lease) -> AgentMessage {
    switch self {
    case .exchanged(let exchange): .exchanged(request: request, exchange, lease)
    case .intend(let step, let name): .intend(request: request, step: step, name: name, lease)
    case .concluded(let outcome): .concluded(request: request, outcome, lease)
    }
  }
}

/// What a link wants done, in this order.
package enum LinkOutput: Equatable, Sendable {
  /// Send to the endpoint of that place. It may be lost. Whoever sends a heartbeat puts in what it alone
  /// knows: the machine's load, and the spool on the disk.
  case send(AgentMessage, to: Int)
  /// Begin this job; its end is a ``LinkInput/ended(token:_:)``.
  case start(Job)
  /// Stop the worker of this lease; its end is still told.
  case cancel(token: UInt64, reason: String)
  /// The answer to a request: granted without an error.
  case answer(id: UInt64, LeaseError?)
  /// Watch a shard from now on; or, when it is watched already, take over what another one knew of it.
  case watch(ShardGrant)
  /// Stop watching a shard, and say what is known of it: ``LinkInput/shardLearned(_:_:isReleased:)``.
  case unwatch(Shard)
  /// A coordinator is home: see ``LinkCore/welcome``.
  case welcomed
  /// The goodbye is said; nothing more comes.
  case stopped
  /// For the log.
  case note(LinkNote)
}

/// What people may want to know of a link. Places are of ``LinkCore/endpoints``.
package enum LinkNote: Equatable, Sendable {
  /// Another coordinator, or another run of it, is home.
  case connected(Welcome, to: Int)
  /// Home said nothing for too long.
  case silent(Int)
  /// Home no longer leads.
  case deposed(Int, leader: String?)
  /// A coordinator has a lower epoch than one that was heard before, the so-manieth time.
  case outdated(Int, epoch: UInt64, seen: UInt64, count: Int)
  /// A job was not taken: no slot is free or its kind is wrong.
  case jobNotTaken(Lease)
  /// A lease ended before its work.
  case leaseLost(Lease, reason: String)
  /// A result breaks the rules of the bus.
  case resultUnsendable(Lease, reason: String)
  /// A result was not taken.
  case resultNotTaken(Lease, reason: String)
  /// A signal breaks the rules of the bus.
  case signalInvalid(metric: String, reason: String)
  /// A coordinator did not understand a message, the so-manieth time.
  case rejected(reason: String, count: Int)
}
