import GRDB
import GRDBSQLite
import IncidentModel
import JournalAudit

/// Inserts records into the journal's table with SQLite's own calls: wrapping every value for GRDB would take
/// longer than SQLite takes to write it.
struct RecordInsert: ~Copyable {
  private let db: Database
  private let statement: Statement

  init(_ db: Database) throws {
    self.db = db
    statement = try db.cachedStatement(
      sql: """
        INSERT INTO journal (sequence, incident, at, kind, actor, payload, epoch, hash)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """)
  }

  /// Inserts one record with its hash.
  func run(_ record: JournalRecord, _ hash: ChainHash) throws {
    let raw = statement.sqliteStatement
    // Before the values go, which SQLite only borrows.
    defer {
      sqlite3_reset(raw)
      sqlite3_clear_bindings(raw)
    }
    var (kind, actor, payload) = (record.kind, record.actor, record.payload)
    var incident = record.incident?.text ?? ""
    let code = incident.withUTF8 { incident in
      kind.withUTF8 { kind in
        actor.withUTF8 { actor in
          payload.withUTF8 { payload in
            hash.withBytes { hash in
              sqlite3_bind_int64(raw, 1, record.sequence)
              if record.incident == nil { sqlite3_bind_null(raw, 2) } else { Self.bind(raw, 2, incident) }
              sqlite3_bind_int64(raw, 3, record.at.milliseconds)
              Self.bind(raw, 4, kind)
              Self.bind(raw, 5, actor)
              Self.bind(raw, 6, payload)
              sqlite3_bind_int64(raw, 7, record.epoch)
              sqlite3_bind_blob64(raw, 8, hash.baseAddress, UInt64(hash.count), nil)
              return sqlite3_step(raw)
            }
          }
        }
      }
    }
    guard code == SQLITE_DONE else {
      throw DatabaseError(
        resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(db.sqliteConnection)))
    }
  }

  private static func bind(_ statement: OpaquePointer, _ column: Int32, _ text: UnsafeBufferPointer<UInt8>) {
    // An empty text without an address would be NULL.
    guard let start = text.baseAddress, !text.isEmpty else {
      sqlite3_bind_text(statement, column, "", 0, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
      return
    }
    start.withMemoryRebound(to: CChar.self, capacity: text.count) { start in
      _ = sqlite3_bind_text64(statement, column, start, UInt64(text.count), nil, UInt8(SQLITE_UTF8))
    }
  }
}
