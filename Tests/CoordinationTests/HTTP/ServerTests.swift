import Coordination
import IncidentModel
import Logging
import TestKit
import Testing

@Suite("The HTTP server") struct ServerTests {
  private func server(_ host: String, _ port: Int) throws(HTTPServerError) -> HTTPAPIServer {
    try HTTPAPIServer(
      api: FakeCoordinator(), host: host, port: port, now: { .start },
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test(
    "an address that others can reach is refused",
    arguments: ["0.0.0.0", "::", "192.168.1.1", "example.com", "", "localhost.example.com", "127.0.0.1.2"])
  func notLoopback(host: String) {
    let error = #expect(throws: HTTPServerError.self) { try server(host, 0) }
    #expect(error == .notLoopback(host: host, missing: "security.tokens and security.tls"))
    #expect(error?.description.contains("127.0.0.1") == true)
  }

  @Test("this machine's addresses are taken", arguments: ["127.0.0.1", "localhost", "127.0.0.2"])
  func loopback(host: String) async throws {
    let server = try server(host, 0)
    let task = Task { try await server.run() }
    let port = await server.boundPort()
    #expect((port ?? 0) > 0)
    task.cancel()
    _ = await task.result
    #expect(await server.boundPort() == nil)
  }

  @Test("a port that is no port is refused", arguments: [-1, 65_536])
  func badPort(port: Int) {
    #expect(throws: HTTPServerError.badPort(port)) { try server("127.0.0.1", port) }
  }

  @Test("a port that somebody else has is named, and nobody waits for it for ever")
  func inUse() async throws {
    try await withServer { http, _ in
      let second = try server("127.0.0.1", http.port)
      async let port = second.boundPort()
      let error = await #expect(throws: HTTPServerError.self) { try await second.run() }
      #expect(error == .addressInUse(host: "127.0.0.1", port: http.port))
      #expect(error?.description.contains("set coordinator.http to another port") == true)
      #expect(await port == nil)
    }
  }

  @Test("more connections than allowed wait until another one is closed")
  func connections() async throws {
    var limits = HTTPLimits()
    limits.connections = 2
    try await withServer(limits: limits) { http, _ in
      var connections: [RawConnection] = []
      for _ in 0..<2 {
        let connection = try RawConnection(port: http.port)
        await connection.send(RawHTTP.request("GET", "/healthz", port: http.port))
        #expect(try await connection.response().status == 200)
        connections.append(connection)
      }
      let third = try RawConnection(port: http.port, timeout: 1)
      await third.send(RawHTTP.request("GET", "/healthz", port: http.port))
      #expect(await third.receive() == nil)
      connections.removeAll()
      #expect(try await third.response().status == 200)
    }
  }

  @Test("a connection on which nothing comes is closed")
  func idle() async throws {
    var limits = HTTPLimits()
    limits.idle = .milliseconds(100)
    try await withServer(limits: limits) { http, _ in
      let silent = try RawConnection(port: http.port)
      #expect(await silent.receive() == [])
      let unfinished = try RawConnection(port: http.port)
      await unfinished.send("GET /healthz HTTP/1.1\r\nHost: loc")
      #expect(await unfinished.receive() == [])
    }
  }

  @Test("requests of one connection are answered in their order")
  func pipelining() async throws {
    try await withServer { http, _ in
      let connection = try RawConnection(port: http.port)
      let request = { RawHTTP.request("GET", $0, port: http.port) }
      await connection.send(request("/healthz") + request("/nothing") + request("/healthz"))
      var text = ""
      try await connection.read(until: "application/problem+json", into: &text)
      while text.components(separatedByMarker: "{\"status\":\"ok\"}") < 2 {
        guard let more = await connection.receive(), !more.isEmpty else { break }
        text += String(decoding: more, as: UTF8.self)
      }
      #expect(text.components(separatedByMarker: "HTTP/1.1 200 OK") == 2)
      #expect(text.components(separatedByMarker: "HTTP/1.1 404 Not Found") == 1)
    }
  }
}

extension String {
  /// How often a text is in this one.
  fileprivate func components(separatedByMarker marker: String) -> Int { ranges(of: marker).count }
}
