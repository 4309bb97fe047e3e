import Glibc

/// One HTTP/1.1 connection to a server on loopback, used by one thread, that blocks.
///
/// As thin as it can be: libcurl on a thread of its own would cost the fast receivers more than they
/// cost themselves.
final class HTTPConnection {
  private let descriptor: CInt
  private var buffer: [UInt8] = []
  private var start = 0
  private var piece = [UInt8](repeating: 0, count: 64 << 10)

  /// The body of the last answer.
  private(set) var lastBody = ""

  init(port: Int, timeoutSeconds: Int = 60) throws {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Self.error("socket") }
    var yes: CInt = 1
    setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
    }
    guard code == 0 else {
      let error = Self.error("connect to port \(port)")
      Glibc.close(descriptor)
      throw error
    }
  }

  func close() { Glibc.close(descriptor) }

  func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { bytes in
      var rest = bytes
      while !rest.isEmpty {
        let count = send(descriptor, rest.baseAddress, rest.count, CInt(MSG_NOSIGNAL))
        guard count > 0 else { throw Self.error("write") }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      }
    }
  }

  /// Reads one whole answer.
  /// - Returns: its status.
  func readAnswer() throws -> Int {
    let lines = try readHead().split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count >= 2, let status = Int(words[1]) else { throw BenchmarkError("that is no HTTP answer") }
    var length = 0
    var isChunked = false
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = parts[1].drop { $0 == " " }
      switch parts[0].lowercased() {
      case "content-length": length = Int(value) ?? 0
      case "transfer-encoding": isChunked = value.lowercased() == "chunked"
      default: break
      }
    }
    lastBody = isChunked ? try readChunks() : try text(take(length))
    return status
  }

  private func readChunks() throws -> String {
    var body = ""
    while true {
      let line = try readLine()
      guard let size = Int(line.prefix { $0.isHexDigit }, radix: 16) else { throw BenchmarkError("no chunk") }
      body += try text(take(size))
      _ = try readLine()
      if size == 0 { return body }
    }
  }

  private func readHead() throws -> String {
    try text(take(until: Array("\r\n\r\n".utf8)))
  }

  private func readLine() throws -> String { try text(take(until: Array("\r\n".utf8))) }

  private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  /// Everything up to an end mark, which goes too.
  private func take(until mark: [UInt8]) throws -> ArraySlice<UInt8> {
    var from = start
    while true {
      if let found = find(mark, from: from) {
        defer { start = found + mark.count }
        return buffer[start..<found]
      }
      from = max(start, buffer.count - mark.count + 1)
      from -= try fill()
    }
  }

  private func find(_ mark: [UInt8], from: Int) -> Int? {
    var index = from
    while index + mark.count <= buffer.count {
      if buffer[index] == mark[0], buffer[index..<index + mark.count].elementsEqual(mark) { return index }
      index += 1
    }
    return nil
  }

  private func take(_ count: Int) throws -> ArraySlice<UInt8> {
    while buffer.count - start < count { _ = try fill() }
    defer { start += count }
    return buffer[start..<start + count]
  }

  /// Reads more.
  /// - Returns: by how much what was there moved forward.
  private func fill() throws -> Int {
    let moved = start
    buffer.removeFirst(start)
    start = 0
    let count = recv(descriptor, &piece, piece.count, 0)
    guard count > 0 else { throw count == 0 ? BenchmarkError("the server hung up") : Self.error("read") }
    buffer.append(contentsOf: piece.prefix(count))
    return moved
  }

  private static func error(_ what: String) -> BenchmarkError {
    BenchmarkError("\(what): \(String(cString: strerror(errno)))")
  }
}
