import Coordination
import IncidentModel
import JournalAudit
import TestKit
import Testing

/// What somebody can do to a store's tables, and what is found of it.
@Suite("A journal in its store", .serialized)
struct TamperTests {
  /// The journal's rows as they were, to put them back.
  private struct Original {
    let journal: StoredJournal
    let records: [StoredRecord]
    var tips: [ChainTip]

    init(_ journal: StoredJournal) async throws {
      self.journal = journal
      records = try await journal.records()
      tips = records.compactMap { record in
        ChainHash(record.hash).map { ChainTip(sequence: record.sequence, hash: $0) }
      }
      for table in ["journal", "journal_archive"] {
        try await journal.meddle(
          "CREATE TABLE \(journal.table(table + "_kept")) AS SELECT * FROM \(journal.table(table))")
      }
    }

    func restore() async throws {
      for table in ["journal", "journal_archive"] {
        try await journal.meddle(
          """
          DELETE FROM \(journal.table(table));
          INSERT INTO \(journal.table(table)) SELECT * FROM \(journal.table(table + "_kept"))
          """)
      }
    }

    func table(_ record: StoredRecord) -> String {
      journal.table(record.isArchived ? "journal_archive" : "journal")
    }

    /// Does something to the tables, looks, and puts them back.
    /// - Returns: what was found; `nil` when the store does not allow it.
    func after(_ sql: String, tips: [ChainTip] = []) async throws -> ChainReport? {
      do { try await journal.meddle(sql) } catch {
        try await restore()
        return nil
      }
      let report = try await journal.reader.verify(tips: tips)
      try await restore()
      return report
    }

    /// SQL that flips one bit of one column; `nil` for NULL.
    func flip(_ record: StoredRecord, _ random: inout SeededRandom) -> (sql: String, column: String)? {
      let columns = ["sequence", "epoch", "at", "incident", "kind", "actor", "payload", "hash"]
      let column = columns.randomElement(using: &random) ?? "hash"
      let change: String
      switch column {
      case "sequence", "epoch", "at":
        let value = column == "sequence" ? record.sequence : column == "epoch" ? record.epoch : record.at
        change = String(value ^ (1 << Int64.random(in: 0..<62, using: &random)))
      default:
        let bytes: [UInt8]
        switch column {
        case "incident":
          guard let incident = record.incident else { return nil }
          bytes = incident
        case "kind": bytes = record.kind
        case "actor": bytes = record.actor
        case "payload": bytes = record.payload
        default: bytes = record.hash
        }
        var flipped = bytes
        flipped[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        change = literal(flipped, isText: column != "hash")
      }
      return ("UPDATE \(table(record)) SET \(column) = \(change) WHERE sequence = \(record.sequence)", column)
    }

    private func literal(_ bytes: [UInt8], isText: Bool) -> String {
      let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      switch journal.kind {
      case .sqlite: return isText ? "CAST(x'\(hex)' AS TEXT)" : "x'\(hex)'"
      case .postgres:
        return isText ? "convert_from(decode('\(hex)', 'hex'), 'UTF8')" : "decode('\(hex)', 'hex')"
      }
    }
  }

  /// Runs `body` with a journal of a coordinator's life.
  private func withJournal(
    _ kind: StoredJournal.Kind, _ body: (Original, inout SeededRandom) async throws -> Void
  ) async throws {
    try await StoredJournal.with(kind) { journal in
      var random = SeededRandom(seed: 11)
      try await journal.live(seed: random.next())
      try await body(try await Original(journal), &random)
    }
  }

  @Test(
    "is whole as the store wrote and archived it, term after term", arguments: StoredJournal.Kind.allCases)
  func untouched(kind: StoredJournal.Kind) async throws {
    try await withJournal(kind) { original, _ in
      let report = try await original.journal.reader.verify(tips: original.tips)
      #expect(report.isWhole, "\(report.flaws)")
      #expect(report.records == Int64(original.records.count))
      #expect(report.archived > 20)
      #expect(report.records - report.archived > 10)
      #expect(report.since == 1)
      #expect(report.tip == original.tips.last)
    }
  }

  @Test("any bit flipped in any column of any row is found and named", arguments: StoredJournal.Kind.allCases)
  func flips(kind: StoredJournal.Kind) async throws {
    try await withJournal(kind) { original, random in
      var found: [String: Int] = [:]
      for _ in 0..<150 {
        guard let record = original.records.randomElement(using: &random),
          let (sql, column) = original.flip(record, &random)
        else { continue }
        // Some can't be: PostgreSQL holds no text that is not UTF-8, and no number twice.
        guard let report = try await original.after(sql) else { continue }
        found[column, default: 0] += 1
        #expect(report.names(record.sequence), "\(sql): \(report.flaws)")
      }
      #expect(found.count == 8, "\(found)")
      #expect(found.values.reduce(0, +) > 60)
    }
  }

  @Test("any row removed is found and named, the last one by its tip", arguments: StoredJournal.Kind.allCases)
  func removals(kind: StoredJournal.Kind) async throws {
    try await withJournal(kind) { original, random in
      let last = try #require(original.records.last)
      for record in [original.records[0], last] + original.records.shuffled(using: &random).prefix(15) {
        let report = try await original.after(
          "DELETE FROM \(original.table(record)) WHERE sequence = \(record.sequence)",
          tips: original.tips.suffix(1))
        let expected: [Flaw.Problem] = [record == last ? .cutOff : .missing]
        #expect(report?.problems(record.sequence) == expected)
      }
    }
  }

  @Test("two rows swapped are found and named", arguments: StoredJournal.Kind.allCases)
  func swaps(kind: StoredJournal.Kind) async throws {
    try await withJournal(kind) { original, random in
      for isArchived in [false, true] {
        let rows = original.records.filter { $0.isArchived == isArchived }
        for _ in 0..<6 {
          let pair = rows.shuffled(using: &random).prefix(2)
          let (a, b) = (pair[0], pair[1])
          let table = original.table(a)
          let report = try await original.after(
            """
            UPDATE \(table) SET sequence = 999999 WHERE sequence = \(a.sequence);
            UPDATE \(table) SET sequence = \(a.sequence) WHERE sequence = \(b.sequence);
            UPDATE \(table) SET sequence = \(b.sequence) WHERE sequence = 999999
            """)
          #expect(report?.problems(a.sequence).contains(.moved(from: b.sequence)) == true)
          #expect(report?.problems(b.sequence).contains(.moved(from: a.sequence)) == true)
        }
      }
    }
  }

  @Test("a row inserted is found and named", arguments: StoredJournal.Kind.allCases)
  func insertions(kind: StoredJournal.Kind) async throws {
    try await withJournal(kind) { original, random in
      let columns = "epoch, incident, at, kind, actor, payload, hash"
      let last = try #require(original.records.last).sequence
      for record in original.records.shuffled(using: &random).prefix(6) {
        let end = try await original.after(
          """
          INSERT INTO \(original.table(record)) (sequence, \(columns))
          SELECT \(last + 1), \(columns) FROM \(original.table(record)) WHERE sequence = \(record.sequence)
          """)
        #expect(end?.names(last + 1) == true)
        let other = original.journal.table(record.isArchived ? "journal" : "journal_archive")
        let twice = try await original.after(
          """
          INSERT INTO \(other) (sequence, \(columns))
          SELECT sequence, \(columns) FROM \(original.table(record)) WHERE sequence = \(record.sequence)
          """)
        #expect(twice?.problems(record.sequence).contains(.twice) == true)
      }
    }
  }

  @Test(
    "a row of an open incident in the archive, and one that was taken out of it, are found and named",
    arguments: StoredJournal.Kind.allCases)
  func places(kind: StoredJournal.Kind) async throws {
    try await withJournal(kind) { original, random in
      let columns = "sequence, epoch, incident, at, kind, actor, payload, hash"
      func move(_ record: StoredRecord) async throws -> ChainReport? {
        let (from, to) = (
          record.isArchived ? "journal_archive" : "journal", record.isArchived ? "journal" : "journal_archive"
        )
        return try await original.after(
          """
          INSERT INTO \(original.journal.table(to)) (\(columns))
          SELECT \(columns) FROM \(original.journal.table(from)) WHERE sequence = \(record.sequence);
          DELETE FROM \(original.journal.table(from)) WHERE sequence = \(record.sequence)
          """)
      }
      let endings = original.records.filter { ArchiveLaw.endings.map { Array($0.utf8) }.contains($0.kind) }
      let ended = Set(endings.map(\.incident))
      let live = original.records.filter {
        $0.incident != nil && !$0.isArchived && !ended.contains($0.incident)
      }
      #expect(live.count > 5)
      for record in live.shuffled(using: &random).prefix(6) {
        let report = try #require(try await move(record))
        #expect(report.problems(record.sequence) == [.hidden])
      }
      let over = original.records.filter { record in
        record.isArchived
          && endings.contains { $0.incident == record.incident && $0.sequence > record.sequence }
      }
      #expect(over.count > 5)
      for record in over.shuffled(using: &random).prefix(6) {
        let report = try #require(try await move(record))
        #expect(report.problems(record.sequence) == [.broughtBack])
      }
    }
  }

  @Test("a journal can be examined while a coordinator writes it", arguments: StoredJournal.Kind.allCases)
  func meanwhile(kind: StoredJournal.Kind) async throws {
    try await StoredJournal.with(kind) { journal in
      try await journal.live(seed: 3)
      let store = try await journal.open()
      guard case .leading(let epoch) = try await store.campaign(.nobody) else {
        throw TestKitError("no lead")
      }
      let first = try await store.lastSequence()
      async let writing: Void = { () async throws -> Void in
        for number in 1...200 as ClosedRange<Int64> {
          try await store.append(
            [
              JournalRecord(
                sequence: first + number, incident: nil, at: .init(milliseconds: number), kind: "noted",
                actor: "d", payload: "{}")
            ], epoch: epoch)
        }
      }()
      for _ in 0..<5 {
        let report = try await journal.reader.verify()
        #expect(report.isWhole, "\(report.flaws)")
        #expect(report.records >= first)
      }
      try await writing
      let tip = try await store.tip()
      #expect(tip.sequence == first + 200)
      await store.close()
      #expect(try await journal.reader.verify(tips: [tip]).isWhole)
    }
  }
}
