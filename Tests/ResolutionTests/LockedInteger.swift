import Threads

/// A number that several tasks may change.
final class LockedInteger: Sendable {
  private let storage = Locked(0)
  var value: Int { storage.withLock { $0 } }
  func add(_ amount: Int) { storage.withLock { $0 += amount } }
}
