import Collection
import IncidentModel

/// Measures one source, bounded in time even when the collector is not.
actor SourceProbe {
  /// How a measurement ended.
  enum Outcome: Sendable, Equatable {
    case samples([Sample])
    /// For people: why there are none.
    case failed(String)
    /// The detector is stopping.
    case cancelled
  }

  /// How much longer than its timeout a collector may take.
  private static let grace = Duration.milliseconds(250)

  private let collector: any Collector
  private var isBusy = false

  init(_ collector: any Collector) { self.collector = collector }

  /// Measures once.
  ///
  /// Collectors bound themselves and know better what hung, so they get a moment more than `timeout`.
  /// A collector that ignores its cancellation is left alone, and asked again only when it has come back:
  /// a hanging server costs one task, not one more with each try.
  func collect<C: Clock>(
    at time: Timestamp, within timeout: Duration, on clock: C
  ) async -> Outcome where C.Duration == Duration {
    guard !isBusy else { return .failed("the measurement before still hangs") }
    isBusy = true
    let (outcomes, answer) = AsyncStream.makeStream(
      of: Outcome.self, bufferingPolicy: .bufferingOldest(1))
    // Unstructured, both: a task group would wait for a collector that does not heed its cancellation.
    let work = Task {
      let outcome = await measure(at: time)
      isBusy = false
      answer.yield(outcome)
    }
    let timer = Task {
      guard (try? await clock.sleep(for: timeout + Self.grace)) != nil else { return }
      answer.yield(.failed("no answer within \(timeout.inSeconds.brief) s"))
    }
    defer {
      work.cancel()
      timer.cancel()
      answer.finish()
    }
    for await outcome in outcomes { return outcome }
    return .cancelled
  }

  private func measure(at time: Timestamp) async -> Outcome {
    do throws(CollectionError) {
      return .samples(try await collector.collect(at: time))
    } catch {
      return .failed(error.description)
    }
  }

  /// What could not be measured although the source answers; nothing while a measurement hangs.
  func takeNotes() async -> [String] {
    isBusy ? [] : await collector.takeNotes()
  }

  /// Closes the collector; one that hangs is left behind after `patience`.
  func close(within patience: Duration = .milliseconds(500)) async {
    let collector = collector
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    // Unstructured: the detector's own task is cancelled already, and a hanging close must not hold it.
    let work = Task {
      await collector.close()
      end.finish()
    }
    let timer = Task {
      try? await ContinuousClock().sleep(for: patience)
      end.finish()
    }
    await Task { for await _ in ends {} }.value
    work.cancel()
    timer.cancel()
  }
}
