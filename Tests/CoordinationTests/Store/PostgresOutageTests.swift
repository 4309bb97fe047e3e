import Coordination
import Glibc
import IncidentModel
import PostgresBackend
import TestKit
import Testing

/// A PostgreSQL that stops, dies or hangs while it is written to.
@Suite("A journal whose PostgreSQL goes away", .serialized) struct PostgresOutageTests {
  /// Appends batches until `end`, each until it is in, and gives what was acknowledged and how often it had to be
  /// tried again.
  private static func appendUntil(
    _ end: ContinuousClock.Instant, _ journal: PostgresJournal, _ random: inout SeededRandom
  ) async throws -> (acknowledged: [JournalRecord], retries: Int) {
    var acknowledged: [JournalRecord] = []
    var retries = 0
    while ContinuousClock.now < end {
      let first = Int64(acknowledged.count) + 1
      let count = Int64.random(in: 1...40, using: &random)
      let batch = (first..<(first + count)).map {
        JournalRecord.sample($0, payload: "{\"batch\":\(first),\"random\":\(random.next())}")
      }
      while true {
        do throws(StoreError) {
          try await journal.append(batch, epoch: 1)
          break
        } catch {
          guard error.isRetryable else { throw error }
          retries += 1
        }
      }
      acknowledged += batch
    }
    return (acknowledged, retries)
  }

  @Test(
    "nothing acknowledged is lost and nothing is there twice, however the server goes down",
    arguments: [(SIGQUIT, 1), (SIGQUIT, 2), (SIGKILL, 3), (SIGINT, 4)] as [(CInt, UInt64)])
  func restarts(signal: CInt, seed: UInt64) async throws {
    try await TestPostgres.withServer { server in
      try await withDatabase(on: server) { url in
        let journal = try await PostgresJournal.open(url: url)
        try await journal.lead()
        let end = ContinuousClock.now + .seconds(2.5)
        let writer = Task {
          var random = SeededRandom(seed: seed)
          return try await Self.appendUntil(end, journal, &random)
        }
        var random = SeededRandom(seed: seed + 100)
        for _ in 0..<2 {
          try await Task.sleep(for: .milliseconds(Int.random(in: 100...500, using: &random)))
          server.signal(signal)
          try await Task.sleep(for: .milliseconds(Int.random(in: 50...300, using: &random)))
          // Its children notice that it is gone; a new one refuses to start beside them.
          try await eventually(timeout: .seconds(10), "a new server") {
            (try? await server.restart()) != nil
          }
        }
        let (acknowledged, retries) = try await writer.value
        #expect(try await journal.all() == acknowledged)
        #expect(acknowledged.count > 40)
        #expect(await journal.health().failures == UInt64(retries))
        #expect(try await journal.leader()?.epoch == 1)
        await journal.close()
      }
    }
  }

  @Test("while it is away every call says so promptly, and afterwards the same append succeeds")
  func away() async throws {
    try await TestPostgres.withServer { server in
      try await withDatabase(on: server) { url in
        let journal = try await PostgresJournal.open(url: url)
        try await journal.lead()
        try await journal.append([.sample(1)], epoch: 1)
        await server.halt()
        for _ in 0..<3 {
          try await Self.isUnreachable { try await journal.append([.sample(2)], epoch: 1) }
        }
        try await Self.isUnreachable { try await journal.confirm(epoch: 1) }
        try await Self.isUnreachable { _ = try await journal.campaign(.test) }
        try await Self.isUnreachable { _ = try await journal.all() }
        let health = await journal.health()
        #expect(health.failures == 3)
        #expect(health.lastError?.contains("can't be reached") == true)
        try await server.restart()
        let began = ContinuousClock.now
        try await eventually(timeout: .seconds(5), "an append") {
          (try? await journal.append([.sample(2)], epoch: 1)) != nil
        }
        #expect(ContinuousClock.now - began < .seconds(2.5))
        #expect(try await journal.all() == [.sample(1), .sample(2)])
        await journal.close()
      }
    }
  }

  @Test("a server that hangs in the middle of an append is left after two seconds; the append is in once")
  func hangs() async throws {
    try await TestPostgres.withServer { server in
      try await withDatabase(on: server) { url in
        let journal = try await PostgresJournal.open(url: url, lease: .milliseconds(600))
        try await journal.lead()
        try await journal.append([.sample(1)], epoch: 1)
        // The leader's own process hangs: it will go on with what it has read.
        let leader = try await server.execute(
          "SELECT pid FROM pg_stat_activity WHERE application_name = 'aiops-coordinator leader'")
        let pid = try #require(leader.int(0, "pid").map { pid_t($0) })
        kill(pid, SIGSTOP)
        try await Self.isUnreachable { try await journal.append([.sample(2)], epoch: 1) }
        kill(pid, SIGCONT)
        try await eventually(timeout: .seconds(5), "an append") {
          (try? await journal.append([.sample(2)], epoch: 1)) != nil
        }
        #expect(try await journal.all() == [.sample(1), .sample(2)])
        await journal.close()
      }
    }
  }

  @Test("other records in the place of those whose fate is unknown are refused")
  func changedMind() async throws {
    try await TestPostgres.withServer { server in
      try await withDatabase(on: server) { url in
        let journal = try await PostgresJournal.open(url: url)
        try await journal.lead()
        let leader = try await server.execute(
          "SELECT pid FROM pg_stat_activity WHERE application_name = 'aiops-coordinator leader'")
        let pid = try #require(leader.int(0, "pid").map { pid_t($0) })
        kill(pid, SIGSTOP)
        try await Self.isUnreachable { try await journal.append([.sample(1)], epoch: 1) }
        kill(pid, SIGCONT)
        // It was written after all, or not; whichever, both can't be.
        var other = JournalRecord.sample(1, payload: "{}")
        var outcome: StoreError?
        for _ in 0..<5 {
          do throws(StoreError) {
            try await journal.append([other], epoch: 1)
            outcome = nil
          } catch {
            outcome = error
            if error.isRetryable { continue }
          }
          break
        }
        if outcome != nil {
          #expect(outcome == .outOfOrder(expected: 2, got: 1))
          other = .sample(1)
        }
        #expect(try await journal.all() == [other])
        await journal.close()
      }
    }
  }

  private static func isUnreachable(_ body: () async throws -> Void) async throws {
    let began = ContinuousClock.now
    let error = await #expect(throws: StoreError.self) { try await body() }
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error)) instead of .unreachable")
      return
    }
    #expect(ContinuousClock.now - began < .seconds(2.6))
  }
}
