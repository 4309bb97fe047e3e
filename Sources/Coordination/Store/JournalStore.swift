package import IncidentModel
package import JournalAudit

/// One entry of the journal: something that happened, in the order it happened.
package struct JournalRecord: Sendable, Equatable {
  /// The place in the journal: 1, 2, 3, … without holes.
  package var sequence: Int64
  /// The incident it belongs to, where there is one.
  package var incident: IncidentID?
  /// When it happened.
  package var at: Timestamp
  /// What kind of thing happened; the engine's name of the event.
  package var kind: String
  /// Who made it happen: `coordinator`, an agent's name, or a person's.
  package var actor: String
  /// The event itself, as JSON.
  package var payload: String
  /// The leadership under which it was written; the store sets it. 0 for records from before there were epochs.
  package var epoch: Int64

  /// A record; see the fields.
  package init(
    sequence: Int64, incident: IncidentID?, at: Timestamp, kind: String, actor: String, payload: String,
    epoch: Int64 = 0
  ) {
    self.sequence = sequence
    self.incident = incident
    self.at = at
    self.kind = kind
    self.actor = actor
    self.payload = payload
    self.epoch = epoch
  }
}

/// How the store is doing.
package struct StoreHealth: Sendable, Equatable {
  /// What kind of store it is, e.g. `sqlite`.
  package var kind: String
  /// Where it is, for people.
  package var location: String
  /// What it takes on the disk, in bytes, its write-ahead log included.
  package var bytes: Int64
  /// The number of the latest record; 0 for an empty journal.
  package var lastSequence: Int64
  /// How many appends succeeded since it was opened.
  package var commits: UInt64
  /// How many appends failed since it was opened.
  package var failures: UInt64
  /// How long the latest successful append took until it was durable; `nil` before the first.
  package var lastCommitLatency: Duration?
  /// What was wrong with the latest append, for people; `nil` when it succeeded.
  package var lastError: String?
  /// What makes the store less safe than it should be, for people.
  package var warning: String?
  /// The end of the chain; `nil` when it is not known.
  package var tip: ChainTip?

  /// A state of health; see the fields.
  package init(
    kind: String, location: String, bytes: Int64, lastSequence: Int64, commits: UInt64,
    failures: UInt64, lastCommitLatency: Duration?, lastError: String?, warning: String? = nil,
    tip: ChainTip? = nil
  ) {
    self.kind = kind
    self.location = location
    self.bytes = bytes
    self.lastSequence = lastSequence
    self.commits = commits
    self.failures = failures
    self.lastCommitLatency = lastCommitLatency
    self.lastError = lastError
    self.warning = warning
    self.tip = tip
  }
}

/// The append-only record of everything that happened: state, timeline and audit come from it.
///
/// Several coordinators may have it open, of which one leads and writes. Every leadership has an
/// epoch, a number that only rises; an append of an older one is fenced off by the store itself, so that a
/// coordinator that was frozen or cut off can't write when it wakes up.
///
/// The records are a chain: each is kept with a hash of itself and of the hash before it (``ChainEncoder``).
/// A leader learns the chain's tip when it begins to lead, after everybody before it is fenced off, and goes on
/// from what it knows itself, whatever somebody else does to the store meanwhile.
package protocol JournalStore: Sendable {
  /// Tries to lead, without waiting for whoever leads now.
  ///
  /// Whoever leads already leads again, under a new epoch.
  ///
  /// - Parameter candidate: who would lead, and where it is reached; its `epoch` is ignored.
  func campaign(_ candidate: LeaderInfo) async throws(StoreError) -> Campaign

  /// Asks the store whether this epoch still leads, and renews its lease where leadership is leased.
  ///
  /// - Throws: `.fenced` when it does not lead any more; anything retryable when the store can't be asked.
  func confirm(epoch: UInt64) async throws(StoreError)

  /// Gives leadership up, so that another may have it at once; harmless when it is lost already.
  func resign(epoch: UInt64) async

  /// Who leads, as far as the store knows; `nil` for nobody.
  func leader() async throws(StoreError) -> LeaderInfo?

  /// Appends records in one transaction: all or none.
  ///
  /// When it returns they survive `kill -9` and a power cut. It is not interrupted by the cancellation
  /// of its task, so that whoever stops the process still knows what is durable.
  ///
  /// - Parameters:
  ///   - records: in the order of their sequences, the first one after ``lastSequence()``; they are written
  ///     with `epoch` as theirs.
  ///   - epoch: the leadership that they are written under.
  /// - Throws: ``StoreError``. After a retryable one the very same append may be tried again, and succeeds
  ///   too when it had been written after all. After `.fenced` nothing is written any more; whether an
  ///   earlier try of it was, the new leader's journal tells. After any other nothing was written, save perhaps for `.failed`, after which ``lastSequence()`` tells.
  func append(_ records: [JournalRecord], epoch: UInt64) async throws(StoreError)

  /// Moves what an order allows to the archive, in transactions of bounded size between which appends may come.
  ///
  /// Archived records are no longer replayed, but still found by their incident. Ends early when the calling
  /// task is cancelled; the same order, or a later one, does the rest.
  ///
  /// - Returns: how many records were moved.
  func archive(_ order: ArchiveOrder, epoch: UInt64) async throws(StoreError) -> Int

  /// When the first record that is not archived was written; `nil` for an empty journal.
  func oldest() async throws(StoreError) -> Timestamp?

  /// Hands over the journal from a sequence on, in batches of bounded size, without what is archived.
  ///
  /// - Parameters:
  ///   - sequence: the first record wanted; 0 or 1 for all.
  ///   - body: takes a batch, never an empty one; what it throws ends the replay.
  /// - Throws: ``StoreError``, or what `body` threw. `.archived` when records were archived that somebody who reads
  ///   on from a sequence beyond 1 does not have yet: they may be the end of what that one takes for open.
  nonisolated(nonsending) func replay(
    from sequence: Int64, _ body: ([JournalRecord]) throws -> Void
  ) async throws

  /// The latest records of one incident, oldest first, archived ones too; the very first one, its opening, is in
  /// front of them where it is not among them.
  ///
  /// - Parameter limit: of the latest; a store may give fewer where they are very large.
  func records(of incident: IncidentID, limit: Int) async throws(StoreError) -> [JournalRecord]

  /// The number of the latest record; 0 for an empty journal.
  func lastSequence() async throws(StoreError) -> Int64

  /// The end of the chain: of what this one wrote itself while it leads, else as the store has it.
  func tip() async throws(StoreError) -> ChainTip

  /// The coordinators that have the journal open, this one among them where the store knows of any.
  func coordinators() async throws(StoreError) -> [CoordinatorSeen]

  /// The version of the journal's schema that this coordinator writes; `nil` where there is none.
  var schemaVersion: Int? { get }

  /// How the store is doing; never fails, so that it can be asked in trouble.
  func health() async -> StoreHealth

  /// Waits for what is under way and closes; everything after that throws `.closed`.
  func close() async
}
