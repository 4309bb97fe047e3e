import CLinux
import CZeroMQ
import Glibc
import Threads

/// The jobs, the waits and the thread of one ``ZMQLoop``.
//
// @unchecked Sendable: what other threads touch is behind `inbox`; everything below the mark is only
// touched by the loop's own thread, of which there is one at a time (`thread` in the inbox says so).
final class ZMQLoopCore: @unchecked Sendable {
  private typealias Entry = (job: UnownedJob, loop: ZMQLoop)

  private struct Inbox {
    var jobs: [Entry] = []
    var cancelled: [UInt64] = []
    var thread: pthread_t?
    /// Whether the thread knows that there is something for it.
    var signalled = false
    var stopping = false
  }

  /// A task that waits for sockets.
  struct Wait {
    let token: UInt64
    let handles: [UnsafeMutableRawPointer]
    let deadline: ContinuousClock.Instant?
    let continuation: CheckedContinuation<ZMQWake, Never>
  }

  private let name: String
  private let inbox = Locked(Inbox())
  /// An eventfd; -1 when the machine had none left, then the thread looks every 10 ms.
  private let wakeFD = clinux_wake_make()

  // MARK: only touched by the loop's thread

  private var context: UnsafeMutableRawPointer?
  private var sockets: [UnsafeMutableRawPointer] = []
  private var waits: [Wait] = []
  private var lastToken: UInt64 = 0

  init(name: String) { self.name = name }

  // The thread refers to the core, so it has ended, and with it the sockets.
  deinit { if wakeFD >= 0 { Glibc.close(wakeFD) } }

  var isCurrent: Bool {
    inbox.withLock { state in
      guard let thread = state.thread else { return false }
      return pthread_equal(thread, pthread_self()) != 0
    }
  }

  // MARK: from any thread

  func add(_ job: UnownedJob, of loop: ZMQLoop) {
    notify { $0.jobs.append((job, loop)) }
  }

  func cancel(_ token: UInt64) {
    notify { $0.cancelled.append(token) }
  }

  func stop() {
    notify(starting: false) { $0.stopping = true }
  }

  private func notify(starting: Bool = true, _ change: (inout Inbox) -> Void) {
    let wake = inbox.withLock { state in
      change(&state)
      if state.thread == nil {
        if starting { state.thread = start() }
        state.signalled = true
        return false
      }
      defer { state.signalled = true }
      return !state.signalled
    }
    if wake && wakeFD >= 0 { clinux_wake_signal(wakeFD) }
  }

  /// Starts the thread. The caller holds the inbox, so the thread waits until `thread` is set.
  private func start() -> pthread_t {
    var thread = pthread_t()
    let me = Unmanaged.passRetained(self).toOpaque()
    let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
      if let argument { Unmanaged<ZMQLoopCore>.fromOpaque(argument).takeRetainedValue().run() }
      return nil
    }
    // A job cannot be refused, so a machine that is out of threads is waited for.
    while pthread_create(&thread, nil, main, me) != 0 { usleep(10_000) }
    pthread_detach(thread)
    return thread
  }

  // MARK: on the loop's thread

  func makeToken() -> UInt64 {
    lastToken += 1
    return lastToken
  }

  func add(_ wait: Wait) {
    assert(isCurrent, "only the loop's own thread may wait")
    // Whoever waits looked at its sockets in an earlier job; meanwhile another one may have closed them,
    // and then nobody would ever end this wait.
    guard wait.handles.allSatisfy(sockets.contains) else {
      return wait.continuation.resume(returning: .closed)
    }
    waits.append(wait)
  }

  /// A new socket of the loop's context, which the first one makes.
  func makeSocket(_ kind: CInt) -> UnsafeMutableRawPointer? {
    assert(isCurrent, "only the loop's own thread may have sockets")
    if context == nil { context = zmq_ctx_new() }
    guard let context, let socket = zmq_socket(context, kind) else { return nil }
    sockets.append(socket)
    return socket
  }

  func closeSocket(_ socket: UnsafeMutableRawPointer) {
    resume(.closed) { $0.handles.contains(socket) }
    sockets.removeAll { $0 == socket }
    zmq_close(socket)
  }

  func terminate() {
    for socket in sockets { closeSocket(socket) }
    guard let context else { return }
    self.context = nil
    while zmq_ctx_term(context) != 0 && zmq_errno() == EINTR {}
  }

  private func resume(_ wake: ZMQWake, where matches: (Wait) -> Bool) {
    var matching: [Wait] = []
    waits.removeAll { wait in
      let hit = matches(wait)
      if hit { matching.append(wait) }
      return hit
    }
    for wait in matching { wait.continuation.resume(returning: wake) }
  }

  private func run() {
    clinux_name_thread(name)
    while true {
      // Jobs first, but the sockets get their turn after 32 rounds of jobs that beget jobs.
      var busy = true
      var rounds = 0
      while busy && rounds < 32 {
        switch runJobs() {
        case .none: return
        case .some(let ran): busy = ran
        }
        rounds += 1
      }
      poll(block: !busy)
    }
  }

  /// Runs what is in the inbox; `false` when it was empty, `nil` when the thread must end.
  private func runJobs() -> Bool? {
    var jobs: [Entry] = []
    var cancelled: [UInt64] = []
    let busy: Bool? = inbox.withLock { state in
      swap(&state.jobs, &jobs)
      swap(&state.cancelled, &cancelled)
      let busy = !jobs.isEmpty || !cancelled.isEmpty
      // An empty inbox: the next one who fills it must signal.
      state.signalled = busy
      if busy || !state.stopping { return busy }
      return nil
    }
    guard let busy else { return finish() }
    for token in cancelled { resume(.cancelled) { $0.token == token } }
    for (job, loop) in jobs {
      job.runSynchronously(
        isolatedTo: loop.asUnownedSerialExecutor(), taskExecutor: loop.asUnownedTaskExecutor())
    }
    return busy
  }

  /// Closes what the last user of the loop left open, ends every wait and gives up the thread, unless something came
  /// meanwhile: whoever comes after that starts a new one.
  private func finish() -> Bool? {
    terminate()
    resume(.closed) { _ in true }
    return inbox.withLock { state in
      if !state.jobs.isEmpty || !state.cancelled.isEmpty { return true }
      state.thread = nil
      return nil
    }
  }

  private func poll(block: Bool) {
    var items = [zmq_pollitem_t(socket: nil, fd: wakeFD, events: Int16(ZMQ_POLLIN), revents: 0)]
    for wait in waits {
      for handle in wait.handles {
        items.append(zmq_pollitem_t(socket: handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
      }
    }
    let rc = zmq_poll(&items, CInt(items.count), block ? timeout() : 0)
    if rc < 0 {
      // A signal; anything else means that a socket is gone under a wait, which then ends.
      if zmq_errno() != EINTR { resume(.closed) { !$0.handles.isEmpty } }
      return
    }
    if items[0].revents != 0 { clinux_wake_drain(wakeFD) }
    var index = 1
    var ready: Set<UInt64> = []
    for wait in waits {
      for _ in wait.handles {
        if items[index].revents != 0 { ready.insert(wait.token) }
        index += 1
      }
    }
    if !ready.isEmpty { resume(.ready) { ready.contains($0.token) } }
    guard waits.contains(where: { $0.deadline != nil }) else { return }
    let now = ContinuousClock.now
    resume(.deadline) { wait in wait.deadline.map { $0 <= now } ?? false }
  }

  /// Milliseconds until the first deadline, rounded up; -1 for none.
  private func timeout() -> Int {
    var timeout = -1
    if let first = waits.compactMap(\.deadline).min() {
      let left = ContinuousClock.now.duration(to: first).components
      let milliseconds =
        left.seconds * 1000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
      timeout = Int(min(max(milliseconds, 0), 3_600_000))
    }
    return wakeFD < 0 ? min(timeout < 0 ? 10 : timeout, 10) : timeout
  }
}
