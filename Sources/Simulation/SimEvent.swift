import Coordination
import IncidentModel
import MessageBus
import Notification
import Resolution

/// A process, by its place among its kind.
enum Node: Hashable, CustomStringConvertible {
  case coordinator(Int)
  case agent(Int)

  var description: String {
    switch self {
    case .coordinator(let index): "coordinator \(index)"
    case .agent(let index): "agent \(index)"
    }
  }
}

/// A run of a process: what was meant for an earlier one does not reach a later one.
struct Run: Hashable {
  var node: Node
  var generation: Int
}

/// Something that happens at a moment.
enum SimEvent {
  /// A message arrives.
  case toCoordinator(AgentMessage, from: Run, to: Int)
  case toAgent(CoordinatorMessage, from: Run, to: Run)
  /// A process does something of its own.
  case act(Run, Act)
  /// The store takes up what it was asked.
  case store(StoreRequest)
  /// A notification reaches a sink.
  case sink(Run, Notification, String)
  /// A published change, or a snapshot, reaches the subscriber; it looks whether it misses something.
  case change(Change, from: Run)
  case snapshot(Snapshot, from: Run)
  case subscriberLooks
  /// Somebody outside does something.
  case person(PersonDeed)
  /// A target breaks.
  case breakTarget
  /// A fault begins, or ends.
  case fault
  case heal(Healing)
  /// A monitor outside posts an alert.
  case monitor
  /// The troubled part ends.
  case look
  /// Leases of the dead must have been taken back by now.
  case lookAtLeases
}

/// What a process does when its time has come.
enum Act {
  case tick
  case term
  case begin
  case storeAnswer(StoreAnswer)
  case retryAppend(Int)
  case sinkAnswer(key: String, sink: String, DeliveryResult)
  case call(Int, PersonCall)
  // Agents.
  case linkTick
  case observe
  case work(token: UInt64, WorkStep)
}

/// What a worker of an agent does next.
enum WorkStep {
  case next
  case ran(Int)
  case measured
  case undone(Int)
}

/// What somebody does, and to what.
struct PersonDeed {
  var verb: PersonVerb
  var incident: IncidentID
  var tries = 0
}

/// A call over HTTP.
enum PersonCall {
  case word(PersonDeed)
  case alert(AIopsAlert)
}

/// The end of a fault.
enum Healing {
  case start(Node)
  case thaw(Node)
  case connect(Int, Int)
  case storeUp
  case storeReach(Int)
  case sinkUp(String)
  case workersFast
}
