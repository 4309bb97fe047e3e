import Glibc

/// A value behind a lock.
///
/// A pthread mutex rather than `Synchronization.Mutex`, which the thread sanitizer misreads.
/// The lock is not recursive: `withLock` inside `withLock` of the same object never returns.
//
// @unchecked Sendable: `storage` is only touched between lock and unlock of `mutex`; the value was
// sent in, and only what is `sending` comes out.
package final class Locked<Value>: @unchecked Sendable {
  private let storage: UnsafeMutablePointer<Value>
  // Allocated by itself because a mutex must never move.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  /// Puts `value` behind a lock of its own.
  package init(_ value: sending Value) {
    storage = .allocate(capacity: 1)
    storage.initialize(to: value)
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    storage.deinitialize(count: 1)
    storage.deallocate()
  }

  /// Runs `body` with the value while nobody else has it. Keep it short: others block a thread meanwhile.
  package func withLock<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&storage.pointee)
  }
}
