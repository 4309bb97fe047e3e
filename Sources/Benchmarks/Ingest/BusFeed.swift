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

    var conversation = Conversation(frames: frames, window: window)
    while !conversation.isOver {
      let isFull = conversation.speak(on: socket)
      socket.wait(milliseconds: conversation.pause, orWritable: isFull)
      while let message = try socket.receive() {
        switch message {
        case .accepted(let batch, let pause): conversation.accepted(batch, pause: pause)
        case .unknownAgent: try socket.sayHello()
        case .rejected(let reason): throw BenchmarkError("the coordinator refused a batch: \(reason)")
        default: break
        }
      }
      if conversation.silence > patience {
        throw BenchmarkError(
          "the coordinator acknowledged \(conversation.acknowledged) of \(frames.count) batches, "
            + "then none for \(patience)")
      }
    }
    return conversation.result(alerts: alerts)
  }
}

/// What was said to the coordinator and what it acknowledged.
private struct Conversation {
  /// An agent too says again what is not acknowledged for so long: an acknowledgement may be lost.
  private static let resendAfter = Duration.seconds(1)

  private let frames: [[UInt8]]
  private let window: Int
  private let clock = ContinuousClock()
  private let began: ContinuousClock.Instant
  /// When each batch was first sent, until it is acknowledged.
  private var sentAt: [ContinuousClock.Instant?]
  private var next = 0
  private(set) var acknowledged = 0
  private var lastProgress: ContinuousClock.Instant
  private var lastResend: ContinuousClock.Instant
  private var resent = 0
  private var latencies: Latencies
  /// A coordinator that is full says how long its senders shall wait; this one does as it is told.
  private var notBefore: ContinuousClock.Instant

  init(frames: [[UInt8]], window: Int) {
    self.frames = frames
    self.window = window
    began = clock.now
    lastProgress = began
    lastResend = began
    notBefore = began
    sentAt = Array(repeating: nil, count: frames.count + 1)
    latencies = Latencies(capacity: frames.count)
  }

  var isOver: Bool { acknowledged == frames.count }
  var silence: Duration { clock.now - lastProgress }
  /// How long to listen before speaking again, in milliseconds.
  var pause: Int { min(max(Int((notBefore - clock.now).milliseconds) + 1, 100), 1_000) }

  private var mayGoOn: Bool { next < frames.count && next - acknowledged < window }

  /// Sends as much as window and socket take.
  /// - Returns: whether the socket is full.
  mutating func speak(on socket: BusPeer) -> Bool {
    let now = clock.now
    guard now >= notBefore else { return false }
    if now - max(lastProgress, lastResend) > Self.resendAfter {
      lastResend = now
      for batch in 1...max(next, 1) where sentAt[batch] != nil {
        if !socket.send(frames[batch - 1]) { return true }
        resent += 1
      }
    }
    while mayGoOn {
      if !socket.send(frames[next]) { return true }
      next += 1
      sentAt[next] = clock.now
    }
    return false
  }

  mutating func accepted(_ batch: UInt64, pause: UInt32) {
    let now = clock.now
    if pause > 0 { notBefore = max(notBefore, now + .milliseconds(Int(pause))) }
    guard batch < sentAt.count, let sent = sentAt[Int(batch)] else { return }
    sentAt[Int(batch)] = nil
    lastProgress = now
    latencies.add(now - sent)
    acknowledged += 1
  }

  func result(alerts: Int) -> FeedResult {
    FeedResult(
      alerts: alerts, seconds: (lastProgress - began).inSeconds, latencies: latencies, resent: resent)
  }
}
