package import IncidentEngine
package import IncidentModel
import JournalAudit

/// Moves what is over for long from the journal to its archive, so that a start reads no more than it needs.
///
/// First the engine forgets it, by a fact in the journal; then the store moves the records. Whatever moment it is
/// interrupted at, what is left of the journal gives the same state, and the next time does the rest.
package struct Retention: Sendable {
  /// How often it is looked for.
  package static let pause = Duration.seconds(3_600)

  /// How long ended incidents stay in the journal.
  package let keep: Duration

  /// A retention that keeps ended incidents for so long.
  package init(keep: Duration) { self.keep = keep }

  /// Does what there is to do.
  ///
  /// - Parameters:
  ///   - store: the journal.
  ///   - epoch: the leadership of the caller.
  ///   - now: the time.
  ///   - submit: gives the engine an input and returns its reply once that is durable.
  /// - Returns: how many records were moved.
  package nonisolated(nonsending) func run(
    on store: any JournalStore, epoch: UInt64, now: Timestamp,
    submit: (EngineInput) async -> EngineReply?
  ) async throws(StoreError) -> Int {
    let before = now - keep
    guard let oldest = try await store.oldest(), oldest < before else { return 0 }
    guard case .archived(let point) = await submit(.archive(before: before)) else { return 0 }
    return try await store.archive(Self.order(point), epoch: epoch)
  }

  /// What the store is told.
  package static func order(_ point: ArchivePoint) -> ArchiveOrder {
    ArchiveOrder(
      upTo: Int64(point.sequence), before: point.before, endings: ArchiveLaw.endings,
      loose: ArchiveLaw.loose, keeping: point.keeping)
  }
}
