import HTTPBackend
import TestKit
import Testing

@Suite("HTTP client")
struct HTTPClientTests {
  let client = HTTPClient(maxResponseBytes: 100_000, userAgent: "aiops-test")

  @Test("sends method, headers and body as they are, and reads status, headers and body")
  func exchange() async throws {
    try await ScriptedHTTPServer.with { request in
      .reply(201, headers: [("X-Echo", request.headers["x-say"] ?? "")], body: request.body)
    } _: { server in
      let body: [UInt8] = [0, 1, 2, 255, 0]
      let answer = try await client.send(
        HTTPRequest(method: "POST", url: server.url + "/a?b=c", headers: [("X-Say", "hello")], body: body))
      #expect(answer.status == 201)
      #expect(answer.header("x-echo") == "hello")
      #expect(answer.body == body)
      #expect(answer.totalSeconds > 0)
      let request = try #require(server.requests.first)
      #expect(request.method == "POST")
      #expect(request.path == "/a")
      #expect(request.query == "b=c")
      #expect(request.headers["user-agent"] == "aiops-test")
    }
  }

  @Test("every method arrives as itself", arguments: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
  func methods(_ method: String) async throws {
    try await ScriptedHTTPServer.with { _ in
      .json("{}")
    } _: { server in
      let answer = try await client.send(HTTPRequest(method: method, url: server.url))
      #expect(answer.status == 200)
      #expect(server.requests.map(\.method) == [method])
    }
  }

  @Test("connections are reused, and many exchanges run at once")
  func reuseAndConcurrency() async throws {
    try await ScriptedHTTPServer.with {
      .reply(body: Array($0.path.utf8))
    } _: { server in
      for _ in 0..<5 { _ = try await client.send(HTTPRequest(url: server.url)) }
      #expect(server.connectionCount == 1)
      let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<50 {
          group.addTask {
            try await client.send(HTTPRequest(url: "\(server.url)/\(index)")).text == "/\(index)"
          }
        }
        return try await group.reduce(into: [Bool]()) { $0.append($1) }
      }
      #expect(answers == Array(repeating: true, count: 50))
    }
  }

  @Test("a server that hangs is given up after the request's timeout")
  func hang() async throws {
    try await ScriptedHTTPServer.with { _ in
      .hang
    } _: { server in
      let start = ContinuousClock.now
      await #expect(throws: HTTPError.timedOut(url: server.url + "/x", seconds: 0.2)) {
        try await client.send(HTTPRequest(url: server.url + "/x?token=secret", timeout: .milliseconds(200)))
      }
      #expect(ContinuousClock.now - start < .seconds(5))
    }
  }

  @Test("a cancelled task ends its exchange at once")
  func cancellation() async throws {
    try await ScriptedHTTPServer.with { _ in
      .hang
    } _: { server in
      let task = Task { try await client.send(HTTPRequest(url: server.url, timeout: .seconds(60))) }
      try await eventually { !server.requests.isEmpty }
      task.cancel()
      await #expect(throws: HTTPError.cancelled) { try await task.value }
    }
  }

  @Test("a body over the limit is an error, with and without a length")
  func tooLarge() async throws {
    let piece = String(repeating: "x", count: 50_000)
    try await ScriptedHTTPServer.with { request in
      request.path == "/stream"
        ? .stream(pieces: Array(repeating: piece, count: 100))
        : .reply(body: Array(repeating: 0, count: 200_000))
    } _: { server in
      for path in ["/stream", "/whole"] {
        let error = HTTPError.tooLarge(url: server.url + path, limitBytes: 100_000)
        await #expect(throws: error) { try await client.send(HTTPRequest(url: server.url + path)) }
      }
    }
  }

  @Test("a head without end is an error")
  func endlessHead() async throws {
    let head =
      "HTTP/1.1 200 OK\r\n"
      + String(repeating: "X-Filler: \(String(repeating: "y", count: 1000))\r\n", count: 200)
    try await ScriptedHTTPServer.with { _ in
      .raw(Array(head.utf8))
    } _: { server in
      await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest(url: server.url)) }
    }
  }

  @Test("what is not HTTP, and nobody at all, are errors that say so")
  func broken() async throws {
    try await ScriptedHTTPServer.with { _ in
      .raw([0, 1, 2, 3])
    } _: { server in
      let error = await #expect(throws: HTTPError.self) {
        try await client.send(HTTPRequest(url: server.url))
      }
      guard case .failed = error else {
        Issue.record("not failed: \(String(describing: error))")
        return
      }
    }
    let url = "http://user:secret@127.0.0.1:\(freePort())/path"
    let error = await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest(url: url)) }
    guard case .unreachable = error else {
      Issue.record("not unreachable: \(String(describing: error))")
      return
    }
    #expect(error?.description.contains("secret") == false)
  }

  @Test("a redirect is an answer unless it shall be followed, and never leads out of HTTP")
  func redirects() async throws {
    try await ScriptedHTTPServer.with { request in
      switch request.path {
      case "/from": .reply(302, headers: [("Location", "/to")])
      case "/file": .reply(302, headers: [("Location", "file:///etc/passwd")])
      default: .reply(body: Array("there".utf8))
      }
    } _: { server in
      #expect(try await client.send(HTTPRequest(url: server.url + "/from")).status == 302)
      let followed = try await client.send(HTTPRequest(url: server.url + "/from", followRedirects: true))
      #expect(followed.text == "there")
      #expect(followed.header("location") == nil)
      await #expect(throws: HTTPError.self) {
        try await client.send(HTTPRequest(url: server.url + "/file", followRedirects: true))
      }
    }
  }

  @Test(
    "what would smuggle protocol into a request is refused",
    arguments: [
      HTTPRequest(url: "file:///etc/passwd"), HTTPRequest(url: "http://a b/"),
      HTTPRequest(url: "http://h/\u{0}"),
      HTTPRequest(url: ""), HTTPRequest(method: "GET / HTTP/1.1\r\n", url: "http://127.0.0.1:1"),
      HTTPRequest(url: "http://127.0.0.1:1", headers: [("A", "b\r\nC: d")]),
      HTTPRequest(url: "http://127.0.0.1:1", headers: [("A:", "b")]),
    ])
  func smuggling(_ request: HTTPRequest) async {
    let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
    guard case .invalidRequest = error else {
      Issue.record("not refused: \(String(describing: error))")
      return
    }
  }

  @Test("a stream hands over its pieces as they come, and ends when it is told to")
  func stream() async throws {
    let server = try ScriptedHTTPServer { _ in
      .stream(
        headers: [("Content-Type", "text/event-stream")], pieces: ["data: 1\n\n", "data: 2\n\n"],
        pause: .milliseconds(30), holdOpen: true)
    }
    defer { server.stop() }
    let (chunks, feed) = AsyncStream.makeStream(of: String.self)
    let task = Task {
      try await client.stream(HTTPRequest(url: server.url)) { bytes in
        feed.yield(String(decoding: bytes, as: UTF8.self))
        return !String(decoding: bytes, as: UTF8.self).contains("2")
      }
    }
    var text = ""
    for await chunk in chunks {
      text += chunk
      if text == "data: 1\n\ndata: 2\n\n" { break }
    }
    let answer = try await task.value
    #expect(answer.status == 200)
    #expect(answer.body.isEmpty)
  }

  @Test("a stream that the server refuses is an answer with its body")
  func refusedStream() async throws {
    try await ScriptedHTTPServer.with { _ in
      .json("{\"no\":1}", status: 404)
    } _: { server in
      let answer = try await client.stream(HTTPRequest(url: server.url)) { _ in true }
      #expect(answer.status == 404)
      #expect(answer.text == "{\"no\":1}")
    }
  }

  @Test("a stream on which nothing comes is given up")
  func silentStream() async throws {
    try await ScriptedHTTPServer.with { _ in
      .stream(pieces: ["data: 1\n\n"], holdOpen: true)
    } _: { server in
      let error = await #expect(throws: HTTPError.self) {
        try await client.stream(HTTPRequest(url: server.url), silence: .milliseconds(200)) { _ in true }
      }
      #expect(error == .timedOut(url: server.url, seconds: 0.2))
    }
  }

  @Test("a client that is shut down ends what runs and refuses what comes")
  func shutdown() async throws {
    try await ScriptedHTTPServer.with { _ in
      .hang
    } _: { server in
      let client = HTTPClient()
      let task = Task { try await client.send(HTTPRequest(url: server.url)) }
      try await eventually { !server.requests.isEmpty }
      client.shutdown()
      await #expect(throws: HTTPError.shutDown) { try await task.value }
      await #expect(throws: HTTPError.shutDown) { try await client.send(HTTPRequest(url: server.url)) }
    }
  }

  @Test(
    "a URL is shown without what may be secret",
    arguments: [
      ("http://h:1/p", "http://h:1/p"), ("https://u:secret@h/p?secret#secret", "https://h/p"),
      ("http://u:se/secret@h/p", "http://…"), ("http://u:p@h?x=secret@y", "http://…"), ("secret", "(URL)"),
      ("http://h?secret", "http://h"), ("http://a@secret@h", "http://h"), ("", "(URL)"),
    ])
  func redaction(_ url: String, _ shown: String) {
    #expect(redactedURL(url) == shown)
  }
}
