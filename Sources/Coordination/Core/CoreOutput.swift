package import IncidentEngine
package import IncidentModel
package import MessageBus
package import Notification

/// What the world tells the coordinator's core.
package enum CoreInput: Sendable {
  /// An agent's message.
  case message(AgentMessage, from: PeerID)
  /// Somebody in this process, e.g. the HTTP API, who waits for the reply under this number.
  case call(UInt64, EngineInput)
  /// A job did not reach its worker.
  case undelivered(Lease, instance: String, Delivery)
  /// What became of a ``CoreOutput/deliver(_:to:)``.
  case delivered(key: String, sink: String, DeliveryResult)
  /// Time went on; to be said several times a second.
  case tick
}

/// What the coordinator's core wants done, in this order. Nothing here leaves before what it
/// speaks of is durable.
package enum CoreOutput: Sendable {
  /// These events are durable now: for metrics and logs.
  case durable([EngineEvent])
  /// Incidents as they are now, each under the number of its latest event, rising.
  case changed([IncidentChange])
  /// Tell one agent. A job that it doesn't get comes back as ``CoreInput/undelivered(_:instance:_:)``.
  case send(CoordinatorMessage, to: PeerID)
  /// Tell all subscribers.
  case publish(Change)
  /// Answer a caller; `nil`: not taken, because there is too much to do or another coordinator leads.
  case answer(UInt64, EngineReply?)
  /// A shard is watched by another detector than before: for metrics and logs.
  case moved(ShardMove)
  /// Tell a sink, once; the result comes back as ``CoreInput/delivered(key:sink:_:)``.
  case deliver(Notification, to: String)
}

/// An incident after a commit.
package struct IncidentChange: Sendable, Equatable {
  /// Of the latest event that touched it.
  package var sequence: UInt64
  package var incident: Incident
}

/// Inputs decided together, whose events are made durable together.
package struct CoreBatch: Sendable {
  /// Which one it is of the leadership under ``epoch``: they are committed in this order.
  package let number: UInt64
  /// What it was decided under.
  package let epoch: UInt64
  /// To be appended in one transaction; empty when nothing is to be kept.
  package let events: [EngineEvent]
  /// When it was decided.
  package let at: Timestamp
}

/// Who gave an input and waits for its reply.
package enum Origin: Sendable, Hashable {
  case nobody
  /// A caller inside this process.
  case caller(UInt64)
  /// An agent's signals.
  case batch(PeerID, UInt64)
  /// An agent's hello.
  case hello(PeerID)
  /// An agent's heartbeat.
  case heartbeat(PeerID, UInt64)
  /// An agent's request.
  case request(PeerID, UInt64)

  /// Whether the reply lets an agent go on, though nothing of it need be in the journal: only a coordinator that
  /// leads for certain may say so, or two of them would give the same job to two workers.
  var extendsRights: Bool {
    switch self {
    case .hello, .heartbeat: true
    case .nobody, .caller, .batch, .request: false
    }
  }
}

/// One input on its way to the engine.
package struct Letter: Sendable {
  package var input: EngineInput
  package var origin: Origin

  /// A letter; see the fields.
  package init(input: EngineInput, origin: Origin) {
    self.input = input
    self.origin = origin
  }

  /// Whether it says nothing but that time went on.
  package var isTick: Bool { if case .tick = input { true } else { false } }

  /// Signals or alerts in it.
  package var weight: Int {
    switch input {
    case .signals(let signals): signals.count
    case .alerts(let alerts, _, _): alerts.count
    default: 0
    }
  }
}
