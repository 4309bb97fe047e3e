package import JournalAudit
import PostgresBackend

/// The journal in a PostgreSQL database, for several coordinators of which one leads.
///
/// The leader has a session of its own that holds an advisory lock, and every leadership has an epoch in
/// the table `aiops.leadership`. The lock chooses the leader; the epoch keeps the journal safe: an append
/// is one statement that writes only while its epoch is the current one. The server ends a leader's session
/// that was silent for the lease's time, so the lock of a frozen or cut-off leader is free by itself.
///
/// What an append did whose connection broke is not known. The next try finds out: with the lock taken again
/// and the epoch still its own, either exactly its records are there, or it writes them.
///
/// All of libpq's work happens on threads of its own, never on the cooperative pool.
package actor PostgresJournal: JournalStore {
  /// A call that needs the server gives up after so long while the server is away.
  static let patience = Duration.seconds(2)
  /// Records of a batch of ``replay(from:_:)``, which bounds its memory.
  static let batchSize = 256
  /// A batch ends with the record that goes beyond so many bytes: half of what an answer may have.
  static let batchBytes = 16 << 20

  nonisolated let server: PostgresServer
  nonisolated let reader: PostgresConnection
  nonisolated let jitter: @Sendable () -> Double

  /// The leadership that this one has, or had when it last knew.
  var lead: Leadership?
  /// The end of the chain, as the one that leads wrote it.
  var known = ChainTip.origin
  /// The first record of an append whose outcome is not known.
  var doubtful: Int64?
  var backoff = Backoff()
  /// The server's process of the reading session that carries this coordinator's name.
  var shownAs: Int32?
  var isClosed = false
  private var account = AppendAccount()
  /// The latest of the calls that must not overlap.
  private var latest: Task<Void, Never>?

  private init(server: PostgresServer, jitter: @escaping @Sendable () -> Double) {
    self.server = server
    self.jitter = jitter
    reader = server.reader()
  }

  /// Opens the journal in the database that `url` names, and makes its tables if there are none.
  ///
  /// - Parameters:
  ///   - url: `postgres://user@host:5432/database` or `host=… port=… dbname=…`.
  ///   - lease: a leader that is silent for so long leads no more.
  ///   - jitter: numbers from 0 to 1 that spread reconnects.
  /// - Throws: ``StoreError`` when the server can't be reached, or can't hold a journal.
  package static func open(
    url: String, lease: Duration = .seconds(3),
    jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) }
  ) async throws(StoreError) -> PostgresJournal {
    let server = try PostgresServer(url: url, lease: lease)
    try await migrate(server)
    return PostgresJournal(server: server, jitter: jitter)
  }

  package func append(_ records: [JournalRecord], epoch: UInt64) async throws(StoreError) {
    guard !records.isEmpty else { return }
    let clock = ContinuousClock()
    let began = clock.now
    do {
      try await inTurn { journal throws(StoreError) in try await journal.write(records, epoch: epoch) }
    } catch {
      account.failed(error)
      throw error
    }
    account.succeeded(after: clock.now - began)
  }

  package func campaign(_ candidate: LeaderInfo) async throws(StoreError) -> Campaign {
    try await inTurn { journal throws(StoreError) in try await journal.stand(candidate) }
  }

  package func confirm(epoch: UInt64) async throws(StoreError) {
    try await inTurn { journal throws(StoreError) in try await journal.ask(epoch) }
  }

  package func resign(epoch: UInt64) async {
    try? await inTurn { journal throws(StoreError) in
      if await journal.lead?.epoch == epoch { await journal.stepDown() }
    }
  }

  package func close() async {
    try? await inTurn { journal throws(StoreError) in await journal.finish() }
  }

  private func finish() async {
    await stepDown()
    await reader.close()
    isClosed = true
  }

  /// Runs `body` after all that came before it, and not interrupted by the cancellation of the calling task.
  func inTurn<T: Sendable>(
    _ body: @escaping @Sendable (PostgresJournal) async throws(StoreError) -> T
  ) async throws(StoreError) -> T {
    guard !isClosed else { throw .closed(path: server.location) }
    let previous = latest
    let task = Task { () async -> Result<T, StoreError> in
      await previous?.value
      guard !self.isClosed else { return .failure(.closed(path: self.server.location)) }
      do throws(StoreError) {
        return .success(try await body(self))
      } catch {
        return .failure(error)
      }
    }
    latest = Task { _ = await task.value }
    return try await task.value.get()
  }

  package func tip() async throws(StoreError) -> ChainTip {
    if lead != nil, !isClosed { return known }
    let rows = try await read(Self.tipQuery, [])
    return try Self.tip(rows, server.location)
  }

  package func health() async -> StoreHealth {
    do {
      let facts = try await reader.query(
        """
        SELECT (pg_total_relation_size('aiops.journal') + pg_total_relation_size('aiops.journal_archive')) AS bytes,
          (SELECT coalesce(max(sequence), 0) FROM aiops.journal) AS last, current_setting('fsync') AS fsync
        """, timeout: .seconds(1))
      return account.health(
        kind: "postgresql", location: server.location, bytes: Int64(facts.int(0, "bytes") ?? 0),
        lastSequence: Int64(facts.int(0, "last") ?? 0),
        warning: facts.bool(0, "fsync") == false
          ? "the server's fsync is off: a power cut may lose what was acknowledged; set it on" : nil,
        tip: try? await tip())
    } catch {
      return account.health(
        kind: "postgresql", location: server.location, bytes: 0, lastSequence: 0,
        trouble: StoreError(error, at: server.location).description)
    }
  }
}

/// Pauses between attempts to reach a server: doubling from 100 ms to 2 s, half of each by chance.
struct Backoff: Sendable {
  private static let longest = Duration.seconds(2)
  private var next = Duration.zero
  /// Before this moment nothing is tried.
  private(set) var until = ContinuousClock.now

  /// The server answered.
  mutating func reset() {
    next = .zero
    until = .now
  }

  /// An attempt failed.
  /// - Parameter chance: from 0 to 1.
  mutating func failed(chance: Double) {
    next = next == .zero ? .milliseconds(100) : min(next * 2, Self.longest)
    until = .now + next * (0.5 + 0.5 * min(max(chance, 0), 1))
  }
}
