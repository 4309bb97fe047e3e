/// Who leads, and where it is reached.
package struct LeaderInfo: Sendable, Equatable {
  /// The run of the coordinator that leads.
  package var instance: String
  /// The endpoint of its bus.
  package var bus: String
  /// The endpoint of its changes.
  package var changes: String
  /// The base URL of its HTTP API.
  package var http: String
  /// The number of its leadership; a later one is greater.
  package var epoch: UInt64

  /// A leader; see the fields.
  package init(instance: String, bus: String, changes: String, http: String, epoch: UInt64 = 0) {
    self.instance = instance
    self.bus = bus
    self.changes = changes
    self.http = http
    self.epoch = epoch
  }
}

/// What became of the attempt to lead.
package enum Campaign: Sendable, Equatable {
  /// The caller leads, and everybody before it is fenced off.
  case leading(epoch: UInt64)
  /// Another leads; `nil` when it is not known who.
  case following(LeaderInfo?)
}
