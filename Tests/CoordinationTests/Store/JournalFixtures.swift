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
  /// As much as a signal makes whose labels are all control characters: nearly 1 MB.
  static let largePayload = #"{"text":"\#(String(repeating: "\\u0001", count: 160_000))"}"#

  static func sample(
    _ sequence: Int64, incident: UInt32? = 1, payload: String? = nil, epoch: Int64 = 1
  ) -> JournalRecord {
    JournalRecord(
      sequence: sequence, incident: incident.map { IncidentID(number: $0) },
      at: Timestamp(milliseconds: 1_790_000_000_000 + sequence), kind: "signal", actor: "detector-1",
      payload: payload ?? #"{"n":\#(sequence),"text":"Grüße \"✓\""}"#, epoch: epoch)
  }
}

extension LeaderInfo {
  static let test = LeaderInfo(
    instance: "test", bus: "tcp://127.0.0.1:1", changes: "tcp://127.0.0.1:2", http: "http://127.0.0.1:3")
}

extension JournalStore {
  /// Leads, or fails.
  @discardableResult
  func lead(_ candidate: LeaderInfo = .test) async throws(StoreError) -> UInt64 {
    switch try await campaign(candidate) {
    case .leading(let epoch): return epoch
    case .following(let leader): throw .fenced(mine: 0, current: leader?.epoch ?? 0)
    }
  }

  /// Appends as the leader, which this one becomes when there is none.
  func append(_ records: [JournalRecord]) async throws(StoreError) {
    let epoch: UInt64
    if let leader = try await leader() { epoch = leader.epoch } else { epoch = try await lead() }
    try await append(records, epoch: epoch)
  }

  /// Everything from `sequence` on, in one array.
  nonisolated(nonsending) func all(from sequence: Int64 = 1) async throws -> [JournalRecord] {
    var all: [JournalRecord] = []
    try await replay(from: sequence) { all += $0 }
    return all
  }
}
