import Glibc
import Threads

/// A server that says whatever a test wants, for clients of any protocol. One connection after the other.
package final class RawServer: Sendable {
  private struct State {
    var connection: CInt = -1
    var isStopped = false
  }

  package let port: Int
  private let listener: CInt
  private let chunk: @Sendable (Int) -> [UInt8]?
  private let state = Locked(State())

  /// Starts to listen.
  /// - Parameter chunk: what to say after the client's first words: called with 0, 1, 2 … until it gives
  ///   `nil`, which ends the connection.
  package init(_ chunk: @escaping @Sendable (Int) -> [UInt8]?) throws {
    self.chunk = chunk
    listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port: 0)
    let descriptor = listener
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard bound == 0, listen(listener, 16) == 0 else {
      close(listener)
      throw TestKitError("no port to listen on")
    }
    port = TestKit.port(of: listener)
    try startThread { self.run() }
  }

  /// Ends the connection and stops listening.
  package func stop() {
    state.withLock { state in
      state.isStopped = true
      if state.connection >= 0 { shutdown(state.connection, CInt(SHUT_RDWR)) }
    }
    shutdown(listener, CInt(SHUT_RDWR))
  }

  private func run() {
    while true {
      let connection = accept(listener, nil, nil)
      let isStopped = state.withLock { state in
        state.connection = connection
        return state.isStopped
      }
      if connection >= 0 {
        if !isStopped { speak(on: connection) }
        state.withLock { state in
          close(connection)
          state.connection = -1
        }
      }
      if isStopped || connection < 0 && errno != EINTR { break }
    }
    close(listener)
  }

  private func speak(on connection: CInt) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    guard recv(connection, &buffer, buffer.count, 0) > 0 else { return }
    var index = 0
    while let bytes = chunk(index) {
      guard send(connection, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else { return }
      index += 1
    }
  }
}
