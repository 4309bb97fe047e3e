import Coordination
import Dispatch
import FoundationEssentials
import Glibc
import IncidentModel
import Testing

@Suite("kill -9") struct SQLiteJournalCrashTests {
  @Test("loses nothing that append returned for, and leaves no half batch and no lock")
  func killed() async throws {
    try await withScratchFolder { folder in
      for round in 0..<4 {
        let path = folder.file("killed-\(round).db")
        // The child runs this closure, writes down what append returned for, and is killed at any moment.
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
          let journal = try await SQLiteJournal.open(path: path)
          let acknowledged = open(path + ".ack", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
          let patience = Int.random(in: 20_000..<120_000)
          // A thread of its own, because nothing here may be in step with the appends.
          DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(patience)) {
            kill(getpid(), SIGKILL)
          }
          var next: Int64 = 1
          while true {
            let count = Int64.random(in: 1...5)
            try await journal.append((next..<(next + count)).map { .sample($0, payload: "\(next)") })
            next += count
            var done = next - 1
            pwrite(acknowledged, &done, 8, 0)
          }
        }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path + ".ack"))
        let acknowledged = bytes.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
        #expect(acknowledged > 0)

        let journal = try await SQLiteJournal.open(path: path)
        let records = try await journal.all()
        #expect(Int64(records.count) >= acknowledged)
        #expect(records.map(\.sequence) == (1...Int64(records.count)).map { $0 })
        // At most one batch more than was acknowledged, and that one whole.
        #expect(Set(records.filter { $0.sequence > acknowledged }.map(\.payload)).count <= 1)
        try await journal.append([.sample(Int64(records.count) + 1)])
        await journal.close()
      }
    }
  }
}
