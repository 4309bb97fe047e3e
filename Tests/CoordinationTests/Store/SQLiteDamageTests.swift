import GRDB
import IncidentModel
import Testing

@testable import Coordination

@Suite("A journal whose file was damaged") struct SQLiteDamageTests {
  @Test(
    "a value of another type is damage that is named, and no end of the process",
    arguments: [
      "'x', NULL, 0, 'noted', 'd', '{}', 0", "1, NULL, NULL, 'noted', 'd', '{}', 0",
      "1, NULL, 0, NULL, 'd', '{}', 0", "1, NULL, 0, 'noted', 'd', x'00ff', 0",
      "1, x'01', 0, 'noted', 'd', '{}', 0",
      "9223372036854775807, NULL, 0, 'noted', 'd', '{}', 0", "1, NULL, 0, 'noted', 'd', '{}', 'x'",
    ])
  func types(values: String) async throws {
    try await withScratchFolder { folder in
      let first = try await SQLiteJournal.open(path: folder.file())
      await first.close()
      let damaging = try DatabaseQueue(path: folder.file())
      try await damaging.write { db in
        try db.execute(
          sql: """
            ALTER TABLE journal RENAME TO sound;
            CREATE TABLE journal (sequence, incident, at, kind, actor, payload, epoch);
            INSERT INTO journal VALUES (\(values));
            """)
      }
      try damaging.close()
      let journal = try await SQLiteJournal.open(path: folder.file())
      await #expect(throws: (any Error).self) {
        try await journal.replay(from: 1) { records in
          for record in records { #expect(JournalRecord.sequences.contains(record.sequence)) }
          Issue.record("it was read: \(records)")
        }
      }
      await journal.close()
    }
  }
}
