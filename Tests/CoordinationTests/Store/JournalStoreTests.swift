import Coordination
import IncidentModel
import Testing

/// The laws of every journal, whatever it is kept in.
@Suite("A journal") struct JournalStoreTests {
  @Test(
    "gives back what was appended as it was, after closing and opening too", arguments: StoreKind.allCases)
  func roundTrip(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      let records = [
        JournalRecord.sample(1), .sample(2, incident: nil), .sample(3, incident: 0xFFFF_FFFF, payload: "{}"),
      ]
      try await place.withJournal { first in
        #expect(try await first.lastSequence() == 0)
        #expect(try await first.all().isEmpty)
        try await first.append(Array(records[..<2]))
        try await first.append([])
        try await first.append([records[2]])
        #expect(try await first.all() == records)
      }
      try await place.withJournal { second in
        #expect(try await second.all() == records)
        #expect(try await second.all(from: 2) == Array(records[1...]))
        #expect(try await second.all(from: 4).isEmpty)
        #expect(try await second.lastSequence() == 3)
        try await second.append([.sample(4)])
        #expect(try await second.all(from: 4) == [.sample(4, epoch: 2)])
      }
    }
  }

  @Test(
    "refuses a hole, a repetition and a wrong order, and writes nothing of them",
    arguments: StoreKind.allCases)
  func contiguous(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { journal in
        try await journal.append([.sample(1), .sample(2)])
        for sequences in [[4], [2], [0], [-1], [3, 5], [3, 3], [4, 3], [3, 4, 6], [1, 2]] as [[Int64]] {
          let error = await #expect(throws: StoreError.self) {
            try await journal.append(sequences.map { .sample($0) })
          }
          guard case .outOfOrder = error else {
            Issue.record("\(String(describing: error)) instead of .outOfOrder for \(sequences)")
            return
          }
        }
        #expect(try await journal.all() == [.sample(1), .sample(2)])
        try await journal.append([.sample(3)])
        #expect(try await journal.lastSequence() == 3)
      }
    }
  }

  @Test(
    "keeps every character of a text; a NUL, which no store holds, becomes JSON's escape of it",
    arguments: StoreKind.allCases)
  func text(kind: StoreKind) async throws {
    let odd =
      "'; DROP TABLE journal; -- \\ \\u0000 \" {a,b} NULL \u{1}\u{7F}\n\t é 漢 🧯 e\u{301} \u{FFFD} \u{10FFFF}"
    try await StorePlace.with(kind) { place in
      try await place.withJournal { journal in
        var record = JournalRecord.sample(1, payload: odd)
        record.actor = odd
        record.kind = ""
        var withNUL = JournalRecord.sample(2, payload: "{\"a\":\"b\0c\"}")
        withNUL.actor = "\0ann\0"
        try await journal.append([record, withNUL])
        let found = try await journal.all()
        #expect(found.first == record)
        // To the byte: Swift takes different spellings of one character for the same.
        #expect(found.first.map { Array($0.payload.utf8) } == Array(odd.utf8))
        #expect(found.last?.payload == #"{"a":"b\u0000c"}"#)
        #expect(found.last?.actor == #"\u0000ann\u0000"#)
      }
    }
  }

  @Test("takes thousands of records, and large ones, in one append", arguments: StoreKind.allCases)
  func large(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { journal in
        let big = #"{"text":"\#(String(repeating: "é\\n", count: 50_000))"}"#
        let records = (1...5_000).map {
          JournalRecord.sample(
            $0, incident: $0 % 3 == 0 ? nil : UInt32($0), payload: $0 % 500 == 0 ? big : nil)
        }
        try await journal.append(records)
        #expect(try await journal.all() == records)
        #expect(await journal.health().commits == 1)
      }
    }
  }

  @Test(
    "is read to its end, however large the records that outside input made", arguments: StoreKind.allCases)
  func largeBatches(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { journal in
        // More in one batch, and in one incident, than an answer of PostgreSQL's may have.
        let records = (1...48).map { JournalRecord.sample($0, payload: JournalRecord.largePayload) }
        for first in stride(from: 0, to: 48, by: 12) {
          try await journal.append(Array(records[first..<(first + 12)]))
        }
        #expect(try await journal.all() == records)
        #expect(try await journal.all(from: 2) == Array(records[1...]))
        let found = try await journal.records(of: IncidentID(number: 1), limit: 10_000)
        #expect(found.first == records.first && found.last == records.last)
        #expect(found.count > 10)
      }
    }
  }

  @Test("is replayed in bounded batches, until the taker throws", arguments: StoreKind.allCases)
  func replayInBatches(kind: StoreKind) async throws {
    struct Enough: Error {}
    try await StorePlace.with(kind) { place in
      try await place.withJournal { journal in
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
      }
    }
  }

  @Test(
    "gives an incident's opening and its latest records oldest first, up to the limit, and no other's",
    arguments: StoreKind.allCases)
  func recordsOfAnIncident(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { journal in
        try await journal.append((1...20).map { .sample($0, incident: UInt32($0 % 2)) })
        for (limit, sequences) in [
          (1, [1, 19]), (3, [1, 15, 17, 19]), (9, Array(stride(from: 1, through: 19, by: 2))),
          (10, Array(stride(from: 1, through: 19, by: 2))),
        ] as [(Int, [Int64])] {
          let found = try await journal.records(of: IncidentID(number: 1), limit: limit)
          #expect(found.map(\.sequence) == sequences)
        }
        #expect(try await journal.records(of: IncidentID(number: 9), limit: 3).isEmpty)
        #expect(try await journal.records(of: IncidentID(number: 1), limit: -1).isEmpty)
      }
    }
  }

  @Test(
    "leads under a higher epoch with every campaign, and fences off the ones before",
    arguments: StoreKind.allCases)
  func epochs(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { journal in
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
        await #expect(throws: StoreError.fenced(mine: 2, current: 0)) { try await journal.confirm(epoch: 2) }
      }
      try await place.withJournal { (again: any JournalStore) async throws in
        #expect(try await again.campaign(.test) == .leading(epoch: 3))
        #expect(try await again.all() == [.sample(1), .sample(2, epoch: 2)])
      }
    }
  }

  @Test("goes through with an append although its task was cancelled", arguments: StoreKind.allCases)
  func cancellation(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { journal in
        let task = Task {
          withUnsafeCurrentTask { $0?.cancel() }
          let epoch = try await journal.lead()
          try await journal.append([.sample(1)], epoch: epoch)
        }
        try await task.value
        #expect(try await journal.lastSequence() == 1)
      }
    }
  }

  @Test("tells its size, sequence, latency and latest failure", arguments: StoreKind.allCases)
  func health(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { journal in
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
      }
    }
  }

  @Test(
    "says that it was closed to every call after that, and may be closed twice", arguments: StoreKind.allCases
  )
  func closed(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      let journal = try await place.journal()
      let epoch = try await journal.lead()
      await journal.close()
      await journal.close()
      func isClosed(_ body: () async throws -> Void) async {
        let error = await #expect(throws: StoreError.self) { try await body() }
        guard case .closed = error else {
          Issue.record("\(String(describing: error)) instead of .closed")
          return
        }
      }
      await isClosed { try await journal.append([.sample(1)], epoch: epoch) }
      await isClosed { try await journal.confirm(epoch: epoch) }
      await isClosed { _ = try await journal.campaign(.test) }
      await isClosed { _ = try await journal.leader() }
      await isClosed { _ = try await journal.lastSequence() }
      await isClosed { _ = try await journal.all() }
      await isClosed { _ = try await journal.records(of: IncidentID(number: 1), limit: 1) }
      await journal.resign(epoch: epoch)
      #expect(await journal.health().lastSequence == 0)
    }
  }
}
