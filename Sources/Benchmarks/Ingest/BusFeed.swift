import CZeroMQ
import Glibc
import IncidentModel
import MessageBus

/// Feeds a coordinator over the real bus, as a detector does, with a bounded window of batches
/// that are not acknowledged yet.
///
/// One thread, no executor in between, and frames made before the clock starts: what is measured
/// is the coordinator, as far as a sender on the same machine lets it work.
struct BusFeed {
  /// Where the coordinator listens.
  let endpoint: String
  /// Batches under way at the most.
  let window: Int
  /// Without an acknowledgement for so long it gives up.
  var patience: Duration = .seconds(30)

  /// The frames of all batches, numbered from 1.
  static func frames(_ mix: AlertMix, of size: Int) throws -> [[UInt8]] {
    try mix.chunks(of: size).enumerated().map { index, range in
      try WireCodec.encode(.signals(batch: UInt64(index + 1), range.map { mix.signal($0) }))
    }
  }

  /// Says hello, sends all frames, and waits until all are acknowledged. Blocks.
  /// - Parameters:
  ///   - frames: see ``frames(_:of:)``.
  ///   - alerts: how many signals are in all of them.
  func run(_ frames: [[UInt8]], alerts: Int) throws -> FeedResult {
    let socket = try BusPeer(endpoint: endpoint, name: "bench")
    defer { socket.close() }
    try socket.greet(patience: patience)

    let clock = ContinuousClock()
    var result = FeedResult(latencies: Latencies(capacity: frames.count))
    var sentAt = [ContinuousClock.Instant?](repeating: nil, count: frames.count + 1)
    var next = 0
    var acknowledged = 0
    let began = clock.now
    var lastProgress = began
    // A coordinator that is full says how long its senders shall wait; this one does as it is told.
    var notBefore = began
    while acknowledged < frames.count {
      let mayWrite = next < frames.count && next - acknowledged < window && clock.now >= notBefore
      while mayWrite, next < frames.count, next - acknowledged < window, socket.send(frames[next]) {
        next += 1
        sentAt[next] = clock.now
      }
      let isFull = mayWrite && next < frames.count && next - acknowledged < window
      let pause = (notBefore - clock.now).milliseconds
      socket.wait(milliseconds: pause > 0 ? min(Int(pause) + 1, 100) : 100, orWritable: isFull)
      while let message = try socket.receive() {
        switch message {
        case .accepted(let batch, let pause):
          if pause > 0 { notBefore = max(notBefore, clock.now + .milliseconds(Int(pause))) }
          guard batch < sentAt.count, let sent = sentAt[Int(batch)] else { continue }
          sentAt[Int(batch)] = nil
          lastProgress = clock.now
          result.latencies.add(lastProgress - sent)
          acknowledged += 1
        case .unknownAgent: try socket.sayHello()
        case .rejected(let reason): throw BenchmarkError("the coordinator refused a batch: \(reason)")
        default: break
        }
      }
      if clock.now - lastProgress > patience {
        throw BenchmarkError(
          "the coordinator acknowledged \(acknowledged) of \(frames.count) batches, "
            + "then none for \(patience)")
      }
    }
    result.seconds = (lastProgress - began).inSeconds
    result.alerts = alerts
    return result
  }
}
