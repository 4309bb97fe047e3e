import IncidentModel
import Testing

@testable import MessageBus

@Suite(.timeLimit(.minutes(1))) struct BusServerTests {
  @Test("the kernel chooses the ports, and the real ones are told", arguments: ["*", "0"])
  func ports(port: String) async throws {
    let server = BusServer(
      busEndpoint: "tcp://127.0.0.1:\(port)", changesEndpoint: "tcp://127.0.0.1:\(port)", logger: quiet)
    let endpoints = try await server.start()
    #expect(endpoints.bus.hasPrefix("tcp://127.0.0.1:") && !endpoints.bus.hasSuffix(port))
    #expect(endpoints.bus != endpoints.changes)
    #expect(await server.endpoints == endpoints)
    await server.close()
    #expect(await server.endpoints == nil)
  }

  @Test("a port that is taken is named, and the server may be started elsewhere or later")
  func taken() async throws {
    try await withCoordinator { coordinator in
      let bus = await coordinator.endpoints.bus
      let second = BusServer(busEndpoint: bus, changesEndpoint: "tcp://127.0.0.1:*", logger: quiet)
      do {
        try await second.start()
        Issue.record("two servers share a port")
      } catch {
        #expect("\(error)".contains(bus))
      }
      await second.close()
    }
  }

  @Test("a frame that is not understood is answered with the reason and counted")
  func malformed() async throws {
    try await withCoordinator { coordinator in
      let peer = RawPeer()
      try await peer.connect(await coordinator.endpoints.bus, id: "raw")
      let goodbye = try WireCodec.encode(AgentMessage.goodbye)
      let (heard, refusals) = AsyncStream.makeStream(of: String.self)
      await coordinator.server.onRefusal { peer, reason in refusals.yield("\(peer): \(reason)") }
      let bad: [[[UInt8]]] = [
        [Array("garbage".utf8)],
        [goodbye, goodbye],
        [[]],
        [[0x08, 99, 0x92, 0x01, 0]],
        [[UInt8](repeating: 7, count: WireCodec.maxAgentFrame + 10)],
        Array(repeating: [1], count: 50),
      ]
      for (index, frames) in bad.enumerated() {
        try await peer.send(frames)
        guard case .rejected(let reason) = try await peer.receive() else {
          Issue.record("message \(index) was not rejected")
          continue
        }
        #expect(!reason.isEmpty)
      }
      #expect(await coordinator.server.counters.malformedFrames == bad.count)
      refusals.finish()
      let told = await heard.reduce(into: []) { $0.append($1) }
      #expect(told.count == bad.count && told.allSatisfy { $0.hasPrefix("raw: ") })
      #expect(await coordinator.messages.isEmpty)
      try await peer.send([goodbye])
      try await eventually("a good message passes") { await coordinator.has("goodbye") }
      await peer.close()
    }
  }

  @Test("garbage on both ports disturbs nobody")
  func garbage() async throws {
    try await withCoordinator { coordinator in
      let endpoints = await coordinator.endpoints
      let link = agent(endpoints.bus)
      try await withRunning(link) {
        try await link.ready()
        var generator = Generator(seed: 77)
        var greeting: [UInt8] = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0]
        greeting += Array("NULL".utf8) + [UInt8](repeating: 0, count: 48)
        let huge: [UInt8] = [2, 0x7F] + [UInt8](repeating: 0xFF, count: 7)
        let pieces: [[UInt8]] = [
          Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), [], [0], [1, 0, 1, 0, 5, 0, 1, 2, 3, 4],
          greeting, greeting + huge, greeting + [UInt8](repeating: 0xFF, count: 5_000),
        ]
        for endpoint in [endpoints.bus, endpoints.changes] {
          for piece in pieces { sendRaw(piece, to: endpoint) }
          for _ in 0..<40 {
            sendRaw(
              (0..<(1 + generator.int(300))).map { _ in UInt8(truncatingIfNeeded: generator.bits()) },
              to: endpoint)
          }
        }
        let before = await coordinator.named("heartbeat").count
        await link.submit([generator.signal()])
        try await eventually("signals still pass") { await link.counters.acceptedSignals == 1 }
        try await eventually("heartbeats still pass") { await coordinator.has("heartbeat", before + 2) }
        #expect(await link.isConnected)
        let known: Set<PeerID> = [PeerID(instance: "agent-1")]
        #expect(Set(await coordinator.messages.map(\.peer)) == known)
      }
    }
  }

  @Test("a message for nobody is counted, and one that breaks the rules is not sent")
  func unroutable() async throws {
    try await withCoordinator { coordinator in
      let nobody = PeerID(instance: "nobody")
      #expect(await coordinator.server.send(.unknownAgent, to: nobody) == .unroutable)
      #expect(await coordinator.server.counters.unroutable == 1)
      let bad = Welcome(
        coordinator: "", version: "", leaseSeconds: .nan, heartbeatSeconds: 0, changesEndpoint: "",
        epoch: 0)
      #expect(await coordinator.server.send(.welcome(bad), to: nobody) == .refused)
      #expect(await coordinator.server.counters.unencodable == 1)
    }
  }

  @Test("a peer that does not read loses messages and holds nobody up")
  func slowPeer() async throws {
    try await withCoordinator { coordinator in
      let bus = await coordinator.endpoints.bus
      let slow = RawPeer()
      try await slow.connect(bus, id: "slow")
      try await slow.send([try WireCodec.encode(AgentMessage.goodbye)])
      try await eventually("it is there") { await coordinator.has("goodbye") }
      let long = CoordinatorMessage.rejected(reason: String(repeating: "x", count: 16_000))
      var dropped = false
      for _ in 0..<4_000 where !dropped {
        dropped = await coordinator.server.send(long, to: PeerID(instance: "slow")) == .dropped
      }
      #expect(dropped)
      #expect(await coordinator.server.counters.dropped == 1)
      let link = agent(bus)
      try await withRunning(link) { try await link.ready() }
      await slow.close()
    }
  }

  @Test("a wait for a socket that was closed while the wait was on its way ends at once")
  func closedUnderWait() async throws {
    let waiter = LateWaiter()
    #expect(try await waiter.waitForClosed() == .closed)
    #expect(await waiter.waitForEnd() == .closed)
  }

  @Test("incoming ends when the server is closed, and when its task is cancelled")
  func ending() async throws {
    let server = FakeCoordinator()
    try await server.start()
    let first = Task { await server.serve() }
    first.cancel()
    await first.value
    let second = Task { await server.serve() }
    await server.server.close()
    await second.value
    await #expect(throws: BusError.closed) { try await server.server.start() }
  }
}
