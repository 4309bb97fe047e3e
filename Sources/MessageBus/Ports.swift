package import IncidentModel

/// Where a detector's signals go.
package protocol SignalSink: Sendable {
  /// Takes signals into a bounded buffer; they are resent until the coordinator has them durably.
  ///
  /// Returns at once. At the buffer's bound signals of one fingerprint are coalesced to the latest.
  func submit(_ signals: [Signal]) async
}

/// What a detector is to do with a shard.
package enum ShardOrder: Sendable, Equatable {
  /// Watch it; or, when it is watched already, take over what another one knew of it.
  case watch(ShardGrant)
  /// Stop, and say what is known of it.
  case unwatch(Shard)
}

/// Where a detector hears what it is to watch.
package protocol ShardLink: SignalSink {
  /// The orders as they come, for one reader. Few wait: after an order to stop, the next one of that shard comes
  /// after its last words.
  var shardOrders: AsyncStream<ShardOrder> { get }
  /// Says what is known of a shard.
  /// - Parameter isReleased: whether it is not watched any more; then these are the last words.
  func learned(_ shard: Shard, _ bytes: [UInt8], isReleased: Bool) async
}

/// Why a worker must stop what it does.
package enum LeaseError: Error, Sendable, Equatable {
  /// The lease ended, was taken back, or the coordinator refused its token.
  case lost(reason: String)
  /// The agent is shutting down.
  case shuttingDown
}

/// What a worker tells the coordinator while it works. Every call returns only after the
/// coordinator has the statement durably, and is retried until then.
package protocol JobReporter: Sendable {
  /// States one exchange of the dialogue.
  func exchanged(_ exchange: Exchange, on lease: Lease) async throws(LeaseError)
  /// Asks to run a step: it may run only after this returned.
  func intend(step index: Int, name: String, on lease: Lease) async throws(LeaseError)
  /// States the fate of a step.
  func concluded(_ outcome: StepOutcome, on lease: Lease) async throws(LeaseError)
}

/// What does the work of a leased job. Cancelled when the lease is lost.
package protocol JobWorker: Sendable {
  /// The kind of job it takes.
  var kind: JobKind { get }
  /// Does the work.
  ///
  /// - Parameters:
  ///   - job: what to do, with all that is known.
  ///   - reporter: where to state what happens on the way.
  /// - Returns: how it ended; never throws for trouble of the work itself, which is a `.failed` result.
  /// - Throws: `LeaseError` when the right to work is gone; the result is then nobody's.
  func perform(_ job: Job, reporter: any JobReporter) async throws(LeaseError) -> JobResult
}
