import IncidentModel
import Testing

@testable import MessageBus

@Suite(.timeLimit(.minutes(1))) struct AgentLinkTests {
  private func signals(_ count: Int, seed: UInt64 = 1) -> [Signal] {
    var generator = Generator(seed: seed)
    return (0..<count).map { index in
      var signal = generator.signal()
      signal.id = "s\(index)"
      signal.fingerprint = Fingerprint(text: "host/m{series=\"\(index)\"}")
      return signal
    }
  }

  @Test("an agent says hello until it is welcomed, then sends heartbeats")
  func hello() async throws {
    try await withCoordinator { coordinator in
      await coordinator.ignore("hello", 2)
      let link = agent(await coordinator.endpoints.bus)
      #expect(await link.isConnected == false)
      try await withRunning(link) {
        try await link.ready()
        #expect(await link.isConnected)
        #expect(await link.welcome?.coordinator == "A")
        try await eventually("heartbeats come") { await coordinator.has("heartbeat", 3) }
        // More when the machine is slow: what is not answered in time is said again.
        #expect(await coordinator.named("hello").count >= 3)
      }
    }
  }

  @Test("signals are sent again, the same batch, until they are accepted")
  func resend() async throws {
    try await withCoordinator { coordinator in
      await coordinator.ignore("signals", 2)
      let link = agent(await coordinator.endpoints.bus)
      let sent = signals(3)
      await link.submit(sent)
      try await withRunning(link) {
        try await eventually("the signals are accepted") { await link.counters.acceptedSignals == 3 }
        let copies = await coordinator.named("signals")
        #expect(copies.count >= 3)
        #expect(copies.allSatisfy { $0 == .signals(batch: 1, sent) })
        #expect(await link.counters.resends >= 2)
        #expect(await link.counters.spooled == 0)
      }
    }
  }

  @Test("a signal that breaks the rules is counted and spoils nothing")
  func invalidSignal() async throws {
    try await withCoordinator { coordinator in
      let link = agent(await coordinator.endpoints.bus)
      var batch = signals(3)
      batch[1].value = .nan
      await link.submit(batch)
      try await withRunning(link) {
        try await eventually("the good ones arrive") { await link.counters.acceptedSignals == 2 }
        #expect(await link.counters.invalidSignals == 1)
      }
    }
  }

  @Test("a link finds a coordinator that was restarted, with everything that happened meanwhile")
  func restart() async throws {
    let first = FakeCoordinator("A")
    try await first.start()
    let bus = await first.endpoints.bus
    let link = agent(bus)
    try await withRunning(link) {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await first.serve() }
        try? await link.ready()
        await first.server.close()
      }
      try await eventually("the link notices") { await !link.isConnected }
      let sent = signals(200)
      await link.submit(sent)
      try await withCoordinator(FakeCoordinator("B", bus: bus)) { second in
        try await eventually("the signals arrive") { await link.counters.acceptedSignals == 200 }
        #expect(await link.welcome?.coordinator == "B")
        let arrived = await second.named("signals").flatMap { message -> [Signal] in
          if case .signals(_, let signals) = message { signals } else { [] }
        }
        #expect(Set(arrived) == Set(sent))
      }
    }
  }

  @Test("a coordinator that forgot the agent is told hello again")
  func forgotten() async throws {
    try await withCoordinator { coordinator in
      let link = agent(await coordinator.endpoints.bus)
      try await withRunning(link) {
        try await link.ready()
        await coordinator.server.send(.unknownAgent, to: PeerID(instance: "agent-1"))
        try await eventually("another hello comes") { await coordinator.has("hello", 2) }
        try await eventually("the link is welcome again") { await link.isConnected }
      }
    }
  }

  @Test("a silent coordinator is told hello again")
  func silence() async throws {
    try await withCoordinator { coordinator in
      let link = agent(await coordinator.endpoints.bus)
      try await withRunning(link) {
        try await link.ready()
        await coordinator.ignore("heartbeat")
        try await eventually("another hello comes") { await coordinator.has("hello", 2) }
      }
    }
  }

  @Test("waiting for a coordinator that never comes ends with its task, and run stops")
  func nobody() async throws {
    let server = FakeCoordinator()
    try await server.start()
    let bus = await server.endpoints.bus
    await server.server.close()
    let link = agent(bus)
    try await withRunning(link) {
      let waiting = Task { try await link.ready() }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
    }
    await #expect(throws: CancellationError.self) { try await link.ready() }
  }

  @Test("an address that is none does not end the agent")
  func badAddress() async throws {
    let link = agent("nonsense")
    try await withRunning(link) {
      await link.submit(signals(1))
      #expect(await link.isConnected == false)
    }
    #expect(await link.counters.spooled == 1)
  }
}

@Suite(.timeLimit(.minutes(1))) struct FailoverTests {
  @Test("an agent of two coordinators works with the one that leads, and moves on when that dies")
  func failover() async throws {
    try await withCoordinator(FakeCoordinator("B", epoch: 2)) { second in
      let first = FakeCoordinator("A", epoch: 1)
      await second.standBy(leader: nil)
      try await first.start()
      let ends = [await first.endpoints.bus, await second.endpoints.bus]
      let link = AgentLink(
        info: AgentInfo(instance: "agent-1", kind: .detector, name: "one", version: "1", pid: 1, targets: []),
        endpoints: ends, timing: fast, load: { 0.5 }, logger: quiet)
      try await withRunning(link) {
        var known = ""
        await withTaskGroup(of: Void.self) { group in
          group.addTask { await first.serve() }
          if let home = try? await link.home() {
            #expect(home.endpoint == ends[0])
            known = home.welcome.coordinator
          }
          await first.server.close()
        }
        #expect(known == "A")
        var generator = Generator(seed: 1)
        let sent = (0..<200).map { series in
          var signal = generator.signal()
          signal.fingerprint = Fingerprint(text: "host/m{series=\"\(series)\"}")
          return signal
        }
        await link.submit(sent)
        try await eventually("the standby is asked") { await second.has("hello", 2) }
        #expect(await link.counters.acceptedSignals == 0)
        await second.lead()
        let home = try await link.home(after: known)
        #expect(home.endpoint == ends[1] && home.welcome.coordinator == "B")
        try await eventually("the signals arrive") { await link.counters.acceptedSignals == 200 }
      }
    }
  }
}
