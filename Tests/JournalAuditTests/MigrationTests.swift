import GRDB
import IncidentModel
import JournalAudit
import PostgresBackend
import TestKit
import Testing

@testable import Coordination

/// Journals that were written before there was a chain.
@Suite("A journal of the version before the chain", .serialized)
struct MigrationTests {
  private static let columns = "(sequence, epoch, incident, at, kind, actor, payload)"
  private static let rows = (1...700).map { number in
    let incident = number % 5 == 0 ? "NULL" : "'INC-0000000\(number % 5)'"
    let payload = number % 7 == 0 ? "" : "{\"text\":\"Grüße 漢 🧯 \(number)\"}"
    return
      "(\(number), \(number / 100), \(incident), \(1_700_000_000_000 + number), 'kind\(number % 3)', 'ann é', '\(payload)')"
  }

  /// Writes rows with SQL: those whose number three divides are in the archive.
  private static func inserts(_ journal: StoredJournal) -> [String] {
    rows.enumerated().map { index, row in
      let table = journal.table((index + 1) % 3 == 0 ? "journal_archive" : "journal")
      return "INSERT INTO \(table) \(columns) VALUES \(row)"
    }
  }

  private func makeOld(_ journal: StoredJournal, isEmpty: Bool) async throws {
    let inserts = isEmpty ? [] : Self.inserts(journal)
    switch journal.kind {
    case .sqlite:
      let database = try DatabaseQueue(path: journal.place)
      try await database.write { db in
        for migration in SQLiteJournal.migrations.prefix(3) { try migration(db) }
        try db.execute(sql: "PRAGMA application_id = \(SQLiteJournal.applicationID); PRAGMA user_version = 3")
        for insert in inserts { try db.execute(sql: insert) }
      }
      try database.close()
    case .postgres:
      try await journal.meddle(
        """
        CREATE SCHEMA aiops;
        CREATE TABLE aiops.journal_schema (application text PRIMARY KEY, version integer NOT NULL);
        INSERT INTO aiops.journal_schema VALUES ('aiops', 1);
        """ + PostgresJournal.migrations[0] + "UPDATE aiops.leadership SET epoch = \(isEmpty ? 0 : 6);"
          + inserts.joined(separator: ";"))
    }
  }

  @Test(
    "is chained when it is opened, as the encoder does it, and goes on from there",
    arguments: StoredJournal.Kind.allCases)
  func chained(kind: StoredJournal.Kind) async throws {
    try await StoredJournal.with(kind) { journal in
      try await makeOld(journal, isEmpty: false)
      await #expect(throws: AuditError.notChained(location: journal.reader.location)) {
        try await journal.reader.verify()
      }
      let store = try await journal.open()
      guard case .leading(let epoch) = try await store.campaign(.nobody) else {
        throw TestKitError("no lead")
      }
      // Whoever led before under the older version is fenced off.
      if kind == .postgres { #expect(epoch == 8) }
      try await store.append(
        [
          JournalRecord(
            sequence: 701, incident: nil, at: .init(milliseconds: 1), kind: "noted", actor: "d", payload: "{}"
          )
        ],
        epoch: epoch)
      await store.close()
      let report = try await journal.reader.verify()
      // These rows are of no engine's, so the archive's law has something to say of them.
      let flaws = report.flaws.filter { $0.problem != .hidden && $0.problem != .broughtBack }
      #expect(flaws.isEmpty, "\(flaws)")
      #expect(report.records == 701)
      #expect(report.archived == 233)
      #expect(report.since == 701)

      try await journal.meddle(
        "UPDATE \(journal.table("journal")) SET payload = '{}' WHERE sequence = 500")
      #expect(try await journal.reader.verify().problems(500) == [.changed])
      // That records were chained later can't be hidden.
      try await journal.meddle(
        "UPDATE \(journal.table("chain")) SET since = 400")
      #expect(try await journal.reader.verify().names(400))
    }
  }

  @Test("an empty one is chained from its first record", arguments: StoredJournal.Kind.allCases)
  func empty(kind: StoredJournal.Kind) async throws {
    try await StoredJournal.with(kind) { journal in
      try await makeOld(journal, isEmpty: true)
      try await journal.live(seed: 1)
      let report = try await journal.reader.verify()
      #expect(report.isWhole)
      #expect(report.since == 1)
    }
  }

  @Test("a coordinator of the older version can't append to a chained journal")
  func older() async throws {
    try await StoredJournal.with(.postgres) { journal in
      try await journal.live(seed: 1)
      let error = await #expect(throws: PostgresError.self) {
        try await journal.meddle(
          """
          INSERT INTO aiops.journal (sequence, epoch, incident, at, kind, actor, payload)
          VALUES (100000, 3, NULL, 1, 'noted', 'd', '{}')
          """)
      }
      #expect(error?.sqlState == "23502")
    }
  }

  @Test("what is no journal, and what is not there, is said")
  func strange() async throws {
    try await StoredJournal.with(.sqlite) { journal in
      await #expect(throws: AuditError.missing(location: journal.place)) { try await journal.reader.verify() }
      try await journal.meddle("CREATE TABLE users (name TEXT)")
      await #expect(throws: AuditError.notAJournal(location: journal.place)) {
        try await journal.reader.verify()
      }
    }
    try await StoredJournal.with(.postgres) { journal in
      await #expect(throws: AuditError.missing(location: journal.reader.location)) {
        try await journal.reader.verify()
      }
    }
  }
}

/// Who may go on with the chain.
@Suite("The chain's writer", .serialized)
struct ChainWriterTests {
  private func record(_ sequence: Int64, _ payload: String = "{}") -> JournalRecord {
    JournalRecord(
      sequence: sequence, incident: nil, at: .init(milliseconds: sequence), kind: "noted", actor: "d",
      payload: payload)
  }

  @Test("one that was deposed can't fork it, and its successor goes on from what is durable")
  func deposed() async throws {
    try await StoredJournal.with(.postgres) { journal in
      let (first, second) = (try await journal.open(), try await journal.open())
      guard case .leading(let old) = try await first.campaign(.nobody) else { throw TestKitError("no lead") }
      try await first.append([record(1), record(2)], epoch: old)
      try await journal.meddle(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'aiops-coordinator leader'
        """)
      var campaign = Campaign.following(nil)
      for _ in 0..<100 {
        campaign = try await second.campaign(.nobody)
        if case .leading = campaign { break }
        try await Task.sleep(for: .milliseconds(20))
      }
      guard case .leading(let new) = campaign else { throw TestKitError("nobody leads") }
      await #expect(throws: StoreError.self) { try await first.append([record(3, "\"old\"")], epoch: old) }
      try await second.append([record(3)], epoch: new)
      let tip = try await second.tip()
      #expect(tip.sequence == 3)
      #expect(try await first.tip() == tip)
      await first.close()
      await second.close()
      #expect(try await journal.reader.verify(tips: [tip]).isWhole)
    }
  }

  @Test(
    "goes on from what it wrote itself, so that a change behind its back is not taken over",
    arguments: StoredJournal.Kind.allCases)
  func behindItsBack(kind: StoredJournal.Kind) async throws {
    try await StoredJournal.with(kind) { journal in
      let store = try await journal.open()
      guard case .leading(let epoch) = try await store.campaign(.nobody) else {
        throw TestKitError("no lead")
      }
      try await store.append([record(1), record(2)], epoch: epoch)
      // A rewrite of the last record with a hash that fits.
      var forged = try await journal.records()[1]
      forged.payload = Array("[]".utf8)
      var encoder = ChainEncoder()
      let first = try #require(ChainHash(try await journal.records()[0].hash))
      let hash = encoder.hash(of: forged, after: first, isLate: false).hex
      try await journal.meddle(
        "UPDATE \(journal.table("journal")) SET payload = '[]', hash = "
          + (kind == .sqlite ? "x'\(hash)'" : "decode('\(hash)', 'hex')") + " WHERE sequence = 2")
      #expect(try await journal.reader.verify().isWhole)
      try await store.append([record(3)], epoch: epoch)
      let report = try await journal.reader.verify(tips: [try await store.tip()])
      #expect(report.flaws.map(\.numbers) == [3...3])
      await store.close()
    }
  }
}
