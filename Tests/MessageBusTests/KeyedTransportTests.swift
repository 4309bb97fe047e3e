import BusKeys
import IncidentModel
import Testing

@testable import MessageBus

@Suite("What the keys of the bus hold against", .timeLimit(.minutes(1))) struct KeyedTransportTests {
  @Test(
    "nothing that is said can be read on the way with keys, and all of it without", arguments: [true, false])
  func capture(isKeyed: Bool) async throws {
    let ring = try KeyRing()
    let coordinator = FakeCoordinator(security: isKeyed ? .coordinator(ring.coordinator) : .none)
    await coordinator.server.admit(ring.allowing(["a": ring.agent]))
    let security: BusSecurity = isKeyed ? ring.side(ring.agent) : .none
    let marker = "MARKER-5ca1ab1e"
    try await withCoordinator(coordinator) { coordinator in
      let endpoints = await coordinator.endpoints
      func port(_ endpoint: String) throws -> Int {
        try #require(Int(endpoint.split(separator: ":").last ?? ""))
      }
      let bus = try TapRelay(to: try port(endpoints.bus))
      let changes = try TapRelay(to: try port(endpoints.changes))
      defer {
        bus.stop()
        changes.stop()
      }
      let link = agent("tcp://127.0.0.1:\(bus.port)", security: security)
      let subscriber = RawSubscriber()
      try await subscriber.connect("tcp://127.0.0.1:\(changes.port)", security)
      try await withRunning(link) {
        var generator = Generator(seed: 5)
        var signal = generator.signal()
        signal.metric = marker
        await link.submit([signal])
        try await eventually("the signal arrives") { await link.counters.acceptedSignals == 1 }
        var sequence: UInt64 = 0
        try await eventually("the change arrives") {
          sequence += 1
          await coordinator.server.publish(published(sequence, marker))
          return await subscriber.heard().contains(marker)
        }
      }
      await subscriber.close()
      for relay in [bus, changes] {
        #expect(relay.captured.count > 200)
        #expect(relay.saw(marker) == !isKeyed)
      }
    }
  }

  @Test("a question at the gate that is none lets nobody in, and the gate goes on")
  func malformedQuestions() async throws {
    let ring = try KeyRing()
    try await withKeyedCoordinator(ring, ring.allowing(["a": ring.agent])) { coordinator in
      let visitor = GateVisitor(coordinator.server)
      try await visitor.connect()
      func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
      let start = [[], bytes("1.0"), bytes("1")]
      let whole = start + [bytes("aiops"), bytes("127.0.0.1"), [], bytes("CURVE")]
      let answered: [[[UInt8]]] = [
        start, start + [[]], whole, whole + [[]], whole + [[1, 2, 3]],
        whole + [[UInt8](repeating: 7, count: 32), []],
        start + [bytes("other"), [], [], bytes("CURVE"), [UInt8](repeating: 7, count: 32)],
        start + [bytes("aiops"), [], [], bytes("NULL"), []],
        start + [bytes("aiops"), [], [], bytes("PLAIN"), bytes("u"), bytes("p")],
        whole + [[UInt8](repeating: 7, count: 32)],
      ]
      for question in answered {
        try await eventually("it is asked") { await visitor.ask(question) }
        // Empty frame, version, number, status, text, user, metadata.
        #expect(await visitor.status() == "7", "\(question)")
      }
      let ignored: [[[UInt8]]] = [
        [[]], [bytes("x")], [[], bytes("2.0"), bytes("1")], [[], bytes("1.0")],
        [[], bytes("1.0"), [UInt8](repeating: 1, count: 300)], Array(repeating: [], count: 40),
      ]
      for question in ignored {
        try await eventually("it is asked") { await visitor.ask(question) }
        #expect(await visitor.status() == nil, "\(question)")
      }
      let counts = await coordinator.server.counters.refused
      #expect(counts[.malformed] == answered.count - 1 + ignored.count && counts[.unknownKey] == 1)
      let link = agent(await coordinator.endpoints.bus, security: ring.side(ring.agent))
      try await withRunning(link) { try await link.ready() }
      await visitor.close()
    }
  }

  @Test("beyond loopback the bus does not start without keys", arguments: ["tcp://0.0.0.0:*", "tcp://*:*"])
  func unprotected(endpoint: String) async throws {
    for (bus, changes) in [(endpoint, "tcp://127.0.0.1:*"), ("tcp://127.0.0.1:*", endpoint)] {
      let server = BusServer(busEndpoint: bus, changesEndpoint: changes, logger: quiet)
      let error = await #expect(throws: BusError.unprotected(endpoint: endpoint)) { try await server.start() }
      #expect("\(error.map(String.init(describing:)) ?? "")".contains("security"))
      await server.close()
    }
    let ring = try KeyRing()
    for security in [BusSecurity.insecure, .coordinator(ring.coordinator)] {
      let server = BusServer(
        busEndpoint: endpoint, changesEndpoint: endpoint, security: security, logger: quiet)
      #expect(try await server.start().bus.hasPrefix("tcp://0.0.0.0:"))
      await server.close()
    }
    let link = agent("tcp://192.0.2.1:5570")
    try await withRunning(link) { try await Task.sleep(for: .milliseconds(50)) }
    #expect(await link.counters.failedHandshakes == 0)
  }

  @Test("on every interface a revocation ends connections too, and a host's name can be listened on")
  func wildcard() async throws {
    let ring = try KeyRing()
    let keys = ring.allowing(["a": ring.agent])
    try await withKeyedCoordinator(ring, keys, bus: "tcp://0.0.0.0:*", changes: "tcp://localhost:*") {
      coordinator in
      let endpoints = await coordinator.endpoints
      #expect(endpoints.changes.hasPrefix("tcp://127."))
      let port = try #require(endpoints.bus.split(separator: ":").last)
      let link = agent("tcp://127.0.0.1:\(port)", security: ring.side(ring.agent))
      try await withRunning(link) {
        try await link.ready()
        #expect(await coordinator.server.admit(ring.allowing([:], revoked: ["a": ring.agent])) == 1)
        try await eventually("it is out") { await !link.isConnected }
      }
    }
  }

  @Test("who is nobody's peer is left alone by the cutter")
  func cutsNobodyElse() async throws {
    let one = try KeyRing()
    try await withKeyedCoordinator(one, one.allowing(["a": one.agent])) { first in
      try await withCoordinator { second in
        let link = agent(await second.endpoints.bus)
        try await withRunning(link) {
          try await link.ready()
          #expect(ConnectionCutter.cut(await first.endpoints.bus) == 0)
          #expect(ConnectionCutter.cut("tcp://127.0.0.1:1") == 0)
          #expect(ConnectionCutter.cut("nonsense") == 0)
          let before = await second.named("heartbeat").count
          try await eventually("heartbeats go on") { await second.has("heartbeat", before + 3) }
          #expect(await second.named("hello").count == 1)
        }
      }
    }
  }
}
