import Glibc
import TestKit
import Threads

/// A relay between two ends of a TCP connection that keeps every byte that crosses it.
final class TapRelay: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var open: [CInt] = []
    var isStopped = false
  }

  let port: Int
  private let target: in_port_t
  private let listener: CInt
  private let state = Locked(State())

  /// Passes on to a port of the loopback.
  init(to target: Int) throws {
    self.target = in_port_t(target)
    listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    port = freePort()
    var address = Self.address(in_port_t(port))
    let (descriptor, size) = (listener, socklen_t(MemoryLayout<sockaddr_in>.size))
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    guard bound == 0, listen(listener, 16) == 0 else { throw TestKitError("no port for the relay") }
    start { self.accept() }
  }

  /// Everything that crossed so far, both ways.
  var captured: [UInt8] { state.withLock { $0.bytes } }

  /// Whether a text crossed as it is.
  func saw(_ text: String) -> Bool {
    let (bytes, wanted) = (captured, Array(text.utf8))
    guard bytes.count >= wanted.count else { return false }
    return (0...(bytes.count - wanted.count)).contains { start in
      bytes[start] == wanted[0] && bytes[start..<(start + wanted.count)].elementsEqual(wanted)
    }
  }

  func stop() {
    let open = state.withLock { state in
      state.isStopped = true
      return state.open
    }
    for descriptor in open + [listener] { shutdown(descriptor, CInt(SHUT_RDWR)) }
  }

  private static func address(_ port: in_port_t) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
  }

  private func accept() {
    while true {
      let near = Glibc.accept(listener, nil, nil)
      guard near >= 0 else { break }
      let far = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
      var address = Self.address(target)
      let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(far, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      let isStopped = state.withLock { state in
        state.open += [near, far]
        return state.isStopped
      }
      if connected != 0 || isStopped {
        shutdown(near, CInt(SHUT_RDWR))
        if isStopped { break }
        continue
      }
      start { self.pump(from: near, to: far) }
      start { self.pump(from: far, to: near) }
    }
  }

  // Descriptors stay open to the end of the tests' process: two threads share each.
  private func pump(from source: CInt, to sink: CInt) {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = recv(source, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      state.withLock { $0.bytes += buffer[..<count] }
      guard send(sink, buffer, count, CInt(MSG_NOSIGNAL)) == count else { break }
    }
    shutdown(source, CInt(SHUT_RDWR))
    shutdown(sink, CInt(SHUT_RDWR))
  }

  private func start(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Body(run: body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, box.toOpaque())
    if code == 0 { pthread_detach(thread) } else { box.release() }
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
