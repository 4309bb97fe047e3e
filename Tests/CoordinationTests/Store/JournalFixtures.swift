import Coordination
import FoundationEssentials
import IncidentModel

/// A folder of its own under the system's temporary one; removed by `remove()`.
struct ScratchFolder: Sendable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("aiops-store-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func file(_ name: String = "journal.db") -> String { path + "/" + name }
  func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// Runs `body` with a folder that is gone afterwards.
func withScratchFolder(_ body: (ScratchFolder) async throws -> Void) async throws {
  let folder = try ScratchFolder()
  defer { folder.remove() }
  try await body(folder)
}

extension JournalRecord {
  static func sample(_ sequence: Int64, incident: UInt32? = 1, payload: String? = nil) -> JournalRecord {
    JournalRecord(
      sequence: sequence, incident: incident.map { IncidentID(number: $0) },
      at: Timestamp(milliseconds: 1_790_000_000_000 + sequence), kind: "signal", actor: "detector-1",
      payload: payload ?? #"{"n":\#(sequence),"text":"Grüße \"✓\""}"#)
  }
}

extension JournalStore {
  /// Everything from `sequence` on, in one array.
  nonisolated(nonsending) func all(from sequence: Int64 = 1) async throws -> [JournalRecord] {
    var all: [JournalRecord] = []
    try await replay(from: sequence) { all += $0 }
    return all
  }
}
