import Foundation

/// A clock that goes only when it is told to.
///
/// `@unchecked Sendable`: every access to what changes is under `lock`.
final class TestClock: Clock, @unchecked Sendable {
  struct Instant: InstantProtocol {
    var offset: Duration
    func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    func duration(to other: Instant) -> Duration { other.offset - offset }
    static func < (a: Instant, b: Instant) -> Bool { a.offset < b.offset }
  }

  private struct Sleeper {
    var id: Int
    var due: Instant
    var continuation: CheckedContinuation<Void, any Error>
  }

  private let lock = NSLock()
  private var time = Instant(offset: .zero)
  private var sleepers: [Sleeper] = []
  private var cancelled: Set<Int> = []
  private var nextID = 0

  var now: Instant { lock.withLock { time } }
  var minimumResolution: Duration { .nanoseconds(1) }

  /// When those who sleep want to be woken, in order.
  var dues: [Duration] { lock.withLock { sleepers.map(\.due.offset).sorted() } }

  /// Waits until somebody sleeps until each of these moments, in seconds; one that is named twice, two of them.
  func sleepers(until seconds: [Double]) async -> Bool {
    await eventually {
      var dues = self.dues.map { Int64(($0 / .milliseconds(1)).rounded()) }
      return seconds.allSatisfy { moment in
        guard let place = dues.firstIndex(of: Int64((moment * 1000).rounded())) else { return false }
        dues.remove(at: place)
        return true
      }
    }
  }

  func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    let id = lock.withLock {
      nextID += 1
      return nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let outcome: Result<Void, any Error>? = lock.withLock {
          if cancelled.remove(id) != nil { return .failure(CancellationError()) }
          if deadline <= time { return .success(()) }
          sleepers.append(Sleeper(id: id, due: deadline, continuation: continuation))
          return nil
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let sleeper: Sleeper? = lock.withLock {
        guard let place = sleepers.firstIndex(where: { $0.id == id }) else {
          cancelled.insert(id)
          return nil
        }
        return sleepers.remove(at: place)
      }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }

  /// Goes on to `offset` and wakes who is due.
  func advance(to offset: Duration) {
    let woken = lock.withLock {
      time = max(time, Instant(offset: offset))
      let due = sleepers.filter { $0.due <= time }.sorted { $0.due < $1.due }
      sleepers.removeAll { $0.due <= time }
      return due
    }
    for sleeper in woken { sleeper.continuation.resume() }
  }
}

/// Waits until `condition` holds; `false` when it does not within 10 s.
func eventually(_ condition: @Sendable () async -> Bool) async -> Bool {
  let deadline = ContinuousClock.now + .seconds(10)
  while ContinuousClock.now < deadline {
    if await condition() { return true }
    try? await Task.sleep(for: .milliseconds(1))
  }
  return await condition()
}
