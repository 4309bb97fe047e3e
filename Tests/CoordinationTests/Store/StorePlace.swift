import Coordination
import FoundationEssentials
import TestKit

/// The kinds of store that every law of the journal holds for.
enum StoreKind: String, CaseIterable, Sendable {
  case sqlite, postgres
}

/// A place that a journal is kept at, empty at first.
struct StorePlace: Sendable {
  private let open: @Sendable () async throws -> any JournalStore

  /// Opens the journal that is there. One at a time: SQLite has room for no more.
  func journal() async throws -> any JournalStore { try await open() }

  /// Opens the journal, runs `body` with it and closes it.
  func withJournal<Result>(_ body: (any JournalStore) async throws -> Result) async throws -> Result {
    let journal = try await open()
    do {
      let result = try await body(journal)
      await journal.close()
      return result
    } catch {
      await journal.close()
      throw error
    }
  }

  /// Runs `body` with a new place, which is gone afterwards.
  static func with(_ kind: StoreKind, _ body: (StorePlace) async throws -> Void) async throws {
    switch kind {
    case .sqlite:
      try await withScratchFolder { folder in
        try await body(StorePlace { try await SQLiteJournal.open(path: folder.file()) })
      }
    case .postgres:
      try await withDatabase { url in
        try await body(StorePlace { try await PostgresJournal.open(url: url) })
      }
    }
  }
}

/// Runs `body` with the URL of an empty database, which is dropped afterwards.
func withDatabase(
  on server: TestPostgres? = nil, _ body: (String) async throws -> Void
) async throws {
  let host: TestPostgres
  if let server { host = server } else { host = try await TestPostgres.shared() }
  let name = "journal_" + UUID().uuidString.lowercased().replacing("-", with: "_")
  try await host.execute("CREATE DATABASE \(name) TEMPLATE template0")
  do {
    try await body(host.url(database: name))
    _ = try? await host.execute("DROP DATABASE \(name) WITH (FORCE)")
  } catch {
    _ = try? await host.execute("DROP DATABASE \(name) WITH (FORCE)")
    throw error
  }
}
