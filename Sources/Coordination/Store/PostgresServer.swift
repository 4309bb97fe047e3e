import PostgresBackend

/// The server that a journal is on, and how its connections are made.
struct PostgresServer: Sendable {
  /// The oldest version with `idle_session_timeout`, which the leader's lease is made of.
  static let oldest = 140_000
  /// "AIOP": the first key of the advisory locks.
  static let lockClass = 0x4149_4F50
  /// The second key of the lock that the leader holds.
  static let leaderLock = 1
  /// The second key of the lock that whoever changes the schema holds.
  static let schemaLock = 2

  let url: String
  /// Where it is, for people: without the password.
  let location: String
  /// A leader's session that is silent for so long is ended by the server.
  let lease: Duration

  init(url: String, lease: Duration) throws(StoreError) {
    do {
      location = try PostgresConnection.place(of: url)
    } catch {
      throw .unsuitable(location: "postgres://…", detail: "\(error)")
    }
    self.url = url
    self.lease = lease
  }

  /// For reading; connects again by itself.
  func reader() -> PostgresConnection {
    connection("aiops-coordinator", setup: Self.session, reconnects: true)
  }

  /// For what needs one session from its beginning to its end.
  func single() -> PostgresConnection {
    connection("aiops-coordinator", setup: Self.session, reconnects: false)
  }

  /// For the leader: a session that the server ends when it hears nothing for the lease's time.
  func leading() -> PostgresConnection {
    let milliseconds = lease.milliseconds
    return connection(
      "aiops-coordinator leader",
      setup: Self.session + """
        SET idle_session_timeout = \(milliseconds);
        SET idle_in_transaction_session_timeout = \(milliseconds);
        SET tcp_user_timeout = 5000;
        SET tcp_keepalives_idle = 2;
        SET tcp_keepalives_interval = 1;
        SET tcp_keepalives_count = 3;
        """, reconnects: false)
  }

  private func connection(_ name: String, setup: String, reconnects: Bool) -> PostgresConnection {
    PostgresConnection(
      conninfo: url, applicationName: name, timeout: PostgresJournal.patience,
      options: .init(setup: setup, reconnects: reconnects, noticesSilence: true))
  }

  /// What holds for every session, whatever the server's defaults are.
  ///
  /// A commit that returned must be on the disk; where the server's default promises even more, it stays.
  /// Nobody waits for a lock longer than for the server.
  private static let session = """
    SET search_path = pg_catalog;
    SET default_transaction_isolation = 'read committed';
    SET statement_timeout = 0;
    SET lock_timeout = 1500;
    SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
      WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false);

    """
}

extension Duration {
  /// Whole milliseconds, at least one.
  var milliseconds: Int64 {
    max(1, components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
  }
}

extension StoreError {
  /// What an error of PostgreSQL's means for the journal at `location`.
  init(_ error: PostgresError, at location: String) {
    let detail = "\(error)"
    switch error {
    case .connection, .timedOut, .cancelled: self = .unreachable(location: location, detail: detail)
    case .closed: self = .closed(path: location)
    case .tooLarge: self = .failed(path: location, detail: detail)
    case .query(_, let state):
      let state = state ?? ""
      switch state.prefix(2) {
      case "40", "55", "57", "08": self = .unreachable(location: location, detail: detail)
      case "53" where state == "53100": self = .full(path: location)
      case "53": self = .unreachable(location: location, detail: detail)
      case "25" where state == "25006":
        self = .unreachable(location: location, detail: "the server only reads, as a standby does: \(detail)")
      case "42" where state == "42501":
        self = .unsuitable(
          location: location,
          detail: "\(detail); give its role the right to use (and at first to create) the schema aiops")
      case "42", "3F":
        self = .corrupt(path: location, detail: "tables are missing or not as they were made: \(detail)")
      case "XX": self = .corrupt(path: location, detail: detail)
      default: self = .failed(path: location, detail: detail)
      }
    }
  }
}
