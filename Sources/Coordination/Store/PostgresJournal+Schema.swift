import PostgresBackend

extension PostgresJournal {
  /// What makes each schema version of the one before; version n is the n-th. Never change one that was
  /// released, add another.
  static let migrations = [
    """
    CREATE TABLE aiops.journal (
      sequence bigint PRIMARY KEY CHECK (sequence > 0),
      epoch bigint NOT NULL,
      incident text,
      at bigint NOT NULL,
      kind text NOT NULL,
      actor text NOT NULL,
      payload text NOT NULL
    );
    CREATE INDEX journal_incident ON aiops.journal (incident, sequence) WHERE incident IS NOT NULL;
    CREATE TABLE aiops.journal_archive (LIKE aiops.journal INCLUDING ALL);
    CREATE TABLE aiops.leadership (
      id integer PRIMARY KEY CHECK (id = 1),
      epoch bigint NOT NULL,
      instance text NOT NULL,
      bus text NOT NULL,
      changes text NOT NULL,
      http text NOT NULL,
      since timestamptz
    );
    INSERT INTO aiops.leadership (id, epoch, instance, bus, changes, http) VALUES (1, 0, '', '', '', '');
    COMMENT ON TABLE aiops.journal IS 'What happened, in order; times are milliseconds since 1970. Append-only.';
    COMMENT ON TABLE aiops.leadership IS 'The coordinator that writes the journal.';
    """,
    chaining,
  ]

  /// Chains the records that are there as ``ChainEncoder`` does, marked as chained later than they were written.
  ///
  /// Coordinators of older versions that still run can't append without a hash, and the epoch fences off the
  /// one that leads.
  private static let chaining = """
    LOCK TABLE aiops.journal, aiops.journal_archive IN ACCESS EXCLUSIVE MODE;
    UPDATE aiops.leadership SET epoch = epoch + 1 WHERE epoch > 0;
    ALTER TABLE aiops.journal ADD COLUMN hash bytea;
    ALTER TABLE aiops.journal_archive ADD COLUMN hash bytea;
    CREATE TABLE aiops.chain (
      id integer PRIMARY KEY CHECK (id = 1),
      since bigint NOT NULL
    );
    CREATE FUNCTION aiops.chain_part(part text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
      SELECT int8send(octet_length(convert_to(part, 'UTF8'))::bigint) || convert_to(part, 'UTF8')
    $$;
    DO $$
    DECLARE
      tip bytea := decode(repeat('00', 32), 'hex');
      last bigint := 0;
      r record;
    BEGIN
      FOR r IN SELECT *, false AS archived FROM aiops.journal
        UNION ALL SELECT *, true FROM aiops.journal_archive ORDER BY sequence
      LOOP
        tip := sha256('aiops journal'::bytea || '\\x0101'::bytea || tip
          || int8send(r.sequence) || int8send(r.epoch) || int8send(r.at)
          || CASE WHEN r.incident IS NULL THEN '\\x00'::bytea
            ELSE '\\x01'::bytea || aiops.chain_part(r.incident) END
          || aiops.chain_part(r.kind) || aiops.chain_part(r.actor) || aiops.chain_part(r.payload));
        last := r.sequence;
        IF r.archived THEN
          UPDATE aiops.journal_archive SET hash = tip WHERE sequence = last;
        ELSE
          UPDATE aiops.journal SET hash = tip WHERE sequence = last;
        END IF;
      END LOOP;
      INSERT INTO aiops.chain (id, since) VALUES (1, last + 1);
    END $$;
    DROP FUNCTION aiops.chain_part(text);
    ALTER TABLE aiops.journal ALTER COLUMN hash SET NOT NULL;
    ALTER TABLE aiops.journal_archive ALTER COLUMN hash SET NOT NULL;
    COMMENT ON TABLE aiops.chain IS 'Records before this one were chained later than they were written.';
    """

  /// Checks that the server can hold a journal, and brings its schema to the newest version.
  ///
  /// Each version is a transaction of its own under an advisory lock, so that several may start at once.
  static func migrate(_ server: PostgresServer) async throws(StoreError) {
    let connection = server.single()
    do throws(StoreError) {
      try await checkServer(connection, server.location)
      while try await version(connection, server.location) < migrations.count {
        try await migrateOnce(connection, server.location)
      }
      await connection.close()
    } catch {
      // Ends its transaction too.
      await connection.close()
      throw error
    }
  }

  private static func checkServer(
    _ connection: PostgresConnection, _ location: String
  ) async throws(StoreError) {
    let facts = try await query(
      connection, location,
      """
      SELECT current_setting('server_version_num') AS version, current_setting('server_version') AS shown,
        current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS recovery,
        pg_backend_pid() AS backend
      """)
    guard await connection.backend.map({ Int($0) }) == facts.int(0, "backend") else {
      throw .unsuitable(
        location: location,
        detail: "a connection pool is in between, which would lend the leader's session to others; "
          + "name the server itself")
    }
    if let version = facts.int(0, "version"), version < PostgresServer.oldest {
      throw .unsuitable(
        location: location,
        detail:
          "its PostgreSQL is version \(facts[0, "shown"] ?? "?"), and 14 is the oldest that will do; upgrade it"
      )
    }
    if let encoding = facts[0, "encoding"], encoding != "UTF8" {
      throw .unsuitable(
        location: location,
        detail: "the database's encoding is \(encoding); create one with ENCODING 'UTF8' TEMPLATE template0")
    }
    if facts.bool(0, "recovery") == true {
      throw .unreachable(location: location, detail: "the server is a standby, which only reads")
    }
  }

  /// The version of the schema that is there; 0 for none.
  private static func version(
    _ connection: PostgresConnection, _ location: String
  ) async throws(StoreError) -> Int {
    let seen = try await query(
      connection, location,
      """
      SELECT to_regclass('aiops.journal_schema') IS NOT NULL AS marked, count(*) AS relations
      FROM pg_class WHERE relnamespace = to_regnamespace('aiops')
      """)
    guard seen.bool(0, "marked") == true else {
      // An empty schema may have been made for a role that may not make one.
      guard seen.int(0, "relations") == 0 else { throw foreign(location) }
      return 0
    }
    let marks: PostgresRows
    do {
      marks = try await connection.query("SELECT application, version FROM aiops.journal_schema")
    } catch {
      if error.sqlState == "42703" { throw foreign(location) }
      throw StoreError(error, at: location)
    }
    guard marks.count == 1, marks[0, "application"] == "aiops", let version = marks.int(0, "version") else {
      throw foreign(location)
    }
    guard version <= migrations.count else {
      throw .newerSchema(path: location, found: version, supported: migrations.count)
    }
    return version
  }

  private static func foreign(_ location: String) -> StoreError {
    .unsuitable(
      location: location,
      detail: "its schema aiops belongs to another program; name another database")
  }

  private static func migrateOnce(
    _ connection: PostgresConnection, _ location: String
  ) async throws(StoreError) {
    // Whoever came first may take a while.
    _ = try await query(connection, location, "BEGIN; SET LOCAL lock_timeout = 20000")
    _ = try await query(
      connection, location,
      "SELECT pg_advisory_xact_lock(\(PostgresServer.lockClass), \(PostgresServer.schemaLock))",
      timeout: .seconds(25))
    let version = try await version(connection, location)
    if version == 0 {
      _ = try await query(
        connection, location,
        """
        DO $$ BEGIN
          IF to_regnamespace('aiops') IS NULL THEN CREATE SCHEMA aiops; END IF;
        END $$;
        CREATE TABLE aiops.journal_schema (
          application text PRIMARY KEY,
          version integer NOT NULL
        );
        INSERT INTO aiops.journal_schema (application, version) VALUES ('aiops', 0);
        """)
    }
    if version < migrations.count {
      _ = try await query(
        connection, location,
        migrations[version] + "UPDATE aiops.journal_schema SET version = \(version + 1);",
        timeout: .seconds(600))
    }
    _ = try await query(connection, location, "COMMIT")
  }

  private static func query(
    _ connection: PostgresConnection, _ location: String, _ sql: String, timeout: Duration? = nil
  ) async throws(StoreError) -> PostgresRows {
    do {
      return try await connection.query(sql, timeout: timeout)
    } catch {
      throw StoreError(error, at: location)
    }
  }
}
