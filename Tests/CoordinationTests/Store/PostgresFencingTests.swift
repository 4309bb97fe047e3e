import IncidentModel
import JournalAudit
import PostgresBackend
import TestKit
import Testing

@testable import Coordination

/// Several coordinators on one PostgreSQL.
@Suite("Leadership in PostgreSQL") struct PostgresFencingTests {
  private static let other = LeaderInfo(
    instance: "other", bus: "tcp://127.0.0.1:4", changes: "tcp://127.0.0.1:5", http: "http://127.0.0.1:6")

  /// Runs `body` with two journals of one new database, and its URL.
  private func withTwo(
    lease: Duration = .seconds(3),
    _ body: (PostgresJournal, PostgresJournal, String) async throws -> Void
  ) async throws {
    try await withDatabase { url in
      let first = try await PostgresJournal.open(url: url, lease: lease)
      let second = try await PostgresJournal.open(url: url, lease: lease)
      do {
        try await body(first, second, url)
        await first.close()
        await second.close()
      } catch {
        await first.close()
        await second.close()
        throw error
      }
    }
  }

  /// Ends the session that holds the leader's lock of a database.
  private func endLeader(_ url: String) async throws {
    let name = url.split(separator: "/").last.map(String.init) ?? ""
    let ended = try await TestPostgres.shared().execute(
      """
      SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND d.datname = $1
      """, [name])
    #expect(ended.count == 1)
  }

  @Test("who comes second follows and may read; when the first resigns it leads at once")
  func following() async throws {
    try await withTwo { first, second, _ in
      #expect(try await first.campaign(.test) == .leading(epoch: 1))
      var leader = LeaderInfo.test
      leader.epoch = 1
      #expect(try await second.campaign(Self.other) == .following(leader))
      #expect(try await second.leader() == leader)
      try await first.append([.sample(1)], epoch: 1)
      #expect(try await second.all() == [.sample(1)])
      #expect(try await second.lastSequence() == 1)
      await #expect(throws: StoreError.fenced(mine: 1, current: 0)) {
        try await second.append([.sample(2)], epoch: 1)
      }
      await first.resign(epoch: 1)
      #expect(try await second.leader() == nil)
      #expect(try await second.campaign(Self.other) == .leading(epoch: 2))
      var now = Self.other
      now.epoch = 2
      #expect(try await first.campaign(.test) == .following(now))
    }
  }

  @Test("of many who stand at once exactly one leads")
  func many() async throws {
    try await withDatabase { url in
      let epochs = try await withThrowingTaskGroup(of: (PostgresJournal, Campaign).self) { group in
        for _ in 0..<8 {
          // Each makes the tables if it comes first.
          group.addTask {
            let journal = try await PostgresJournal.open(url: url)
            return (journal, try await journal.campaign(.test))
          }
        }
        var epochs: [UInt64] = []
        var journals: [PostgresJournal] = []
        for try await (journal, campaign) in group {
          if case .leading(let epoch) = campaign { epochs.append(epoch) }
          journals.append(journal)
        }
        for journal in journals { await journal.close() }
        return epochs
      }
      #expect(epochs == [1])
    }
  }

  @Test("a leader whose session was ended and followed is fenced off, and writes nothing")
  func fenced() async throws {
    try await withTwo { first, second, url in
      try await first.lead()
      try await first.append([.sample(1)], epoch: 1)
      try await endLeader(url)
      #expect(try await winning { try await second.campaign(Self.other) } == .leading(epoch: 2))
      let error = await #expect(throws: StoreError.self) { try await first.append([.sample(2)], epoch: 1) }
      #expect(error == .fenced(mine: 1, current: 2))
      #expect(error?.isRetryable == false)
      await #expect(throws: StoreError.self) { try await first.confirm(epoch: 1) }
      #expect(try await second.all() == [.sample(1)])
      try await second.append([.sample(2)], epoch: 2)
      #expect(try await first.all() == [.sample(1), .sample(2, epoch: 2)])
    }
  }

  @Test("a leader whose session was ended and not followed goes on under its epoch")
  func regained() async throws {
    try await withTwo { first, _, url in
      try await first.lead()
      for sequence in 1...3 as ClosedRange<Int64> {
        try await endLeader(url)
        try await first.append([.sample(sequence)], epoch: 1)
        try await first.confirm(epoch: 1)
      }
      #expect(try await first.all().map(\.epoch) == [1, 1, 1])
    }
  }

  @Test("records that were written are found to be there, however large; others in their place are not")
  func found() async throws {
    try await withTwo { first, _, url in
      try await first.lead()
      var records = (1...40).map { JournalRecord.sample($0, payload: JournalRecord.largePayload) }
      for start in stride(from: 0, to: 40, by: 10) {
        try await first.append(Array(records[start..<(start + 10)]), epoch: 1)
      }
      let name = url.split(separator: "/").last.map(String.init) ?? ""
      let reader = try await TestPostgres.shared().connection(database: name)
      let written = PostgresJournal.Batch(records, epoch: 1, after: .origin)
      #expect(try await PostgresJournal.isThere(written, on: reader))
      records[39].actor = "somebody else"
      let other = PostgresJournal.Batch(records, epoch: 1, after: .origin)
      #expect(try await !PostgresJournal.isThere(other, on: reader))
      records[39] = .sample(40, payload: JournalRecord.largePayload)
      records.append(.sample(41))
      let longer = PostgresJournal.Batch(records, epoch: 1, after: .origin)
      #expect(try await !PostgresJournal.isThere(longer, on: reader))
      await reader.close()
    }
  }

  @Test("even with the lock free, an older epoch is refused by the append itself")
  func epochAlone() async throws {
    try await withTwo { first, second, url in
      try await first.lead()
      // What a leader of another server's copy, or a person, may have done.
      let name = url.split(separator: "/").last.map(String.init) ?? ""
      let meddler = try await TestPostgres.shared().connection(database: name)
      _ = try await meddler.query("UPDATE aiops.leadership SET epoch = 7")
      await meddler.close()
      await #expect(throws: StoreError.fenced(mine: 1, current: 7)) {
        try await first.append([.sample(1)], epoch: 1)
      }
      #expect(try await second.lastSequence() == 0)
      #expect(try await second.campaign(Self.other) == .leading(epoch: 8))
    }
  }

  @Test("a leader that says nothing for the lease's time loses the lock; one that confirms keeps it")
  func frozen() async throws {
    try await withTwo(lease: .milliseconds(800)) { first, second, _ in
      try await first.lead()
      for _ in 0..<6 {
        try await Task.sleep(for: .milliseconds(250))
        try await first.confirm(epoch: 1)
      }
      guard case .following = try await second.campaign(Self.other) else {
        Issue.record("a leader that confirms was followed")
        return
      }
      try await Task.sleep(for: .milliseconds(1200))
      #expect(try await second.campaign(Self.other) == .leading(epoch: 2))
      await #expect(throws: StoreError.fenced(mine: 1, current: 2)) { try await first.confirm(epoch: 1) }
    }
  }

  @Test("a silent session that holds the lock without the server's timers is ended by who stands")
  func stuck() async throws {
    try await withTwo(lease: .milliseconds(300)) { first, second, url in
      let name = url.split(separator: "/").last.map(String.init) ?? ""
      let stuck = try await TestPostgres.shared().connection(application: "stuck", database: name)
      _ = try await stuck.query("SELECT pg_advisory_lock(\(0x4149_4F50), 1)")
      #expect(
        try await first.campaign(.test)
          == .following(LeaderInfo(instance: "", bus: "", changes: "", http: "")))
      try await Task.sleep(for: .milliseconds(700))
      #expect(try await winning { try await second.campaign(Self.other) } == .leading(epoch: 1))
      await stuck.close()
    }
  }

  /// A campaign's outcome once nobody is followed any more, or the latest one.
  private func winning(_ campaign: () async throws -> Campaign) async throws -> Campaign {
    for _ in 0..<50 {
      let outcome = try await campaign()
      if case .leading = outcome { return outcome }
      try await Task.sleep(for: .milliseconds(20))
    }
    return try await campaign()
  }
}
