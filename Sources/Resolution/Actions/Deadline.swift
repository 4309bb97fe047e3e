/// Bounds work in time.
enum Deadline {
  private enum Event: Sendable {
    case ended(Result<ActionReport, ActionFailure>)
    case timedOut
    case cancelled
  }

  /// Runs `body` and cancels it after `limit`.
  ///
  /// Waits until the body has ended, so that nothing goes on unseen: bodies must end soon after they
  /// are cancelled. What the body says after all counts, an undo of half-done work above all.
  /// - Throws: `ActionFailure`; after the limit its text says so.
  static func within(
    _ limit: Duration, _ body: @escaping @Sendable () async throws(ActionFailure) -> ActionReport
  ) async throws(ActionFailure) -> ActionReport {
    let (result, timedOut) = await withTaskGroup(
      of: Event.self, returning: (Result<ActionReport, ActionFailure>, Bool).self
    ) { group in
      group.addTask {
        do throws(ActionFailure) { return .ended(.success(try await body())) } catch {
          return .ended(.failure(error))
        }
      }
      group.addTask {
        do {
          try await Task.sleep(for: limit)
          return .timedOut
        } catch {
          return .cancelled
        }
      }
      var timedOut = false
      while let event = await group.next() {
        switch event {
        case .ended(let result):
          group.cancelAll()
          return (result, timedOut)
        case .timedOut:
          timedOut = true
          group.cancelAll()
        case .cancelled: continue
        }
      }
      return (.failure(ActionFailure("it did not run")), timedOut)
    }
    switch result {
    case .success(let report): return report
    case .failure(let failure):
      guard timedOut else { throw failure }
      throw ActionFailure(
        "not done after \(Figures.short(Double(limit.components.seconds))) s: \(failure.description)",
        undo: failure.undo)
    }
  }
}
