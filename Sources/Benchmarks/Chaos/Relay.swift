import ArgumentParser
import Glibc

/// `aiops-bench relay`: passes TCP connections on, for a process in a network of its own.
struct RelayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay", abstract: "Pass TCP connections on.", shouldDisplay: false)

  @Option(help: "Where to listen, host:port; as often as --to.") var from: [String] = []
  @Option(help: "Where it leads, host:port.") var to: [String] = []

  func validate() throws {
    guard from.count == to.count, !from.isEmpty, (from + to).allSatisfy({ Address($0) != nil }) else {
      throw ValidationError("--from and --to come in pairs of host:port.")
    }
  }

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    for (from, to) in zip(from.compactMap(Address.init), to.compactMap(Address.init)) {
      let listener = try from.listen()
      try thread {
        while case let connection = accept(listener, nil, nil), connection >= 0 { serve(connection, to) }
      }
    }
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }
}

/// An IPv4 address and a port.
private struct Address: Sendable {
  private let host: UInt32
  private let port: UInt16

  init?(_ text: String) {
    let parts = text.split(separator: ":")
    var host = in_addr()
    guard parts.count == 2, let port = UInt16(parts[1]), inet_pton(AF_INET, String(parts[0]), &host) == 1
    else { return nil }
    self.host = host.s_addr
    self.port = port
  }

  private func with(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = host
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  func listen() throws -> CInt {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var on: CInt = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
    guard with({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 64) == 0 else {
      throw BenchmarkError("the relay can't listen: \(String(cString: strerror(errno)))")
    }
    return descriptor
  }

  /// A connection; -1 when there is none.
  func connect() -> CInt {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    if with({ Glibc.connect(descriptor, $0, $1) }) == 0 {
      limit = timeval()
      setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
      return descriptor
    }
    close(descriptor)
    return -1
  }
}

/// Two connections that are one; closed when both directions have ended.
private final class Pair: Sendable {
  let near: CInt
  let far: CInt

  init(near: CInt, far: CInt) {
    self.near = near
    self.far = far
  }

  deinit {
    close(near)
    if far >= 0 { close(far) }
  }
}

private func serve(_ connection: CInt, _ to: Address) {
  let served: Void? = try? thread {
    let pair = Pair(near: connection, far: to.connect())
    guard pair.far >= 0 else { return }
    let back: Void? = try? thread {
      pump(pair.far, pair.near)
      withExtendedLifetime(pair) {}
    }
    if back == nil { shutdown(pair.far, CInt(SHUT_RDWR)) }
    pump(pair.near, pair.far)
    withExtendedLifetime(pair) {}
  }
  if served == nil { close(connection) }
}

/// Passes on until either side ends, then ends both.
private func pump(_ from: CInt, _ to: CInt) {
  var buffer = [UInt8](repeating: 0, count: 64 << 10)
  while case let count = recv(from, &buffer, buffer.count, 0), count > 0 {
    var sent = 0
    while sent < count {
      let more = buffer.withUnsafeBytes { bytes in
        bytes.baseAddress.map { send(to, $0 + sent, count - sent, CInt(MSG_NOSIGNAL)) } ?? -1
      }
      if more <= 0 { break }
      sent += more
    }
    if sent < count { break }
  }
  shutdown(from, CInt(SHUT_RDWR))
  shutdown(to, CInt(SHUT_RDWR))
}

/// Runs something on a thread of its own.
private func thread(_ body: @escaping @Sendable () -> Void) throws {
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
    throw BenchmarkError("no thread")
  }
  pthread_detach(thread)
}
