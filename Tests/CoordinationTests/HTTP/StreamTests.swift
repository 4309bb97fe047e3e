import Coordination
import IncidentModel
import Logging
import ServiceLifecycle
import TestKit
import Testing

@Suite("GET /aiops/stream") struct StreamTests {
  private func open(
    _ http: RawHTTP, query: String = "", headers: [String] = [], receiveBuffer: Int32? = nil
  ) async throws -> RawConnection {
    let connection = try RawConnection(port: http.port, receiveBuffer: receiveBuffer)
    await connection.send(
      RawHTTP.request("GET", "/aiops/stream\(query)", port: http.port, headers: headers))
    return connection
  }

  @Test("a change comes as an event with its number and summary")
  func change() async throws {
    let coordinator = FakeCoordinator(hub: ChangeHub(latest: 41))
    try await withServer(coordinator) { http, _ in
      let stream = try await open(http)
      var text = ""
      try await stream.read(until: "id: 41\n\n", into: &text)
      #expect(text.hasPrefix("HTTP/1.1 200 OK"))
      #expect(text.lowercased().contains("content-type: text/event-stream"))
      #expect(text.lowercased().contains("cache-control: no-store"))
      coordinator.hub.publish(.sample(1), sequence: 43)
      try await stream.read(until: "}\n\n", into: &text)
      #expect(text.contains("id: 43\nevent: incident\ndata: {\"incident\":{"))
      #expect(text.contains(#""id":"INC-00000001""#))
      #expect(text.contains("\"sequence\":43}\n\n"))
    }
  }

  @Test("who comes back gets what it missed, by header or by parameter")
  func resume() async throws {
    let coordinator = FakeCoordinator()
    for number in 1...5 { coordinator.hub.publish(.sample(UInt32(number)), sequence: UInt64(number)) }
    try await withServer(coordinator) { http, _ in
      for (query, headers) in [("?last_event_id=3", []), ("?last_event_id=1", ["Last-Event-ID: 3"])] {
        let stream = try await open(http, query: query, headers: headers)
        var text = ""
        try await stream.read(until: "id: 5\nevent: incident", into: &text)
        #expect(text.contains("id: 4\nevent: incident"))
        #expect(!text.contains("id: 3\nevent: incident"))
        #expect(!text.contains("event: reset"))
      }
    }
  }

  @Test("who was away too long, or comes from another journal, is told to read the list again")
  func reset() async throws {
    let coordinator = FakeCoordinator(hub: ChangeHub(latest: 100, capacity: 2))
    for number in 101...105 { coordinator.hub.publish(.sample(UInt32(number)), sequence: UInt64(number)) }
    try await withServer(coordinator) { http, _ in
      for id in ["0", "99", "102", "106", "18446744073709551615"] {
        let stream = try await open(http, query: "?last_event_id=\(id)")
        var text = ""
        try await stream.read(until: "event: reset\n", into: &text)
        try await stream.read(until: "}\n\n", into: &text)
        #expect(text.contains(#"data: {"incidents":"/aiops/incidents","sequence":105}"#))
      }
    }
  }

  @Test("a quiet stream gets comments")
  func keepAlive() async throws {
    var limits = HTTPLimits()
    limits.keepAlive = .milliseconds(20)
    try await withServer(limits: limits) { http, _ in
      let stream = try await open(http)
      var text = ""
      for _ in 0..<3 {
        try await stream.read(until: ": keep-alive\n\n", into: &text)
        text.replace(": keep-alive\n\n", with: "", maxReplacements: 1)
      }
    }
  }

  @Test("streams are bounded, and a place is free again when one is closed")
  func bounded() async throws {
    var limits = HTTPLimits()
    limits.streams = 2
    let coordinator = FakeCoordinator()
    try await withServer(coordinator, limits: limits) { http, server in
      var streams: [RawConnection] = []
      for _ in 0..<2 {
        let stream = try await open(http)
        var text = ""
        try await stream.read(until: "id: 0\n\n", into: &text)
        streams.append(stream)
      }
      #expect(server.openStreams == 2)
      let third = try await http.get("/aiops/stream")
      #expect(third.status == 503)
      #expect(third.headers["content-type"] == "application/problem+json")
      #expect((third["detail"] as? String)?.contains("All 2 streams") == true)
      streams.removeLast()
      try await eventually("the place is free") { server.openStreams == 1 }
      #expect(coordinator.hub.subscriberCount == 1)
      let stream = try await open(http)
      var text = ""
      try await stream.read(until: "id: 0\n\n", into: &text)
    }
  }

  @Test("a reader that takes nothing is cut off and holds nobody up")
  func slow() async throws {
    var limits = HTTPLimits()
    limits.keepAlive = .milliseconds(50)
    limits.streamStall = .milliseconds(1500)
    let coordinator = FakeCoordinator(hub: ChangeHub(latest: 0, capacity: 16, buffer: 32))
    try await withServer(coordinator, limits: limits) { http, server in
      let slow = try await open(http, receiveBuffer: 4096)
      let quick = try await open(http)
      var text = ""
      try await quick.read(until: "id: 0\n\n", into: &text)
      try await eventually("both are there") { coordinator.hub.subscriberCount == 2 }
      var incident = Incident.sample(1)
      incident.rootCause = String(repeating: "x", count: 100_000)
      for sequence in 1...200 as ClosedRange<UInt64> {
        coordinator.hub.publish(incident, sequence: sequence)
        try await quick.read(until: "id: \(sequence)\n", into: &text)
        text = ""
      }
      #expect(coordinator.hub.cutCount == 1)
      try await eventually("the slow one is gone") { server.openStreams == 1 }
      withExtendedLifetime(slow) {}
    }
  }

  @Test("a graceful shutdown ends open streams, even one whose reader takes nothing, within two seconds")
  func shutdown() async throws {
    let coordinator = FakeCoordinator()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let server = try HTTPAPIServer(
      api: coordinator, host: "localhost", port: 0, now: { .start }, logger: logger)
    let group = ServiceGroup(configuration: .init(services: [server], logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      let http = RawHTTP(port: try #require(await server.boundPort()))
      let stream = try await open(http)
      var text = ""
      try await stream.read(until: "id: 0\n\n", into: &text)
      let stuck = try await open(http, receiveBuffer: 4096)
      try await eventually("both are there") { coordinator.hub.subscriberCount == 2 }
      var incident = Incident.sample(1)
      incident.rootCause = String(repeating: "x", count: 1_000_000)
      for sequence in 1...20 as ClosedRange<UInt64> {
        coordinator.hub.publish(incident, sequence: sequence)
        try await stream.read(until: "id: \(sequence)\n", into: &text)
        text = ""
      }
      let idle = try RawConnection(port: http.port)
      await idle.send(RawHTTP.request("GET", "/healthz", port: http.port))
      #expect(try await idle.response().status == 200)
      let began = ContinuousClock.now
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      #expect(ContinuousClock.now - began < .seconds(2))
      withExtendedLifetime(stuck) {}
      #expect(await server.boundPort() == nil)
    }
  }
}
