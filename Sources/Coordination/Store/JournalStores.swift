package import Settings

/// The kinds of journal that there are.
package enum JournalStores {
  /// Opens the journal that the configuration names: a PostgreSQL database by its URL, else an SQLite file.
  /// - Throws: ``StoreError``, whose text says what to do.
  package static func open(_ settings: CoordinatorSettings) async throws(StoreError) -> any JournalStore {
    if settings.storeIsPostgres { return try await PostgresJournal.open(url: settings.store.exposed) }
    return try await SQLiteJournal.open(path: settings.store.exposed)
  }
}
