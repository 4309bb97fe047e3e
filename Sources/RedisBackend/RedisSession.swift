import CHiredis
import Glibc

/// One connection, with hiredis as the writer and reader of the protocol.
///
/// The socket is read and written here, without blocking, because hiredis's own timeouts bound a
/// single read and not an answer, and because its writes raise SIGPIPE.
//
// Not Sendable: confined to the actor that owns it.
final class RedisSession {
  /// An answer may have so many bytes.
  static let maxAnswerBytes = 8 << 20

  private let context: UnsafeMutablePointer<redisContext>
  private let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)

  deinit {
    redisFree(context)
    functions.deallocate()
  }

  /// Connects.
  init(host: String, port: Int, deadline: Deadline) throws(RedisError) {
    guard (1...65535).contains(port), !host.utf8.contains(0) else {
      throw .connection(message: "\(host):\(port) is not an address")
    }
    guard let context = redisConnectNonBlock(host, CInt(port)) else {
      throw .connection(message: "out of memory")
    }
    self.context = context
    guard context.pointee.err == 0, context.pointee.reader != nil else {
      throw .connection(message: "\(host):\(port): \(Self.text(of: context))")
    }
    chiredis_bound_arrays(context, functions)
    try wait(for: POLLOUT, deadline)
    var code: CInt = 0
    var length = socklen_t(MemoryLayout<CInt>.size)
    getsockopt(context.pointee.fd, SOL_SOCKET, SO_ERROR, &code, &length)
    guard code == 0 else {
      throw .connection(message: "\(host):\(port): \(String(cString: strerror(code)))")
    }
  }

  /// Takes over a socket that is connected.
  init(connected descriptor: CInt) throws(RedisError) {
    guard let context = redisConnectFd(descriptor) else { throw .connection(message: "out of memory") }
    self.context = context
    guard context.pointee.err == 0, context.pointee.reader != nil else {
      throw .connection(message: Self.text(of: context))
    }
    chiredis_bound_arrays(context, functions)
  }

  /// Whether the connection still stands: nothing may wait to be read when nothing was asked.
  var isAlive: Bool {
    var descriptor = pollfd(fd: context.pointee.fd, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 0) == 0
  }

  /// Sends a command and reads its answer. After any throw but `.server` the session is spent.
  func command(_ arguments: [[UInt8]], deadline: Deadline) throws(RedisError) -> RedisValue {
    try send(Self.format(arguments), deadline)
    let reply = try receive(deadline)
    defer { freeReplyObject(reply) }
    let value = reply.assumingMemoryBound(to: redisReply.self)
    if value.pointee.type == REDIS_REPLY_ERROR {
      throw .server(message: String(Self.string(value.pointee).prefix(1000)))
    }
    return Self.value(value.pointee)
  }

  private static func format(_ arguments: [[UInt8]]) throws(RedisError) -> [UInt8] {
    // One buffer with every argument behind the other, and pointers into it.
    let lengths = arguments.map(\.count)
    let joined = arguments.flatMap { $0 }
    let command: [UInt8]? = joined.withUnsafeBytes { buffer in
      // An empty buffer has no address, but hiredis wants one even for empty arguments.
      guard let base = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1) else { return nil }
      var start = 0
      var pointers: [UnsafePointer<CChar>?] = lengths.map { length in
        defer { start += length }
        return (base + start).assumingMemoryBound(to: CChar.self)
      }
      var target: UnsafeMutablePointer<CChar>?
      let length = redisFormatCommandArgv(&target, CInt(arguments.count), &pointers, lengths)
      guard length > 0, let target else { return nil }
      defer { redisFreeCommand(target) }
      return [UInt8](UnsafeRawBufferPointer(start: target, count: Int(length)))
    }
    guard let command else { throw .connection(message: "out of memory") }
    return command
  }

  private func send(_ bytes: [UInt8], _ deadline: Deadline) throws(RedisError) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.send(
          context.pointee.fd, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, CInt(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
      } else if errno == EAGAIN {
        try wait(for: POLLOUT, deadline)
      } else if errno != EINTR {
        throw .connection(message: String(cString: strerror(errno)))
      }
    }
  }

  private func receive(_ deadline: Deadline) throws(RedisError) -> UnsafeMutableRawPointer {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    var total = 0
    while true {
      try wait(for: POLLIN, deadline)
      let count = recv(context.pointee.fd, &buffer, buffer.count, 0)
      if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
      guard count > 0 else {
        let reason = count == 0 ? "the server ended the connection" : String(cString: strerror(errno))
        throw .connection(message: reason)
      }
      total += count
      guard total <= Self.maxAnswerBytes else {
        throw .invalidAnswer(message: "the answer is larger than \(Self.maxAnswerBytes >> 20) MiB")
      }
      let fed = buffer.withUnsafeBytes {
        redisReaderFeed(context.pointee.reader, $0.baseAddress?.assumingMemoryBound(to: CChar.self), count)
      }
      var reply: UnsafeMutableRawPointer?
      guard fed == REDIS_OK, redisReaderGetReply(context.pointee.reader, &reply) == REDIS_OK else {
        throw .invalidAnswer(message: Self.text(of: context.pointee.reader))
      }
      guard let reply else { continue }
      // What is said beyond the answer would be taken for the next one's, and pile up unread.
      guard context.pointee.reader.pointee.pos == context.pointee.reader.pointee.len else {
        freeReplyObject(reply)
        throw .invalidAnswer(message: "it said more than it was asked")
      }
      return reply
    }
  }

  private func wait(for events: CInt, _ deadline: Deadline) throws(RedisError) {
    while true {
      var descriptor = pollfd(fd: context.pointee.fd, events: Int16(events), revents: 0)
      let left = deadline.milliseconds
      if left <= 0 { throw .timedOut(seconds: deadline.seconds) }
      // In slices, to see that the task was cancelled.
      if Task.isCancelled { throw .cancelled }
      let ready = poll(&descriptor, 1, CInt(min(left, 50)))
      if ready > 0 { return }
      if ready < 0 && errno != EINTR { throw .connection(message: String(cString: strerror(errno))) }
    }
  }

  private static func value(_ reply: redisReply) -> RedisValue {
    switch reply.type {
    case REDIS_REPLY_INTEGER: return .integer(reply.integer)
    case REDIS_REPLY_STATUS: return .status(string(reply))
    // An error inside an array, e.g. of EXEC, is a text like the others.
    case REDIS_REPLY_STRING, REDIS_REPLY_ERROR:
      let bytes = UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len))
      return String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .bytes([UInt8](bytes))
    case REDIS_REPLY_ARRAY:
      // hiredis nests at most seven deep.
      return .array(
        (0..<Int(reply.elements)).map { index in
          reply.element?[index].map { value($0.pointee) } ?? .null
        })
    default: return .null
    }
  }

  private static func string(_ reply: redisReply) -> String {
    String(decoding: UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len)), as: UTF8.self)
  }

  private static func text(of context: UnsafeMutablePointer<redisContext>) -> String {
    withUnsafeBytes(of: context.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private static func text(of reader: UnsafeMutablePointer<redisReader>) -> String {
    withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
