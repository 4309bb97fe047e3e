import Dispatch
import Glibc

@testable import HTTPBackend
@testable import RedisBackend

extension Harness {
  /// What servers answer, over real sockets: the libraries that read it are fuzzed with us.
  static let servers: [Harness] = [
    Harness(
      "redis-answer", maxBytes: 32 << 10,
      tokens: [
        "\r\n", "*-1\r\n", "$-1\r\n", "*2\r\n", ":1\r\n", "+OK\r\n", "-ERR ", "%1\r\n", ",inf\r\n",
        "*1048577\r\n", "_\r\n",
      ],
      seeds: {
        [
          "$5\r\nhello\r\n", "*3\r\n:1\r\n$-1\r\n*1\r\n+OK\r\n", "-ERR no\r\n", "+PONG\r\n",
          ":-9223372036854775808\r\n",
          "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n",
        ].map { Array($0.utf8) }
      }, run: redis),
    Harness(
      "http-answer", maxBytes: 32 << 10,
      tokens: [
        "\r\n", "HTTP/1.1 ", "Content-Length: ", "Transfer-Encoding: chunked\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "0\r\n\r\n",
      ],
      seeds: {
        [
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
          "HTTP/1.1 503 No\r\nRetry-After: 5\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
          "HTTP/1.0 999 x\r\nX: \r\n: y\r\n\r\nbody",
        ].map { Array($0.utf8) }
      }, run: http),
    Harness(
      text: "redacted-url", maxBytes: 512, tokens: ["://", "@", "?", "#"],
      seeds: ["https://ann:secret@example.org/path?token=secret#x", "http://a/b@c"]
    ) { text in
      let shown = redactedURL("http://ann:hidden-4711@example.org/" + text)
      try demand(
        !shown.contains("hidden-4711") || text.contains("hidden-4711"), "a secret is shown: \(shown)")
      return redactedURL(text) != "(URL)"
    },
  ]

  private static func redis(_ bytes: [UInt8]) throws -> Bool {
    var pair: [CInt] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else { return false }
    defer { close(pair[1]) }
    let sent = bytes.withUnsafeBytes { send(pair[1], $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL | 0x40)) }
    shutdown(pair[1], CInt(SHUT_WR))
    let session = try RedisSession(connected: pair[0])
    do throws(RedisError) {
      let value = try session.command([Array("PING".utf8), []], deadline: Deadline(in: .seconds(10)))
      return size(of: value) <= max(1, sent)
    } catch {
      if case .timedOut = error { throw Broken(description: "an answer that has ended is waited for") }
      return false
    }
  }

  private static func size(of value: RedisValue) -> Int {
    switch value {
    case .array(let values): 1 + values.reduce(0) { $0 + size(of: $1) }
    case .text(let text), .status(let text): max(1, text.utf8.count)
    case .bytes(let bytes): max(1, bytes.count)
    case .null, .integer: 1
    }
  }

  private static let client = HTTPClient(maxResponseBytes: 16 << 10)
  private static let listener: (socket: CInt, port: Int)? = {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(server, $0, length) == 0 && listen(server, 16) == 0 && getsockname(server, $0, &length) == 0
      }
    }
    return bound ? (server, Int(UInt16(bigEndian: address.sin_port))) : nil
  }()

  private static func isReady(_ server: CInt, milliseconds: CInt) -> Bool {
    var waiting = pollfd(fd: server, events: Int16(POLLIN), revents: 0)
    return poll(&waiting, 1, milliseconds) == 1
  }

  // One exchange with a server on loopback that says just these bytes.
  private static func http(_ bytes: [UInt8]) throws -> Bool {
    guard let (server, port) = listener else { throw Broken(description: "no server on loopback") }
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var outcome: Result<HTTPResponse, HTTPError>?
    Task.detached {
      do throws(HTTPError) {
        outcome = .success(
          try await client.send(
            HTTPRequest(
              url: "http://127.0.0.1:\(port)/", headers: [("Connection", "close")], timeout: .seconds(5))))
      } catch { outcome = .failure(error) }
      done.signal()
    }
    while !isReady(server, milliseconds: 100) {
      guard done.wait(timeout: .now()) == .success else { continue }
      // On a machine so busy that the client's time was over before it was heard.
      while isReady(server, milliseconds: 0) { close(accept(server, nil, nil)) }
      guard case .failure(.timedOut)? = outcome else { throw Broken(description: "nobody connected") }
      return false
    }
    let peer = accept(server, nil, nil)
    var request = [UInt8](repeating: 0, count: 4096)
    _ = recv(peer, &request, request.count, 0)
    _ = bytes.withUnsafeBytes { send(peer, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL | 0x40)) }
    shutdown(peer, CInt(SHUT_WR))
    guard done.wait(timeout: .now() + 40) == .success else {
      throw Broken(description: "an exchange without an end")
    }
    close(peer)
    switch outcome {
    case .success(let answer)?:
      try demand(answer.body.count <= 16 << 10, "a body of \(answer.body.count) bytes")
      try demand((0...999).contains(answer.status), "status \(answer.status)")
      try demand(
        answer.headers.reduce(0) { $0 + $1.name.utf8.count } <= 3 * Transfer.maxHeaderBytes, "long headers")
      _ = answer.header("content-type")
      return true
    case .failure(let error)?:
      if case .timedOut = error { throw Broken(description: "an answer that has ended is waited for") }
      return false
    case nil: throw Broken(description: "no outcome")
    }
  }
}
