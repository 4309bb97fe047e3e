/// A coordinator that has the journal open, as the store knows it.
package struct CoordinatorSeen: Sendable, Equatable {
  /// The run; perhaps only its beginning.
  package var instance: String
  /// `host:port` of its API; empty when that is not known.
  package var http: String
  /// How long ago the store last heard of it.
  package var silence: Duration

  /// A coordinator; see the fields.
  package init(instance: String, http: String, silence: Duration) {
    self.instance = instance
    self.http = http
    self.silence = silence
  }
}

extension JournalStore {
  /// No others, where a store has room for one coordinator only.
  package func coordinators() async throws(StoreError) -> [CoordinatorSeen] { [] }

  /// Unknown.
  package var schemaVersion: Int? { nil }
}

extension SQLiteJournal {
  package nonisolated var schemaVersion: Int? { Self.migrations.count }
}

extension PostgresJournal {
  package nonisolated var schemaVersion: Int? { Self.migrations.count }
}
