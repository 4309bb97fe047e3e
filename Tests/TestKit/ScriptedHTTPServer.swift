import Glibc
import Threads

/// A small HTTP/1.1 server that answers what a test says and remembers what it was asked.
///
/// Each connection has a thread, so that one which hangs holds up no other. Not for load.
package final class ScriptedHTTPServer: Sendable {
  /// A request as it came.
  package struct Request: Sendable {
    package var method: String
    /// The path without the query.
    package var path: String
    /// What comes after the question mark, as it was sent.
    package var query: String
    /// Names are in lower case.
    package var headers: [String: String]
    package var body: [UInt8]

    /// The body as text.
    package var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// What is answered.
  package enum Response: Sendable {
    /// A status, headers and a body.
    case reply(Int = 200, headers: [(String, String)] = [], body: [UInt8] = [])
    /// A status and a body of JSON.
    case json(Int, String)
    /// The head of a reply and then its pieces, each after a pause, until they end; then the connection does.
    case stream(
      headers: [(String, String)] = [], pieces: [String], pause: Duration = .zero, holdOpen: Bool = false)
    /// Nothing, until the server stops.
    case hang
    /// These bytes instead of HTTP, and then the end.
    case raw([UInt8])
    /// The end of the connection.
    case disconnect

    /// A body of JSON.
    package static func json(_ text: String, status: Int = 200) -> Response { .json(status, text) }
  }

  private struct State {
    var requests: [Request] = []
    var connections: Set<CInt> = []
    var accepted = 0
    var isStopped = false
  }

  package let port: Int
  private let listener: CInt
  private let answer: @Sendable (Request) -> Response
  private let state = Locked(State())

  /// Where it is asked.
  package var url: String { "http://127.0.0.1:\(port)" }

  /// What it was asked so far.
  package var requests: [Request] { state.withLock { $0.requests } }

  /// How many connections came.
  package var connectionCount: Int { state.withLock { $0.accepted } }

  /// Starts to listen.
  /// - Parameter answer: called for every request, on the thread of its connection.
  package init(port: Int = 0, _ answer: @escaping @Sendable (Request) -> Response) throws {
    self.answer = answer
    listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var on: CInt = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
    var address = loopback(port: port)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    guard bound == 0, listen(listener, 64) == 0 else {
      close(listener)
      throw TestKitError("no port to listen on: \(String(cString: strerror(errno)))")
    }
    self.port = TestKit.port(of: listener)
    try startThread { self.accept() }
  }

  /// Runs `body` with a server and stops it afterwards.
  @discardableResult
  package static func with<Result>(
    _ answer: @escaping @Sendable (Request) -> Response, isolation: isolated (any Actor)? = #isolation,
    _ body: (ScriptedHTTPServer) async throws -> Result
  ) async throws -> Result {
    let server = try ScriptedHTTPServer(answer)
    defer { server.stop() }
    return try await body(server)
  }

  /// Ends every connection and stops listening.
  package func stop() {
    let wasRunning = state.withLock { state in
      // The threads that own the descriptors close them; this only wakes those up.
      for connection in state.connections { shutdown(connection, CInt(SHUT_RDWR)) }
      defer { state.isStopped = true }
      return !state.isStopped
    }
    if wasRunning { shutdown(listener, CInt(SHUT_RDWR)) }
  }

  private func accept() {
    while true {
      let connection = Glibc.accept(listener, nil, nil)
      let isStopped = state.withLock { state in
        if connection >= 0 && !state.isStopped {
          state.connections.insert(connection)
          state.accepted += 1
        }
        return state.isStopped
      }
      guard connection >= 0, !isStopped else {
        if connection >= 0 { close(connection) }
        if isStopped || errno != EINTR { break }
        continue
      }
      do {
        try startThread { self.serve(connection) }
      } catch {
        self.end(connection)
      }
    }
    close(listener)
  }

  private func end(_ connection: CInt) {
    state.withLock { state in
      state.connections.remove(connection)
      close(connection)
    }
  }

  private func serve(_ connection: CInt) {
    defer { end(connection) }
    var buffer: [UInt8] = []
    while let request = readRequest(connection, &buffer) {
      state.withLock { $0.requests.append(request) }
      guard respond(answer(request), to: request, on: connection) else { return }
    }
  }

  private func readRequest(_ connection: CInt, _ buffer: inout [UInt8]) -> Request? {
    let separator = Array("\r\n\r\n".utf8)
    var end: Range<Int>?
    while true {
      end = buffer.firstRange(of: separator)
      if end != nil { break }
      guard buffer.count < 1 << 20, receive(connection, &buffer) else { return nil }
    }
    guard let end else { return nil }
    let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    let words = (lines.first ?? "").split(separator: " ")
    guard words.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
    }
    let length = min(64 << 20, max(0, Int(headers["content-length"] ?? "0") ?? 0))
    while buffer.count < end.upperBound + length {
      guard receive(connection, &buffer) else { return nil }
    }
    let body = Array(buffer[end.upperBound..<(end.upperBound + length)])
    buffer.removeFirst(end.upperBound + length)
    let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    return Request(
      method: String(words[0]), path: String(target[0]), query: target.count > 1 ? String(target[1]) : "",
      headers: headers, body: body)
  }

  private func receive(_ connection: CInt, _ buffer: inout [UInt8]) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = recv(connection, &chunk, chunk.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      buffer.append(contentsOf: chunk.prefix(count))
      return true
    }
  }

  /// Whether the connection goes on.
  private func respond(_ response: Response, to request: Request, on connection: CInt) -> Bool {
    switch response {
    case .reply(let status, let headers, let body):
      var all = headers
      all.append(("Content-Length", String(body.count)))
      let sent = head(status, all) + (request.method == "HEAD" ? [] : body)
      return send(sent, on: connection)
    case .json(let status, let text):
      return respond(
        .reply(status, headers: [("Content-Type", "application/json")], body: Array(text.utf8)), to: request,
        on: connection)
    case .stream(let headers, let pieces, let pause, let holdOpen):
      guard send(head(200, headers + [("Connection", "close")]), on: connection) else { return false }
      let (seconds, attoseconds) = pause.components
      for piece in pieces {
        usleep(useconds_t(seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
        guard send(Array(piece.utf8), on: connection) else { return false }
      }
      if holdOpen { waitForEnd(of: connection) }
      return false
    case .hang:
      waitForEnd(of: connection)
      return false
    case .raw(let bytes):
      _ = send(bytes, on: connection)
      return false
    case .disconnect: return false
    }
  }

  private func waitForEnd(of connection: CInt) {
    var ignored: [UInt8] = []
    while receive(connection, &ignored) { ignored = [] }
  }

  private func head(_ status: Int, _ headers: [(String, String)]) -> [UInt8] {
    let lines = ["HTTP/1.1 \(status) Scripted"] + headers.map { "\($0): \($1)" }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }

  private func send(_ bytes: [UInt8], on connection: CInt) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }
}

/// Runs `body` on a thread of its own.
func startThread(_ body: @escaping @Sendable () -> Void) throws {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  let box = Unmanaged.passRetained(Box(body))
  let code = pthread_create(
    &thread, nil,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, box.toOpaque())
  guard code == 0 else {
    box.release()
    throw TestKitError("no thread can be started")
  }
  pthread_detach(thread)
}
