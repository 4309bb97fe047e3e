import CPostgres
import Glibc
import Threads

/// Cancel requests, which libpq can only send by blocking.
///
/// A server that hangs would hold up whoever sends one, so each has a thread of its own, of which
/// there are few: when all of them hang, a further request is not sent, and the server notices that the
/// connection is gone when it writes to it.
enum Cancellation {
  private static let running = Locked(0)
  private static let maxRunning = 4

  private final class Request {
    let cancel: OpaquePointer

    init?(for connection: OpaquePointer) {
      guard let cancel = PQgetCancel(connection) else { return nil }
      self.cancel = cancel
    }

    deinit {
      PQfreeCancel(cancel)
      Cancellation.running.withLock { $0 -= 1 }
    }
  }

  /// Sends a cancel request for what runs on `connection`, which may be finished at once.
  static func send(for connection: OpaquePointer) {
    let isFree = running.withLock { count in
      guard count < maxRunning else { return false }
      count += 1
      return true
    }
    guard isFree else { return }
    guard let request = Request(for: connection) else { return running.withLock { $0 -= 1 } }
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(request)
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let request = Unmanaged<Request>.fromOpaque(argument).takeRetainedValue()
        var message = [CChar](repeating: 0, count: 256)
        // Whether it arrived in time is nothing that anybody waits for.
        PQcancel(request.cancel, &message, CInt(message.count))
        return nil
      }, argument.toOpaque())
    if code == 0 { pthread_detach(thread) } else { argument.release() }
  }
}
