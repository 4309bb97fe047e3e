import JournalAudit
import PostgresBackend

extension PostgresJournal {
  /// A leadership and the session that it is held by.
  struct Leadership {
    let epoch: UInt64
    /// The session that holds the lock; `nil` after it broke.
    var connection: PostgresConnection?
    /// The server's process of that session, or of the one that broke.
    var backend: String
  }

  /// What the server says about the lock and the leader.
  private struct Situation {
    var leader: LeaderInfo
    /// The server's process that holds the lock.
    var holder: String?
    /// It holds the lock, but nothing was heard from it for longer than the server should bear.
    var isSilent: Bool
  }

  package func leader() async throws(StoreError) -> LeaderInfo? {
    guard !isClosed else { throw .closed(path: server.location) }
    let situation = try await situation(reader)
    return situation.holder == nil ? nil : situation.leader
  }

  /// Stands for leader, without waiting.
  func stand(_ candidate: LeaderInfo) async throws(StoreError) -> Campaign {
    if let lead, let connection = lead.connection {
      // Leads already; if the session has just broken it starts from the beginning.
      if let (epoch, tip) = try? await raise(candidate, on: connection) {
        self.lead = Leadership(epoch: epoch, connection: connection, backend: lead.backend)
        known = tip
        return .leading(epoch: epoch)
      }
      await connection.close()
      self.lead?.connection = nil
    }
    let situation = try await situation(reader)
    await show(candidate)
    if let holder = situation.holder {
      // A session that the server should have ended: of this one, or of a leader frozen in the middle of a
      // message, where the server's own timers don't run.
      if situation.isSilent || holder == lead?.backend { await end(holder) }
      return .following(situation.leader)
    }
    guard let (connection, backend) = try await takeLock() else { return .following(situation.leader) }
    do {
      let (epoch, tip) = try await raise(candidate, on: connection)
      lead = Leadership(epoch: epoch, connection: connection, backend: backend)
      known = tip
      doubtful = nil
      backoff.reset()
      return .leading(epoch: epoch)
    } catch {
      await connection.close()
      throw error
    }
  }

  /// Asks whether an epoch leads; the question itself renews the lease.
  func ask(_ epoch: UInt64) async throws(StoreError) {
    let current = try await asLeader(epoch) { connection, _ async throws(PostgresError) in
      try await connection.query("SELECT epoch FROM aiops.leadership").int(0, "epoch")
    }
    guard let current, UInt64(exactly: current) == epoch else {
      throw await fence(epoch, UInt64(clamping: current ?? 0))
    }
  }

  /// Gives the lock back and forgets the leadership.
  func stepDown() async {
    guard let lead else { return }
    self.lead = nil
    guard let connection = lead.connection else { return }
    // Told, not only hung up: then the lock is free when this returns.
    _ = try? await connection.query("SELECT pg_advisory_unlock_all()", timeout: .seconds(1))
    await connection.close()
  }

  /// Another leads: the leadership is over.
  func fence(_ mine: UInt64, _ current: UInt64) async -> StoreError {
    await stepDown()
    return .fenced(mine: mine, current: current)
  }

  /// Does something on the leader's session, which is made again when it broke, as long as patience lasts.
  ///
  /// - Parameter operation: takes the session, and whether an earlier try of it may have been done already.
  func asLeader<T: Sendable>(
    _ epoch: UInt64,
    _ operation: @Sendable (PostgresConnection, _ again: Bool) async throws(PostgresError) -> T
  ) async throws(StoreError) -> T {
    guard let lead, lead.epoch == epoch else { throw .fenced(mine: epoch, current: self.lead?.epoch ?? 0) }
    let end = ContinuousClock.now + Self.patience
    var again = false
    while true {
      let connection = try await session(epoch, until: end)
      do throws(PostgresError) {
        return try await operation(connection, again)
      } catch {
        if case .query = error { throw StoreError(error, at: server.location) }
        await connection.close()
        self.lead?.connection = nil
        again = true
        if ContinuousClock.now >= end { throw StoreError(error, at: server.location) }
      }
    }
  }

  /// The leader's session, made again if need be.
  private func session(
    _ epoch: UInt64, until end: ContinuousClock.Instant
  ) async throws(StoreError) -> PostgresConnection {
    if let connection = lead?.connection { return connection }
    var trouble = StoreError.unreachable(location: server.location, detail: "it was not there a moment ago")
    while true {
      guard backoff.until < end else { throw trouble }
      try? await Task.sleep(until: backoff.until, clock: .continuous)
      do throws(StoreError) {
        let (connection, backend) = try await regain(epoch)
        lead = Leadership(epoch: epoch, connection: connection, backend: backend)
        backoff.reset()
        return connection
      } catch {
        guard error.isRetryable else { throw error }
        trouble = error
        backoff.failed(chance: jitter())
      }
    }
  }

  /// Takes the lock again for an epoch that nobody has followed yet.
  private func regain(_ epoch: UInt64) async throws(StoreError) -> (PostgresConnection, String) {
    guard let (connection, backend) = try await takeLock() else {
      let situation = try await situation(reader)
      if situation.leader.epoch == epoch, situation.holder == nil || situation.holder == lead?.backend {
        // The server has not noticed yet that the former session is gone.
        if let holder = situation.holder { await end(holder) }
        throw .unreachable(
          location: server.location, detail: "the server still holds the session that broke")
      }
      throw await fence(epoch, situation.leader.epoch)
    }
    let current: UInt64
    do {
      current = try await situation(connection).leader.epoch
    } catch {
      await connection.close()
      throw error
    }
    guard current == epoch else {
      await connection.close()
      throw await fence(epoch, current)
    }
    return (connection, backend)
  }

  /// A new leader's session with the lock; `nil` when another has it.
  private func takeLock() async throws(StoreError) -> (PostgresConnection, String)? {
    let connection = server.leading()
    do throws(PostgresError) {
      let seen = try await connection.query(
        """
        SELECT pg_try_advisory_lock(\(PostgresServer.lockClass), \(PostgresServer.leaderLock)) AS locked,
          pid || '/' || extract(epoch from backend_start) AS backend
        FROM pg_stat_activity WHERE pid = pg_backend_pid()
        """)
      if seen.bool(0, "locked") == true, let backend = seen[0, "backend"] {
        try await connection.prepare(Self.appending, Self.appendStatement)
        return (connection, backend)
      }
      await connection.close()
      return nil
    } catch {
      await connection.close()
      throw StoreError(error, at: server.location)
    }
  }

  /// Writes the next epoch and who leads; the caller holds the lock.
  /// - Returns: the epoch, and the end of the chain: read once nobody of an older epoch can write any more.
  private func raise(
    _ candidate: LeaderInfo, on connection: PostgresConnection
  ) async throws(StoreError) -> (UInt64, ChainTip) {
    let row: PostgresRows
    let tip: PostgresRows
    do {
      row = try await connection.query(
        """
        UPDATE aiops.leadership
        SET epoch = epoch + 1, instance = $1, bus = $2, changes = $3, http = $4, since = clock_timestamp()
        WHERE id = 1 RETURNING epoch
        """, [candidate.instance, candidate.bus, candidate.changes, candidate.http])
      tip = try await connection.query(Self.tipQuery)
    } catch {
      throw StoreError(error, at: server.location)
    }
    guard let epoch = row.int(0, "epoch").flatMap({ UInt64(exactly: $0) }) else {
      throw .corrupt(path: server.location, detail: "the table aiops.leadership is empty")
    }
    return (epoch, try Self.tip(tip, server.location))
  }

  private func situation(_ connection: PostgresConnection) async throws(StoreError) -> Situation {
    let row: PostgresRows
    do {
      row = try await connection.query(
        """
        SELECT lead.epoch, lead.instance, lead.bus, lead.changes, lead.http, holder.backend, holder.silent
        FROM aiops.leadership AS lead LEFT JOIN LATERAL (
          SELECT l.pid || '/' || coalesce(extract(epoch from a.backend_start)::text, '') AS backend,
            a.wait_event = 'ClientRead'
              AND a.state_change < clock_timestamp() - interval '\(server.lease.milliseconds * 2) ms' AS silent
          FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
          WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
            AND l.classid = \(PostgresServer.lockClass) AND l.objid = \(PostgresServer.leaderLock)
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        ) AS holder ON true
        """)
    } catch {
      throw StoreError(error, at: server.location)
    }
    guard let epoch = row.int(0, "epoch").flatMap({ UInt64(exactly: $0) }) else {
      throw .corrupt(path: server.location, detail: "the table aiops.leadership is empty")
    }
    let leader = LeaderInfo(
      instance: row[0, "instance"] ?? "", bus: row[0, "bus"] ?? "", changes: row[0, "changes"] ?? "",
      http: row[0, "http"] ?? "", epoch: epoch)
    return Situation(
      leader: leader, holder: row[0, "backend"], isSilent: row.bool(0, "silent") == true)
  }

  /// Ends a session that holds the lock without being heard of.
  private func end(_ backend: String) async {
    guard let pid = backend.split(separator: "/").first else { return }
    // A role may end its own sessions; where it may not, the server's timers are all there is.
    _ = try? await reader.query("SELECT pg_terminate_backend($1::integer)", [String(pid)])
  }
}
