import Dispatch
import FoundationEssentials
import Glibc

/// What came back, byte for byte.
struct RawResponse: Sendable {
  var status: Int
  /// Names in lower case.
  var headers: [String: String]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as JSON.
  func json() throws -> Any { try JSON.value(body) }

  /// A field of the body, which is an object.
  subscript(_ field: String) -> Any? { (try? json() as? [String: Any])?[field] }
}

struct RawHTTPError: Error, CustomStringConvertible {
  let description: String
}

/// A connection on which tests send what no well-behaved client would. Blocks, but never the cooperative pool.
final class RawConnection: Sendable {
  private let descriptor: Int32
  // Serial: calls of one connection never run side by side.
  private let queue = DispatchQueue(label: "raw-connection")

  init(port: Int, receiveBuffer: Int32? = nil, timeout: Int = 5) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var wait = timeval(tv_sec: timeout, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else {
      close(descriptor)
      throw RawHTTPError(description: "can't connect: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  func send(_ text: String) async { await send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) async {
    await onQueue { [descriptor] in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes {
          Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count <= 0 { return }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// What comes next, some bytes; empty at the end; `nil` when nothing came in time.
  func receive() async -> [UInt8]? {
    await onQueue { [descriptor] in
      var buffer = [UInt8](repeating: 0, count: 65_536)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EAGAIN { return nil }
      return count > 0 ? Array(buffer.prefix(count)) : []
    }
  }

  /// Reads until the text holds `marker`; throws at the end or when nothing comes.
  func read(until marker: String, into text: inout String) async throws {
    while !text.contains(marker) {
      guard let bytes = await receive() else {
        throw RawHTTPError(description: "no \"\(marker)\" in time, but: \(text)")
      }
      guard !bytes.isEmpty else { throw RawHTTPError(description: "closed before \"\(marker)\": \(text)") }
      text += String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Reads one whole answer with a Content-Length.
  func response(hasBody: Bool = true) async throws -> RawResponse {
    var bytes: [UInt8] = []
    func more() async throws {
      guard let next = await receive() else { throw RawHTTPError(description: "no answer in time") }
      guard !next.isEmpty else {
        throw RawHTTPError(description: "closed after: \(String(decoding: bytes, as: UTF8.self))")
      }
      bytes += next
    }
    var end: Range<Int>?
    while end == nil {
      end = bytes.firstRange(of: Array("\r\n\r\n".utf8))
      if end == nil { try await more() }
    }
    guard let end else { throw RawHTTPError(description: "no header") }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] =
        parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
    }
    let status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
    let length = hasBody ? Int(headers["content-length"] ?? "0") ?? 0 : 0
    while bytes.count < end.upperBound + length { try await more() }
    return RawResponse(
      status: status, headers: headers, body: Array(bytes[end.upperBound..<(end.upperBound + length)]))
  }

  private func onQueue<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: body()) }
    }
  }
}

/// Sends requests to a server on this machine, each on a connection of its own.
struct RawHTTP: Sendable {
  let port: Int

  func send(_ bytes: [UInt8], hasBody: Bool = true) async throws -> RawResponse {
    let connection = try RawConnection(port: port)
    await connection.send(bytes)
    return try await connection.response(hasBody: hasBody)
  }

  func send(
    _ method: String, _ path: String, body: [UInt8]? = nil, type: String? = "application/json",
    headers: [String] = []
  ) async throws -> RawResponse {
    try await send(
      Self.request(method, path, port: port, body: body, type: type, headers: headers),
      hasBody: method != "HEAD")
  }

  func get(_ path: String) async throws -> RawResponse { try await send("GET", path) }

  func post(_ path: String, _ body: String) async throws -> RawResponse {
    try await send("POST", path, body: Array(body.utf8))
  }

  static func request(
    _ method: String, _ path: String, port: Int, body: [UInt8]? = nil,
    type: String? = "application/json", headers: [String] = []
  ) -> [UInt8] {
    var lines = ["\(method) \(path) HTTP/1.1"]
    if !headers.contains(where: { $0.lowercased().hasPrefix("host") }) {
      lines.append("Host: 127.0.0.1:\(port)")
    }
    lines += headers
    if let body {
      if let type { lines.append("Content-Type: \(type)") }
      lines.append("Content-Length: \(body.count)")
    }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? [])
  }
}

/// JSON of any shape in Swift's own types; `NSNull` is `JSON.Null`.
enum JSON {
  struct Null: Equatable {}

  private struct Any_: Decodable {
    let value: Any

    private struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      if let object = try? decoder.container(keyedBy: Key.self) {
        var fields: [String: Any] = [:]
        for key in object.allKeys {
          fields[key.stringValue] = try object.decode(Any_.self, forKey: key).value
        }
        value = fields
      } else if var array = try? decoder.unkeyedContainer() {
        var elements: [Any] = []
        while !array.isAtEnd { elements.append(try array.decode(Any_.self).value) }
        value = elements
      } else {
        let one = try decoder.singleValueContainer()
        if one.decodeNil() {
          value = Null()
        } else if let bool = try? one.decode(Bool.self) {
          value = bool
        } else if let number = try? one.decode(Double.self) {
          value = number
        } else {
          value = try one.decode(String.self)
        }
      }
    }
  }

  static func value(_ bytes: [UInt8]) throws -> Any {
    try JSONDecoder().decode(Any_.self, from: Data(bytes)).value
  }
}
