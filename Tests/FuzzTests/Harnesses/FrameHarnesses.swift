import IncidentModel

@testable import MessageBus

extension Harness {
  /// What comes over the bus.
  static let frames: [Harness] = [
    Harness(
      "agent-frame", seeds: { try Samples.agentMessages.map { try WireCodec.encode($0) } },
      run: { bytes in
        guard let message = try? WireCodec.decodeAgentMessage(bytes) else { return false }
        let again = try WireCodec.decodeAgentMessage(try WireCodec.encode(message))
        try demand(again == message, "\(message.name) is another message when it is read back")
        return true
      }),
    Harness(
      "coordinator-frame", seeds: { try Samples.coordinatorMessages.map { try WireCodec.encode($0) } },
      run: { bytes in
        guard let message = try? WireCodec.decodeCoordinatorMessage(bytes) else { return false }
        let again = try WireCodec.decodeCoordinatorMessage(try WireCodec.encode(message))
        try demand(again == message, "\(message.name) is another message when it is read back")
        return true
      }),
    Harness(
      "change-frame", seeds: { [try WireCodec.encode(Samples.change)] },
      run: { bytes in
        guard let change = try? WireCodec.decodeChange(bytes) else { return false }
        try demand(
          try WireCodec.decodeChange(try WireCodec.encode(change)) == change, "another change when read back")
        return true
      }),
    Harness(
      "link", maxBytes: 64 << 10,
      seeds: {
        let frames = try Samples.coordinatorMessages.map { [0] + ByteFeed.block(try WireCodec.encode($0)) }
        return [Array(frames.joined())] + frames
      }, run: link),
    Harness(
      "changes", maxBytes: 64 << 10,
      seeds: {
        var next = Samples.change
        next.sequence += 1
        let frames = try [Samples.change, next].map { ByteFeed.block(try WireCodec.encode($0)) }
        let snapshot = ByteFeed.block(try WireCodec.encode(Samples.coordinatorMessages[9]))
        return [snapshot + frames.joined(), Array(frames.joined()) + snapshot]
      }, run: changes),
    Harness(
      text: "bus-endpoint", maxBytes: 256, tokens: ["tcp://", "*", "0.0.0.0"],
      seeds: ["tcp://0.0.0.0:5571 tcp://127.0.0.1:5570", "tcp://*:1 ipc:///run/bus"]
    ) { text in
      let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
      let first = parts.first ?? ""
      return BusEndpoint.reachable(first, from: parts.count > 1 ? parts[1] : "") != first
    },
  ]

  // Any coordinator's words, one after the other, leave an agent's link in a state that goes on.
  private static func link(_ bytes: [UInt8]) throws -> Bool {
    var feed = ByteFeed(bytes)
    var core = LinkCore(
      info: Samples.info, endpoints: ["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"], takes: .resolve, slots: 2)
    var now = Duration.zero
    var understood = false
    _ = core.handle(.submit([Samples.signal]), at: now)
    _ = core.handle(.received(.welcome(Samples.welcome), from: 0), at: now)
    while !feed.isEmpty {
      let place = feed.int(2)
      guard let message = try? WireCodec.decodeCoordinatorMessage(feed.block()) else { continue }
      understood = true
      now += .milliseconds(100)
      for output in core.handle(.received(message, from: place), at: now) + core.handle(.tick, at: now) {
        guard case .start(let job) = output else { continue }
        _ = core.handle(.request(id: 1, .intend(step: 0, name: "step"), job.lease), at: now)
        _ = core.handle(.ended(token: job.lease.token, .failed(reason: "no")), at: now)
      }
      if let next = core.nextDeadline { try demand(next >= .zero, "a deadline before the beginning") }
    }
    try demand(core.counters.spooled <= 1, "more waits than was said")
    _ = core.handle(.stop, at: now + .seconds(10))
    return understood
  }

  private static func changes(_ bytes: [UInt8]) throws -> Bool {
    var feed = ByteFeed(bytes)
    var tracker = ChangeTracker()
    var understood = false
    while !feed.isEmpty {
      let frame = feed.block()
      if let change = try? WireCodec.decodeChange(frame) {
        understood = true
        let before = tracker.sequence
        if tracker.take(change) != nil {
          try demand(tracker.sequence == before &+ 1, "a change was told out of its order")
        }
      } else if case .snapshot(_, let snapshot)? = try? WireCodec.decodeCoordinatorMessage(frame) {
        understood = true
        _ = tracker.take(snapshot)
      }
    }
    return understood
  }
}
