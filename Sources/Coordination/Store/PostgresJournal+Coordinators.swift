import PostgresBackend

/// Coordinators that have the journal open, as the server itself knows them.
///
/// Every coordinator that stands by asks the server several times a second who leads. It names that session
/// after itself, so `pg_stat_activity` is the list: a session that is gone is gone from it at once, one that
/// is frozen or cut off shows by its silence, and nothing has to be written or cleaned up for it.
extension PostgresJournal {
  /// What the names of such sessions begin with; the server keeps 63 bytes of a name.
  static let sessionPrefix = "aiops@"

  /// Names the reading session after the candidate, once for each session.
  func show(_ candidate: LeaderInfo) async {
    guard let backend = await reader.backend, backend != shownAs else { return }
    // A coordinator that can't be named works all the same; next time it is tried again.
    guard
      (try? await reader.query(
        "SELECT set_config('application_name', $1, false)",
        [Self.sessionPrefix + (candidate.http.isEmpty ? "-" : candidate.http) + " " + candidate.instance],
        timeout: .seconds(1))) != nil
    else { return }
    shownAs = backend
  }

  package func coordinators() async throws(StoreError) -> [CoordinatorSeen] {
    guard !isClosed else { throw .closed(path: server.location) }
    let rows: PostgresRows
    do {
      rows = try await reader.query(
        """
        SELECT application_name AS name, extract(epoch FROM clock_timestamp() - state_change) AS silence
        FROM pg_stat_activity
        WHERE datname = current_database() AND starts_with(application_name, '\(Self.sessionPrefix)')
        ORDER BY application_name LIMIT 64
        """, timeout: .seconds(1))
    } catch {
      throw StoreError(error, at: server.location)
    }
    return (0..<rows.count).compactMap { row in
      CoordinatorSeen(
        sessionName: rows[row, "name"] ?? "", silence: .seconds(rows.double(row, "silence") ?? 0))
    }
  }
}

extension CoordinatorSeen {
  /// Reads the name of a session; `nil` for one that no coordinator made.
  init?(sessionName: String, silence: Duration) {
    guard sessionName.hasPrefix(PostgresJournal.sessionPrefix) else { return nil }
    let parts = sessionName.dropFirst(PostgresJournal.sessionPrefix.count).split(separator: " ")
    guard parts.count == 2 else { return nil }
    self.init(instance: String(parts[1]), http: parts[0] == "-" ? "" : String(parts[0]), silence: silence)
  }
}
