import FoundationEssentials
import GRDB
import JournalAudit

extension SQLiteJournal {
  /// Says that an SQLite file is a journal of this system: "AIOP".
  static let applicationID: Int32 = 0x4149_4F50

  /// What makes each schema version of the one before; version n is the n-th. Never change one that was
  /// released, add another.
  static let migrations: [@Sendable (Database) throws -> Void] = [
    { db in
      try db.execute(
        sql: """
          CREATE TABLE journal (
            sequence INTEGER PRIMARY KEY,
            incident TEXT,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            actor TEXT NOT NULL,
            payload TEXT NOT NULL
          ) STRICT;
          CREATE INDEX journal_incident ON journal (incident, sequence) WHERE incident IS NOT NULL;
          """)
    },
    { db in
      // A constant default, so that no row has to be rewritten.
      try db.execute(
        sql: """
          ALTER TABLE journal ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
          CREATE TABLE leadership (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            epoch INTEGER NOT NULL,
            instance TEXT NOT NULL,
            bus TEXT NOT NULL,
            changes TEXT NOT NULL,
            http TEXT NOT NULL
          ) STRICT;
          INSERT INTO leadership (id, epoch, instance, bus, changes, http) VALUES (1, 0, '', '', '', '');
          """)
    },
    { db in
      try db.execute(
        sql: """
          CREATE TABLE journal_archive (
            sequence INTEGER PRIMARY KEY,
            incident TEXT,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            actor TEXT NOT NULL,
            payload TEXT NOT NULL,
            epoch INTEGER NOT NULL DEFAULT 0
          ) STRICT;
          CREATE INDEX archive_incident ON journal_archive (incident, sequence) WHERE incident IS NOT NULL;
          """)
    },
    { db in
      try db.execute(
        sql: """
          ALTER TABLE journal ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
          ALTER TABLE journal_archive ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
          CREATE TABLE chain (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            since INTEGER NOT NULL
          ) STRICT;
          """)
      let last = try chainExisting(db)
      try db.execute(sql: "INSERT INTO chain (id, since) VALUES (1, ?)", arguments: [last + 1])
    },
  ]

  /// Chains the records that are there, marked as chained later than they were written.
  /// - Returns: the last one's number.
  private static func chainExisting(_ db: Database) throws -> Int64 {
    var tip = ChainTip.origin
    var encoder = ChainEncoder()
    while true {
      var lot: [(sequence: Int64, hash: ChainHash, isArchived: Bool)] = []
      try SQLiteRecords.each(db, where: "sequence > ?1", [tip.sequence], isChained: false, limit: batchSize) {
        tip = ChainTip(
          sequence: $0.sequence, hash: encoder.hash(of: $0, after: tip.hash, isLate: true))
        lot.append((tip.sequence, tip.hash, $0.isArchived))
      }
      guard !lot.isEmpty else { return tip.sequence }
      let journal = try db.cachedStatement(sql: "UPDATE journal SET hash = ? WHERE sequence = ?")
      let archive = try db.cachedStatement(sql: "UPDATE journal_archive SET hash = ? WHERE sequence = ?")
      for record in lot {
        try (record.isArchived ? archive : journal).execute(
          arguments: [Data(record.hash.bytes), record.sequence])
      }
    }
  }

  /// Refuses what is not ours or newer than us, before anything is changed.
  static func checkIdentity(_ db: Database, path: String) throws {
    let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    if application != applicationID {
      let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
      guard application == 0, version == 0, tables == 0 else {
        throw StoreError.foreignDatabase(path: path)
      }
    }
    guard version <= migrations.count else {
      throw StoreError.newerSchema(path: path, found: version, supported: migrations.count)
    }
  }

  /// Brings an empty or older journal to the newest schema, each version in a transaction of its own.
  static func migrate(_ db: Database) throws {
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    for (index, migration) in migrations.enumerated().dropFirst(version) {
      try db.inTransaction(.immediate) {
        try migration(db)
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        try db.execute(sql: "PRAGMA user_version = \(index + 1)")
        return .commit
      }
    }
  }
}
