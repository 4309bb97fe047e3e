import BusKeys
import IncidentModel
import Testing

@testable import MessageBus

@Suite("The bus with keys", .timeLimit(.minutes(1))) struct KeyedBusTests {
  @Test("whose key is allowed gets in, and every message says who it is by that key alone")
  func allowed() async throws {
    let ring = try KeyRing()
    try await withKeyedCoordinator(ring, ring.allowing(["diagnoser-1": ring.agent])) { coordinator in
      let link = agent(await coordinator.endpoints.bus, instance: "i-1", security: ring.side(ring.agent))
      try await withRunning(link) {
        try await link.ready()
        try await eventually("heartbeats come") { await coordinator.has("heartbeat", 3) }
        let identity = AgentIdentity(name: "diagnoser-1", key: ring.agent.publicKey.text)
        let peers = Set(await coordinator.messages.map(\.peer))
        #expect(peers.count == 1)
        #expect(peers.allSatisfy { $0.identity == identity && $0.mayBe("i-1") && !$0.mayBe("i-2") })
        // The end of its name is for the coordinator alone, and never logged.
        #expect(peers.allSatisfy { $0 != PeerID(instance: "i-1", identity: identity) && "\($0)" == "i-1" })
        #expect(await coordinator.server.counters.refused.isEmpty)
      }
    }
  }

  enum Stranger: String, CaseIterable { case noKey, wrongServerKey, unknownKey, revokedKey }

  @Test("whoever has no key, a wrong or a revoked one is refused and counted", arguments: Stranger.allCases)
  func refused(stranger: Stranger) async throws {
    let ring = try KeyRing()
    let keys = ring.allowing(["good": ring.agent], revoked: ["gone": ring.other])
    try await withKeyedCoordinator(ring, keys) { coordinator in
      let (security, reason): (BusSecurity, RefusalReason) =
        switch stranger {
        case .noKey: (.none, .noKey)
        case .wrongServerKey:
          (.agent(ring.agent, coordinator: ring.other.publicKey), .wrongServerKey)
        case .unknownKey: (ring.side(try KeyPair.generate()), .unknownKey)
        case .revokedKey: (ring.side(ring.other), .revoked)
        }
      let bad = agent(await coordinator.endpoints.bus, instance: "bad", security: security)
      let good = agent(await coordinator.endpoints.bus, instance: "good", security: ring.side(ring.agent))
      try await withRunning(bad) {
        try await eventually("it is counted") {
          await coordinator.server.counters.refused[reason, default: 0] >= 2
        }
        try await eventually("it notices") { await bad.counters.failedHandshakes > 0 }
        // Others are none the worse for it.
        try await withRunning(good) { try await good.ready() }
        #expect(await bad.isConnected == false)
        #expect(await coordinator.messages.allSatisfy { $0.peer.mayBe("good") })
        let refusals = await coordinator.server.takeRefusals()
        let found = try #require(refusals.first { $0.reason == reason })
        switch stranger {
        case .noKey, .wrongServerKey: #expect(found.key == nil)
        case .unknownKey: #expect(found.key != nil && found.name == nil && found.address == "127.0.0.1")
        case .revokedKey: #expect(found.key == ring.other.publicKey.text && found.name == "gone")
        }
        #expect(await coordinator.server.takeRefusals().count <= 1)
      }
    }
  }

  @Test("an agent that came before its key was allowed gets in without a restart")
  func allowedLater() async throws {
    let ring = try KeyRing()
    try await withKeyedCoordinator(ring, AllowedKeys()) { coordinator in
      let link = agent(await coordinator.endpoints.bus, security: ring.side(ring.agent))
      try await withRunning(link) {
        try await eventually("it is refused") { await link.counters.failedHandshakes > 1 }
        #expect(await coordinator.server.admit(ring.allowing(["late": ring.agent])) == 0)
        try await link.ready()
        #expect(await coordinator.messages.first?.peer.identity?.name == "late")
      }
    }
  }

  @Test(
    "a revoked agent and a revoked subscriber are cut off within seconds; the others go on",
    arguments: ["tcp", "ipc"])
  func revoked(transport: String) async throws {
    let ring = try KeyRing()
    let place = "/tmp/aiops-keys-\(UInt64.random(in: .min ... .max))"
    let bus = transport == "ipc" ? "ipc://\(place)-bus" : "tcp://127.0.0.1:*"
    let changes = transport == "ipc" ? "ipc://\(place)-changes" : "tcp://127.0.0.1:*"
    let both = ring.allowing(["stays": ring.agent, "goes": ring.other])
    try await withKeyedCoordinator(ring, both, bus: bus, changes: changes) { coordinator in
      let endpoints = await coordinator.endpoints
      let stays = agent(endpoints.bus, instance: "stays", security: ring.side(ring.agent))
      let goes = agent(endpoints.bus, instance: "goes", security: ring.side(ring.other))
      let (heStays, heGoes) = (RawSubscriber(), RawSubscriber())
      try await heStays.connect(endpoints.changes, ring.side(ring.agent))
      try await heGoes.connect(endpoints.changes, ring.side(ring.other))
      try await withRunning(stays) {
        try await withRunning(goes) {
          try await stays.ready()
          try await goes.ready()
          var sequence: UInt64 = 0
          var early: (Set<String>, Set<String>) = ([], [])
          try await eventually("both hear what is published") {
            sequence += 1
            await coordinator.server.publish(published(sequence, "before"))
            early.0.formUnion(await heStays.heard())
            early.1.formUnion(await heGoes.heard())
            return early == (["before"], ["before"])
          }

          let ended = await coordinator.server.admit(
            ring.allowing(["stays": ring.agent], revoked: ["goes": ring.other]))
          #expect(ended >= 4)
          let after = await coordinator.messages.count
          _ = await heGoes.heard()
          var late: [String] = []
          try await eventually("the one who stays hears again") {
            sequence += 1
            await coordinator.server.publish(published(sequence, "after"))
            late += await heGoes.heard()
            return await heStays.heard().contains("after")
          }
          try await eventually("the other one is refused") {
            await coordinator.server.counters.refused[.revoked, default: 0] >= 2
          }
          for _ in 0..<20 {
            sequence += 1
            await coordinator.server.publish(published(sequence, "after"))
          }
          try await eventually("heartbeats of the one who stays go on") {
            let new = await coordinator.messages.dropFirst(after)
            return new.filter { $0.message.name == "heartbeat" }.count > 3
          }
          late += await heGoes.heard()
          #expect(!late.contains("after"))
          #expect(await coordinator.messages.dropFirst(after).allSatisfy { $0.peer.mayBe("stays") })
          #expect(await stays.isConnected)
          try await eventually("it notices") { await !goes.isConnected }
        }
      }
      await heStays.close()
      await heGoes.close()
    }
  }

  @Test("a subscriber whose key was out for a while catches up by itself")
  func subscriberReturns() async throws {
    let ring = try KeyRing()
    let keys = ring.allowing(["sub": ring.agent])
    try await withKeyedCoordinator(ring, keys) { coordinator in
      await coordinator.set(sequence: 1, [])
      let endpoints = await coordinator.endpoints
      let subscriber = ChangeSubscriber(
        busEndpoint: endpoints.bus, changesEndpoint: endpoints.changes, security: ring.side(ring.agent),
        retry: .milliseconds(50), refresh: .seconds(30), logger: quiet)
      var updates = subscriber.updates.makeAsyncIterator()
      #expect(await updates.next() == .reset([]))
      await coordinator.server.admit(AllowedKeys())
      // It only looks at its connections while somebody asks it for news.
      let digest = published(2, "news").incident
      await coordinator.set(sequence: 2, [digest])
      let back = Task {
        try await eventually("it is refused") {
          await coordinator.server.counters.refused[.revoked, default: 0] > 2
        }
        await coordinator.server.admit(keys)
      }
      #expect(await updates.next() == .reset([digest]))
      #expect(await subscriber.failedHandshakes > 0)
      try await back.value
      await subscriber.close()
    }
  }

  @Test("coordinators that share one pair take over from each other; one with another pair never does")
  func takeover() async throws {
    let ring = try KeyRing()
    let keys = ring.allowing(["a": ring.agent])
    let first = FakeCoordinator("A", epoch: 1, security: .coordinator(ring.coordinator))
    let second = FakeCoordinator("B", epoch: 2, security: .coordinator(ring.coordinator))
    let stranger = FakeCoordinator("X", epoch: 9, security: .coordinator(ring.other))
    for one in [first, second, stranger] { await one.server.admit(keys) }
    try await withCoordinator(stranger) { impostor in
      try await withCoordinator(first) { first in
        try await withCoordinator(second) { second in
          await second.standBy(leader: first.endpoints.bus)
          let link = AgentLink(
            info: AgentInfo(instance: "i", kind: .detector, name: "n", version: "1", pid: 1, targets: []),
            endpoints: [await impostor.endpoints.bus, await first.endpoints.bus, await second.endpoints.bus],
            security: ring.side(ring.agent), timing: fast, load: { 0.5 }, logger: quiet)
          try await withRunning(link) {
            try await link.ready()
            #expect(await link.welcome?.coordinator == "A")
            await first.standBy(leader: second.endpoints.bus)
            await second.lead()
            try await eventually("the other one is home") { await link.welcome?.coordinator == "B" }
            #expect(await impostor.messages.isEmpty)
            #expect(await impostor.server.counters.refused[.wrongServerKey, default: 0] > 0)
          }
        }
      }
    }
  }
}
