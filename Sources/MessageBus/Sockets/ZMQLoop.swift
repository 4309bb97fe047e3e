import CLinux
import CZeroMQ
import Glibc
import Threads

/// One thread that owns ZeroMQ sockets and runs the actors that use them.
///
/// It sleeps in `zmq_poll` on the sockets that somebody waits for and on an eventfd that every new job
/// signals, so nothing is buffered outside of ZeroMQ and its high-water marks give back-pressure. An
/// actor makes the loop its executor, creates its sockets on it, and may then use them without `await`.
///
/// The thread starts with the first job and ends after ``terminate()`` or when nobody refers to the
/// loop any more. A job that comes later still runs, on a thread started for it.
final class ZMQLoop: SerialExecutor, TaskExecutor {
  let core: ZMQLoopCore

  /// - Parameter name: the thread's name; the first 15 bytes are shown.
  init(name: String) { core = ZMQLoopCore(name: String(name.prefix(15))) }

  deinit { core.stop() }

  func enqueue(_ job: consuming ExecutorJob) { core.add(UnownedJob(job), of: self) }

  // The runtime asks for a stop when a caller claims an isolation that it does not have.
  func checkIsolated() { precondition(core.isCurrent, "not on the bus's thread") }
  func isIsolatingCurrentContext() -> Bool? { core.isCurrent }
  func isSameExclusiveExecutionContext(other: ZMQLoop) -> Bool { self === other }

  /// Closes every socket, waits until they lingered, and ends the thread. Only on the loop's thread.
  ///
  /// Blocks that thread, which nobody else needs then, for as long as the longest linger time.
  func terminate() {
    core.terminate()
    core.stop()
  }
}

/// How a wait ended.
enum ZMQWake: Sendable {
  /// A socket can be read, or looks so.
  case ready
  /// The deadline passed.
  case deadline
  /// The waiting task was cancelled.
  case cancelled
  /// A socket was closed.
  case closed
}

extension ZMQLoop {
  /// Waits until one of the sockets can be read. Only for actors on this loop.
  /// - Parameters:
  ///   - sockets: what to wait for; none waits for the deadline alone.
  ///   - deadline: when to give up.
  ///   - cancellable: whether a cancelled task stops waiting; `false` for the last words of a task
  ///     that is being cancelled, which then need a deadline.
  ///   - isolation: the actor on this loop that waits.
  func wait(
    readable sockets: [ZMQSocket], until deadline: ContinuousClock.Instant? = nil,
    cancellable: Bool = true, isolation: isolated any Actor = #isolation
  ) async -> ZMQWake {
    if sockets.contains(where: { $0.handle == nil }) { return .closed }
    let handles = sockets.compactMap(\.handle)
    let core = core
    let token = core.makeToken()
    return await withTaskCancellationHandler {
      // A closure is isolated to what it captures: without this line it would run on the global pool.
      _ = isolation
      return await withCheckedContinuation { (continuation: CheckedContinuation<ZMQWake, Never>) in
        if cancellable && Task.isCancelled { return continuation.resume(returning: .cancelled) }
        core.add(
          ZMQLoopCore.Wait(token: token, handles: handles, deadline: deadline, continuation: continuation))
      }
    } onCancel: {
      if cancellable { core.cancel(token) }
    }
  }
}
