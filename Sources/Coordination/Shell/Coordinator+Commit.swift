import FoundationEssentials
import IncidentEngine
import IncidentModel

/// From decisions to the journal: nothing is acknowledged before it is durable.
extension Coordinator {
  /// The records of a batch on their way into the journal, and how that ended.
  private struct Writing: Sendable {
    let records: [JournalRecord]
    /// When the journal was asked.
    let asked: Timestamp
    /// How long it took.
    let result: Result<Duration, StoreError>
  }

  /// Decides on what comes in and commits it until the work ends, or this coordinator.
  /// - Throws: `StoreError` when the journal is lost for good.
  func commitBatches() async throws {
    let encoder = JSONCoding.encoder()
    for await _ in work {
      while let batch = core.begin(at: now) {
        if try await commit(batch, encoder) { continue }
        // It ends: whether that batch is durable nobody knows, and so nothing after it may be decided.
        if core.epoch == batch.epoch { return }
        break
      }
    }
  }

  /// Commits a batch and those that follow it at once: while one is written, the next is decided, and what comes of
  /// the one before leaves.
  /// - Returns: false when this coordinator was deposed, or ends.
  private func commit(_ first: CoreBatch, _ encoder: JSONEncoder) async throws -> Bool {
    try await withThrowingTaskGroup(of: Writing.self) { group in
      var batch = first
      start(batch, encoder, in: &group)
      while true {
        // Not of a later term: nobody would go on with it.
        let next = core.epoch == batch.epoch ? core.begin(at: now) : nil
        guard let asked = try await persist(batch, in: &group), core.epoch == batch.epoch else {
          return false
        }
        if let next { start(next, encoder, in: &group) }
        await perform(core.commit(batch, asked: asked, at: now))
        // Readers get their turn between batches however many inputs wait.
        await Task.yield()
        guard let next else { return true }
        batch = next
      }
    }
  }

  private func start(
    _ batch: CoreBatch, _ encoder: JSONEncoder, in group: inout ThrowingTaskGroup<Writing, any Error>
  ) {
    guard !batch.events.isEmpty else { return }
    let asked = now
    troubles.appendingSince = asked
    let store = store
    group.addTask {
      // Off the actor, because readers should not wait for it.
      let records = try batch.events.map { try JournalRecord($0, encoder: encoder) }
      return await Self.write(records, batch.epoch, to: store, asked: asked)
    }
  }

  private static func write(
    _ records: [JournalRecord], _ epoch: UInt64, to store: any JournalStore, asked: Timestamp
  ) async -> Writing {
    let began = ContinuousClock.now
    do throws(StoreError) {
      try await store.append(records, epoch: epoch)
      return Writing(records: records, asked: asked, result: .success(ContinuousClock.now - began))
    } catch {
      return Writing(records: records, asked: asked, result: .failure(error))
    }
  }

  /// Waits until a batch that was started is durable, however long it takes and however often it must be tried.
  /// - Returns: when the journal was asked; `nil` when this coordinator was deposed, or ends.
  private func persist(
    _ batch: CoreBatch, in group: inout ThrowingTaskGroup<Writing, any Error>
  ) async throws -> Timestamp? {
    guard !batch.events.isEmpty else { return batch.at }
    defer { troubles.appendingSince = nil }
    while let writing = try await group.next() {
      switch writing.result {
      case .success(let duration):
        commitTimes.add(duration)
        metrics.committed(batch.events.count)
        // No question to the store: it knows what it wrote.
        writtenTip = (try? await store.tip()) ?? writtenTip
        relieved(\.writing)
        return writing.asked
      case .failure(let error):
        metrics.commitFailed()
        if case .fenced = error {
          try await stepDown(batch.epoch, because: error)
          return nil
        }
        guard error.isRetryable else { throw error }
        trouble(error, \.writing)
        guard !Task.isCancelled, core.epoch == batch.epoch else { return nil }
        try? await Task.sleep(for: .milliseconds(250))
        let (store, asked) = (store, now)
        group.addTask { await Self.write(writing.records, batch.epoch, to: store, asked: asked) }
      }
    }
    return nil
  }
}
