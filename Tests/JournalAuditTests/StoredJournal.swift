import Coordination
import GRDB
import IncidentModel
import JournalAudit
import PostgresBackend
import TestKit

/// A journal that a coordinator's store has written, in a place where somebody can lay hands on it.
struct StoredJournal: Sendable {
  enum Kind: String, CaseIterable, Sendable { case sqlite, postgres }

  let kind: Kind
  /// A path, or a URL.
  let place: String
  var reader: JournalReader { kind == .sqlite ? .sqlite(path: place) : .postgres(url: place) }

  /// Opens it as a coordinator does.
  func open() async throws -> any JournalStore {
    switch kind {
    case .sqlite: try await SQLiteJournal.open(path: place)
    case .postgres: try await PostgresJournal.open(url: place)
    }
  }

  /// The table's name, with its schema where there is one.
  func table(_ name: String) -> String { kind == .sqlite ? name : "aiops." + name }

  /// Does something in SQL behind the coordinator's back.
  func meddle(_ sql: String) async throws {
    switch kind {
    case .sqlite:
      let database = try DatabaseQueue(path: place)
      defer { try? database.close() }
      try await database.write { try $0.execute(sql: sql) }
    case .postgres:
      let connection = PostgresConnection(conninfo: place, applicationName: "test", timeout: .seconds(20))
      do {
        _ = try await connection.query(sql)
        await connection.close()
      } catch {
        await connection.close()
        throw error
      }
    }
  }

  /// Every record, by its number.
  func records() async throws -> [StoredRecord] {
    try await reader.read(JournalReader.Scope(), { _ in [] }, { $0.append($1) }).state
  }

  /// Runs `body` with a new place for a journal, which is gone afterwards.
  static func with(_ kind: Kind, _ body: (StoredJournal) async throws -> Void) async throws {
    switch kind {
    case .sqlite:
      let folder = try TemporaryFolder("audit")
      defer { folder.remove() }
      try await body(StoredJournal(kind: .sqlite, place: folder.path("journal.db")))
    case .postgres:
      let server = try await TestPostgres.shared()
      let name = "audit_\(UInt64.random(in: .min ... .max))"
      try await server.execute("CREATE DATABASE \(name) TEMPLATE template0")
      do {
        try await body(StoredJournal(kind: .postgres, place: server.url(database: name)))
        _ = try? await server.execute("DROP DATABASE \(name) WITH (FORCE)")
      } catch {
        _ = try? await server.execute("DROP DATABASE \(name) WITH (FORCE)")
        throw error
      }
    }
  }

  /// Has a store write some terms of a coordinator's life: incidents that end, others that stay, moves to the archive.
  func live(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let store = try await open()
    var last = try await store.lastSequence()
    var number: UInt32 = 0
    for _ in 0..<3 {
      guard case .leading(let epoch) = try await store.campaign(.nobody) else {
        throw TestKitError("no lead")
      }
      var open: [UInt32] = []
      var order: Int64 = 0
      var at = Timestamp(milliseconds: 0)
      var records: [JournalRecord] = []
      func add(_ kind: String, _ incident: UInt32?) {
        last += 1
        at = Timestamp(milliseconds: 1_790_000_000_000 + last * 1_000)
        records.append(
          JournalRecord(
            sequence: last, incident: incident.map { IncidentID(number: $0) }, at: at, kind: kind,
            actor: ["ann", "detector-1", "Zoë"].randomElement(using: &random) ?? "",
            payload: #"{"\#(kind)":{"reason":"Grüße \#(Int.random(in: 0..<1_000_000, using: &random)) ✓"}}"#))
      }
      for _ in 0..<30 {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
          number += 1
          open.append(number)
          add("opened", number)
        case 1 where open.count > 2: add("resolved", open.remove(at: 0))
        case 2: add("noted", nil)
        default: if let incident = open.randomElement(using: &random) { add("signalled", incident) }
        }
      }
      if let first = open.first, open.count > 1 {
        add("resolved", first)
        open.removeFirst()
      }
      add("archived", nil)
      order = last
      let split = Int.random(in: 0..<records.count, using: &random)
      try await store.append(Array(records[..<split]), epoch: epoch)
      try await store.append(Array(records[split...]), epoch: epoch)
      _ = try await store.archive(
        ArchiveOrder(
          upTo: order, before: at, endings: ArchiveLaw.endings, loose: ArchiveLaw.loose, keeping: []),
        epoch: epoch)
    }
    await store.close()
  }
}

extension LeaderInfo {
  static let nobody = LeaderInfo(instance: "test", bus: "", changes: "", http: "")
}
