/// What a bus server has counted since it was started; every number only rises.
package struct BusCounters: Hashable, Sendable {
  /// Messages that were understood.
  package var received = 0
  /// Frames that were refused: garbage, wrong versions, values out of range.
  package var malformedFrames = 0
  /// Messages given to the transport.
  package var sent = 0
  /// Messages for peers that are not connected.
  package var unroutable = 0
  /// Messages for peers that do not read what they are sent.
  package var dropped = 0
  /// Messages that broke the wire's own rules and were not sent: a defect of the sender.
  package var unencodable = 0
  /// Changes published.
  package var published = 0
  /// Connections that were kept out, by reason; empty without keys.
  package var refused: [RefusalReason: Int] = [:]
  /// Messages of peers whose key was revoked after they had connected; they were not taken.
  package var cutOff = 0
}

/// What became of a message that was to be sent.
package enum Delivery: Hashable, Sendable {
  /// The transport has it; it may still be lost with the connection.
  case sent
  /// No such peer is connected.
  case unroutable
  /// The peer does not read, and its queue is full.
  case dropped
  /// It breaks the wire's rules, or the bus is closed.
  case refused
}

/// Something for the bus to send.
package enum BusOrder: Sendable {
  /// To one agent.
  case send(CoordinatorMessage, to: PeerID)
  /// To all subscribers.
  case publish(Change)
}
