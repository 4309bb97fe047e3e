import FoundationEssentials
import IncidentEngine
import IncidentModel

/// From decisions to the journal: nothing is acknowledged before it is durable.
extension Coordinator {
  /// The records of a batch on their way into the journal, and how that ended.
  private struct Writing: Sendable {
    let records: [JournalRecord]
    /// How long the journal took.
    let result: Result<Duration, StoreError>
  }

  /// Decides on what comes in and commits it until the work ends.
  /// - Throws: `StoreError` when the journal is lost for good.
  func commitBatches() async throws {
    let encoder = JSONCoding.encoder()
    for await _ in work {
      while let epoch = core.epoch, let batch = core.begin(at: now) {
        guard try await commit(batch, epoch: epoch, encoder) else { break }
      }
    }
  }

  /// Commits a batch and those that follow it at once: while one is written, the next is decided, and what comes of
  /// the one before leaves.
  /// - Returns: false when this coordinator was deposed, or ends.
  private func commit(_ first: CoreBatch, epoch: UInt64, _ encoder: JSONEncoder) async throws -> Bool {
    try await withThrowingTaskGroup(of: Writing.self) { group in
      var batch = first
      start(batch, epoch, encoder, in: &group)
      while true {
        let next = core.begin(at: now)
        guard try await persist(batch, epoch, in: &group), core.epoch == epoch else { return false }
        if let next { start(next, epoch, encoder, in: &group) }
        await perform(core.commit(at: now))
        // Readers get their turn between batches however many inputs wait.
        await Task.yield()
        guard let next else { return true }
        batch = next
      }
    }
  }

  private func start(
    _ batch: CoreBatch, _ epoch: UInt64, _ encoder: JSONEncoder,
    in group: inout ThrowingTaskGroup<Writing, any Error>
  ) {
    guard !batch.events.isEmpty else { return }
    troubles.appendingSince = now
    let store = store
    group.addTask {
      // Off the actor, because readers should not wait for it.
      let records = try batch.events.map { try JournalRecord($0, encoder: encoder) }
      return await Self.write(records, epoch, to: store)
    }
  }

  private static func write(
    _ records: [JournalRecord], _ epoch: UInt64, to store: any JournalStore
  ) async -> Writing {
    let began = ContinuousClock.now
    do throws(StoreError) {
      try await store.append(records, epoch: epoch)
      return Writing(records: records, result: .success(ContinuousClock.now - began))
    } catch {
      return Writing(records: records, result: .failure(error))
    }
  }

  /// Waits until a batch that was started is durable, however long it takes and however often it must be tried.
  /// - Returns: false when this coordinator was deposed, or ends.
  private func persist(
    _ batch: CoreBatch, _ epoch: UInt64, in group: inout ThrowingTaskGroup<Writing, any Error>
  ) async throws -> Bool {
    guard !batch.events.isEmpty else { return true }
    defer { troubles.appendingSince = nil }
    while let writing = try await group.next() {
      switch writing.result {
      case .success(let duration):
        commitTimes.add(duration)
        metrics.committed(batch.events.count)
        // No question to the store: it knows what it wrote.
        writtenTip = (try? await store.tip()) ?? writtenTip
        relieved(\.writing)
        return true
      case .failure(let error):
        metrics.commitFailed()
        if case .fenced = error {
          try await stepDown(epoch, because: error)
          return false
        }
        guard error.isRetryable else { throw error }
        trouble(error, \.writing)
        guard !Task.isCancelled, core.epoch == epoch else { return false }
        try? await Task.sleep(for: .milliseconds(250))
        let store = store
        group.addTask { await Self.write(writing.records, epoch, to: store) }
      }
    }
    return false
  }
}
