import Coordination
import IncidentModel
import Testing

@Suite("The journal in SQLite") struct SQLiteJournalTests {
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
}
