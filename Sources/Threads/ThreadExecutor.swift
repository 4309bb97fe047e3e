import CLinux
import Glibc

/// One dedicated thread that runs actors and tasks, for C calls that block.
///
/// An actor makes it its own with
/// `nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }`
/// and keeps the executor in a `let`; a task prefers it with `Task(executorPreference: executor)`.
/// Jobs run one after the other, in the order in which they came.
///
/// The thread starts with the first job. It ends after ``shutdown()``, or when nobody refers to the
/// executor any more. A job that comes after ``shutdown()`` still runs (the thread is started once
/// more for it): a job that never ran would be a task that never ends.
package final class ThreadExecutor: SerialExecutor, TaskExecutor {
  private let queue: JobQueue

  /// - Parameter name: the thread's name in debuggers and `top`; the first 15 bytes of it are shown.
  package init(name: String) {
    queue = JobQueue(name: String(name.prefix(15)))
  }

  deinit { queue.stop() }

  package func enqueue(_ job: consuming ExecutorJob) {
    // The queue keeps the executor until the job has run: jobs refer to it without owning it.
    queue.add(UnownedJob(job), of: self)
  }

  /// Whether the caller runs on this executor's thread.
  package var isCurrent: Bool { queue.isCurrent }

  // The runtime asks for a stop when a caller claims an isolation that it does not have.
  package func checkIsolated() { precondition(isCurrent, "not on the thread of this executor") }
  package func isIsolatingCurrentContext() -> Bool? { isCurrent }
  package func isSameExclusiveExecutionContext(other: ThreadExecutor) -> Bool { self === other }

  /// Ends the thread as soon as no job waits. Does not wait for that.
  package func shutdown() { queue.stop() }
}

/// The jobs of one executor and the thread that runs them.
//
// @unchecked Sendable: every field below `mutex` is only touched while it is held.
private final class JobQueue: @unchecked Sendable {
  private typealias Entry = (job: UnownedJob, executor: ThreadExecutor)

  private let name: String
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var entries: [Entry] = []
  private var thread: pthread_t?
  private var stopping = false

  init(name: String) {
    self.name = name
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    arrived.initialize(to: pthread_cond_t())
    pthread_cond_init(arrived, nil)
  }

  // The thread refers to the queue, so it has ended.
  deinit {
    pthread_cond_destroy(arrived)
    arrived.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  var isCurrent: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard let thread else { return false }
    return pthread_equal(thread, pthread_self()) != 0
  }

  func add(_ job: UnownedJob, of executor: ThreadExecutor) {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    entries.append((job, executor))
    if thread == nil { start() } else { pthread_cond_signal(arrived) }
  }

  func stop() {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    stopping = true
    pthread_cond_signal(arrived)
  }

  /// Starts the thread. The caller holds the lock, so the thread waits until `thread` is set.
  private func start() {
    var new = pthread_t()
    let me = Unmanaged.passRetained(self).toOpaque()
    let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
      if let argument { Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().run() }
      return nil
    }
    // A job cannot be refused, so a machine that is out of threads is waited for.
    while pthread_create(&new, nil, main, me) != 0 { usleep(10_000) }
    pthread_detach(new)
    thread = new
  }

  private func run() {
    clinux_name_thread(name)
    var batch: [Entry] = []
    while true {
      pthread_mutex_lock(mutex)
      while entries.isEmpty && !stopping { pthread_cond_wait(arrived, mutex) }
      if entries.isEmpty {
        thread = nil
        pthread_mutex_unlock(mutex)
        return
      }
      swap(&entries, &batch)
      pthread_mutex_unlock(mutex)
      for (job, executor) in batch {
        job.runSynchronously(
          isolatedTo: executor.asUnownedSerialExecutor(),
          taskExecutor: executor.asUnownedTaskExecutor())
      }
      // May let go of the executor, whose deinit stops this queue: not under the lock.
      batch.removeAll(keepingCapacity: true)
    }
  }
}
