import Coordination
import IncidentModel
import Testing

@Suite("The journal in SQLite") struct SQLiteJournalTests {
  @Test("what was appended comes back as it was, after closing and opening too")
  func roundTrip() async throws {
    try await withScratchFolder { folder in
      let records = [
        JournalRecord.sample(1), .sample(2, incident: nil), .sample(3, incident: 0xFFFF_FFFF, payload: "{}"),
      ]
      let first = try await SQLiteJournal.open(path: folder.file())
      #expect(try await first.lastSequence() == 0)
      #expect(try await first.all().isEmpty)
      try await first.append(Array(records[..<2]))
      try await first.append([])
      try await first.append([records[2]])
      #expect(try await first.all() == records)
      await first.close()

      let second = try await SQLiteJournal.open(path: folder.file())
      #expect(try await second.all() == records)
      #expect(try await second.all(from: 2) == Array(records[1...]))
      #expect(try await second.all(from: 4).isEmpty)
      #expect(try await second.lastSequence() == 3)
      try await second.append([.sample(4)])
      await second.close()
    }
  }

  @Test(
    "a hole, a repetition and a wrong order are refused, and nothing of them is written",
    arguments: [[4], [2], [0], [-1], [3, 5], [3, 3], [4, 3], [3, 4, 6]] as [[Int64]])
  func contiguous(sequences: [Int64]) async throws {
    try await withScratchFolder { folder in
      let journal = try await SQLiteJournal.open(path: folder.file())
      try await journal.append([.sample(1), .sample(2)])
      let error = await #expect(throws: StoreError.self) {
        try await journal.append(sequences.map { .sample($0) })
      }
      guard case .outOfOrder = error else {
        Issue.record("\(String(describing: error)) instead of .outOfOrder")
        return
      }
      #expect(try await journal.all() == [.sample(1), .sample(2)])
      try await journal.append([.sample(3)])
      await journal.close()
    }
  }

  @Test("a replay hands over everything in bounded batches, and stops when the taker throws")
  func replayInBatches() async throws {
    struct Enough: Error {}
    try await withScratchFolder { folder in
      let journal = try await SQLiteJournal.open(path: folder.file())
      let records = (1...1000).map { JournalRecord.sample(Int64($0), incident: UInt32($0 % 7)) }
      try await journal.append(records)
      var sizes: [Int] = []
      var seen: [JournalRecord] = []
      try await journal.replay(from: 0) {
        sizes.append($0.count)
        seen += $0
      }
      #expect(seen == records)
      #expect(sizes.count > 1)
      #expect(sizes.allSatisfy { (1...256).contains($0) })

      var batches = 0
      await #expect(throws: Enough.self) {
        try await journal.replay(from: 1) { _ in
          batches += 1
          throw Enough()
        }
      }
      #expect(batches == 1)
      await journal.close()
    }
  }

  @Test("an incident's latest records come oldest first, up to the limit, and no other incident's")
  func recordsOfAnIncident() async throws {
    try await withScratchFolder { folder in
      let journal = try await SQLiteJournal.open(path: folder.file())
      try await journal.append((1...20).map { .sample($0, incident: UInt32($0 % 2)) })
      let found = try await journal.records(of: IncidentID(number: 1), limit: 3)
      #expect(found.map(\.sequence) == [15, 17, 19])
      #expect(try await journal.records(of: IncidentID(number: 9), limit: 3).isEmpty)
      #expect(try await journal.records(of: IncidentID(number: 1), limit: -1).isEmpty)
      await journal.close()
    }
  }

  @Test("every campaign leads with a higher epoch, across openings, and fences off the ones before")
  func epochs() async throws {
    try await withScratchFolder { folder in
      let journal = try await SQLiteJournal.open(path: folder.file())
      #expect(try await journal.leader() == nil)
      await #expect(throws: StoreError.fenced(mine: 0, current: 0)) {
        try await journal.append([.sample(1)], epoch: 0)
      }
      #expect(try await journal.campaign(.test) == .leading(epoch: 1))
      var leader = LeaderInfo.test
      leader.epoch = 1
      #expect(try await journal.leader() == leader)
      try await journal.append([.sample(1)], epoch: 1)
      #expect(try await journal.campaign(.test) == .leading(epoch: 2))
      await #expect(throws: StoreError.fenced(mine: 1, current: 2)) {
        try await journal.append([.sample(2)], epoch: 1)
      }
      await #expect(throws: StoreError.fenced(mine: 1, current: 2)) { try await journal.confirm(epoch: 1) }
      try await journal.confirm(epoch: 2)
      try await journal.append([.sample(2)], epoch: 2)
      await journal.resign(epoch: 1)
      try await journal.confirm(epoch: 2)
      await journal.resign(epoch: 2)
      #expect(try await journal.leader() == nil)
      await #expect(throws: StoreError.fenced(mine: 2, current: 0)) {
        try await journal.append([.sample(3)], epoch: 2)
      }
      await journal.close()

      let again = try await SQLiteJournal.open(path: folder.file())
      #expect(try await again.campaign(.test) == .leading(epoch: 3))
      #expect(try await again.all() == [.sample(1), .sample(2, epoch: 2)])
      await again.close()
    }
  }

  @Test("an append goes through although its task was cancelled")
  func cancellation() async throws {
    try await withScratchFolder { folder in
      let journal = try await SQLiteJournal.open(path: folder.file())
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await journal.append([.sample(1)])
      }
      try await task.value
      #expect(try await journal.lastSequence() == 1)
      await journal.close()
    }
  }

  @Test("the health tells size, sequence, latency and the latest failure")
  func health() async throws {
    try await withScratchFolder { folder in
      let journal = try await SQLiteJournal.open(path: folder.file())
      var health = await journal.health()
      #expect(health.lastCommitLatency == nil)
      try await journal.append([.sample(1)])
      health = await journal.health()
      #expect(health.bytes > 4096)
      #expect(health.lastSequence == 1)
      #expect(health.commits == 1)
      #expect((health.lastCommitLatency ?? .zero) > .zero)
      #expect(health.lastError == nil)
      try? await journal.append([.sample(1)])
      health = await journal.health()
      #expect(health.failures == 1)
      #expect(health.lastError == "The journal's next record is number 2, not 1.")
      await journal.close()
    }
  }

  @Test("a full disk is an error that may be tried again, and succeeds once there is room")
  func full() async throws {
    try await withScratchFolder { folder in
      let big = String(repeating: "x", count: 200_000)
      let small = try await SQLiteJournal.open(path: folder.file(), maximumBytes: 100_000)
      try await small.append([.sample(1)])
      let error = await #expect(throws: StoreError.self) {
        try await small.append([.sample(2), .sample(3, payload: big)])
      }
      #expect(error?.isRetryable == true)
      #expect(error?.description.contains("no room") == true)
      #expect(try await small.lastSequence() == 1)
      try await small.append([.sample(2)])
      await small.close()
      let roomy = try await SQLiteJournal.open(path: folder.file())
      try await roomy.append([.sample(3, payload: big)])
      #expect(try await roomy.all().count == 3)
      await roomy.close()
    }
  }

  @Test("after closing every call says so, and closing twice is harmless")
  func closed() async throws {
    try await withScratchFolder { folder in
      let journal = try await SQLiteJournal.open(path: folder.file())
      await journal.close()
      await journal.close()
      await #expect(throws: StoreError.self) { try await journal.append([.sample(1)]) }
      await #expect(throws: StoreError.self) { try await journal.lastSequence() }
      await #expect(throws: StoreError.self) { try await journal.all() }
      #expect(await journal.health().lastSequence == 0)
    }
  }
}
