import IncidentModel
import Threads

/// Puts a time limit around another collector that holds whatever the other does.
///
/// A name's resolution or a file system that hangs blocks a thread and cannot be interrupted. So the wait is
/// given up, and until the stuck collection has ended no other is begun: each would only queue behind it.
final class BoundedCollector: Collector {
  private let inner: any Collector
  private let timeout: Duration
  private let isBusy = Locked(false)

  init(_ inner: any Collector, timeout: Duration) {
    self.inner = inner
    self.timeout = timeout
  }

  func collect(at now: Timestamp) async throws(CollectionError) -> [Sample] {
    let isFree = isBusy.withLock { busy in
      defer { busy = true }
      return !busy
    }
    guard isFree else { throw .timedOut(seconds: timeout.inSeconds) }
    let first = FirstOutcome()
    // Unstructured, because a task group would wait for the stuck child.
    let work = Task {
      do throws(CollectionError) {
        let samples = try await inner.collect(at: now)
        isBusy.withLock { $0 = false }
        first.offer(.success(samples))
      } catch {
        isBusy.withLock { $0 = false }
        first.offer(.failure(error))
      }
    }
    let seconds = timeout.inSeconds
    let timer = Task {
      try await Task.sleep(for: timeout)
      first.offer(.failure(.timedOut(seconds: seconds)))
    }
    let outcome = await withTaskCancellationHandler {
      await first.value
    } onCancel: {
      first.offer(.failure(.cancelled))
    }
    work.cancel()
    timer.cancel()
    return try outcome.get()
  }

  func takeNotes() async -> [String] {
    // The inner collector's actor may be stuck, and with it whoever asks it.
    isBusy.withLock { $0 } ? [] : await inner.takeNotes()
  }

  func close() async {
    guard isBusy.withLock({ $0 }) else { return await inner.close() }
    // Unstructured, because a stuck collection must not hold up the end of the process.
    Task { await inner.close() }
  }
}

/// The first of several outcomes; later ones are dropped.
private final class FirstOutcome: Sendable {
  typealias Outcome = Result<[Sample], CollectionError>

  private struct State {
    var outcome: Outcome?
    var waiter: CheckedContinuation<Outcome, Never>?
  }

  private let state = Locked(State())

  func offer(_ outcome: Outcome) {
    let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
      guard state.outcome == nil else { return nil }
      state.outcome = outcome
      return state.waiter
    }
    waiter?.resume(returning: outcome)
  }

  var value: Outcome {
    get async {
      await withCheckedContinuation { continuation in
        let outcome = state.withLock { state in
          if state.outcome == nil { state.waiter = continuation }
          return state.outcome
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    }
  }
}
