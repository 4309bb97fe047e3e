import CZeroMQ
import IncidentModel
import MessageBus
import Threads

/// Says what it has as fast as its socket takes it, and waits for nothing, until it is told to stop.
struct FloodSender {
  /// What came of it.
  struct Result: Sendable {
    /// Batches that the socket took.
    var sent = 0
    /// Batches that the coordinator acknowledged.
    var acknowledged = 0
  }

  let endpoint: String
  /// Said in turn, from the first again after the last.
  let frames: [[UInt8]]
  /// Batches a second at the most; `nil` for as many as go.
  let rate: Double?
  let stop: Locked<Bool>

  /// Blocks until it is stopped.
  func run() throws -> Result {
    let socket = try BusPeer(endpoint: endpoint, name: "flood")
    defer { socket.close() }
    try socket.greet(patience: .seconds(30))
    var result = Result()
    let began = ContinuousClock.now
    while !stop.withLock({ $0 }) {
      let allowed = rate.map { Int($0 * (ContinuousClock.now - began).inSeconds) } ?? .max
      // In lots, so that what comes back is read now and then.
      var lot = 0
      while lot < 64, result.sent < allowed, socket.send(frames[result.sent % frames.count]) {
        result.sent += 1
        lot += 1
      }
      if lot < 64 { socket.wait(milliseconds: 1, orWritable: result.sent < allowed) }
      while let message = try socket.receive() {
        switch message {
        case .accepted: result.acknowledged += 1
        case .unknownAgent: try socket.sayHello()
        default: break
        }
      }
    }
    return result
  }
}
