import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// Ends the process when a stop takes too long, whatever hangs.
///
/// Must be the group's last service: they are told to stop one after the other, from the last to
/// the first, each only when the one before has ended.
struct StopLimit: Service {
  let logger: Logger
  private static let stopping = Atomic<Bool>(false)

  /// Whether the process was asked to stop.
  static var isStopping: Bool { stopping.load(ordering: .acquiring) }

  func run() async throws {
    let logger = logger
    await withGracefulShutdownHandler {
      try? await gracefulShutdown()
    } onGracefulShutdown: {
      Self.begin(logger)
    }
  }

  /// A thread, because what hangs may hold every thread of the pool.
  private static func begin(_ logger: Logger) {
    guard !stopping.exchange(true, ordering: .acquiringAndReleasing) else { return }
    logger.notice("stopping")
    var thread = pthread_t()
    let box = Unmanaged.passRetained(LoggerBox(logger))
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let box = Unmanaged<LoggerBox>.fromOpaque(argument).takeRetainedValue()
        usleep(
          UInt32(AgentRuntime.stopLimit.components.attoseconds / 1_000_000_000_000)
            + UInt32(AgentRuntime.stopLimit.components.seconds) * 1_000_000)
        box.logger.error("did not stop in time, so the stop is forced")
        _exit(1)
      }, box.toOpaque())
    if status == 0 { pthread_detach(thread) } else { box.release() }
  }
}

private final class LoggerBox: Sendable {
  let logger: Logger

  init(_ logger: Logger) { self.logger = logger }
}
