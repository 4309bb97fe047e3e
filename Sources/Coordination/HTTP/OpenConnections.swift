import NIOCore
import Threads

/// The connections that are open: the library waits for all of them at a shutdown, however long the other
/// side takes.
final class OpenConnections: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    /// Those that were let in, by where they come from.
    var addresses: [ObjectIdentifier: String] = [:]
    var shares: AddressShares
    /// Connections that come later are cut after so long too; `nil` as long as nobody shuts down.
    var patience: TimeAmount?
  }

  private let state: Locked<State>

  /// No connections yet, and so many at the most.
  init(_ limits: HTTPLimits) {
    state = Locked(
      State(shares: AddressShares(limit: limits.connectionsPerClient, total: limits.connections)))
  }

  /// How many there are.
  var count: Int { state.withLock { $0.channels.count } }

  func add(_ channel: any Channel) {
    let patience = state.withLock { state in
      state.channels[ObjectIdentifier(channel)] = channel
      return state.patience
    }
    if let patience { Self.cut(channel, after: patience) }
  }

  /// Counts a connection for its address.
  /// - Returns: false when the address has its share already; then it isn't counted.
  func admit(_ channel: any Channel, from address: String) -> Bool {
    state.withLock { state in
      guard state.shares.admit(address) else { return false }
      state.addresses[ObjectIdentifier(channel)] = address
      return true
    }
  }

  func remove(_ channel: any Channel) {
    state.withLock { state in
      state.channels[ObjectIdentifier(channel)] = nil
      guard let address = state.addresses.removeValue(forKey: ObjectIdentifier(channel)) else { return }
      state.shares.release(address)
    }
  }

  /// Closes all that are still there after a while; returns at once.
  func cutAll(after patience: TimeAmount) {
    let channels = state.withLock { state in
      state.patience = patience
      return Array(state.channels.values)
    }
    for channel in channels { Self.cut(channel, after: patience) }
  }

  private static func cut(_ channel: any Channel, after patience: TimeAmount) {
    channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
  }
}
