import Dispatch
import GRDB
import Glibc

extension SQLiteJournal {
  /// Opens the journal at `path`, creating it if there is none, and takes the exclusive right to it.
  ///
  /// - Parameters:
  ///   - path: a file in a folder that exists.
  ///   - maximumBytes: the file refuses to grow beyond it, with `.full`; `nil` for no bound but the disk's.
  /// - Throws: ``StoreError`` when the file is not one of ours, from the future, locked, or not to be written.
  package static func open(
    path: String, maximumBytes: Int64? = nil
  ) async throws(StoreError) -> SQLiteJournal {
    let resolved = try resolve(path)
    let lock = try await takeLock(journal: resolved)
    // Opening may recover a long write-ahead log: not on the cooperative pool.
    let opened: Result<DatabaseQueue, any Error> = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(
          returning: Result { try openDatabase(path: resolved, maximumBytes: maximumBytes) })
      }
    }
    switch opened {
    case .success(let database): return SQLiteJournal(path: resolved, database: database, lock: lock)
    case .failure(let error): throw StoreError(error, path: resolved)
    }
  }

  /// Takes the lock, with a little patience for one who was killed just now and is not quite gone.
  private static func takeLock(journal path: String) async throws(StoreError) -> FileLock {
    for _ in 0..<9 {
      do {
        return try FileLock(journal: path)
      } catch .inUse {
        try? await Task.sleep(for: .milliseconds(50))
      }
    }
    return try FileLock(journal: path)
  }

  /// The file's one true path, so that two names of one file share one lock.
  private static func resolve(_ path: String) throws(StoreError) -> String {
    if let real = realpath(path, nil) {
      defer { free(real) }
      var info = stat()
      if stat(real, &info) == 0, info.st_mode & S_IFMT != S_IFREG {
        throw .notAllowed(path: path, detail: "it is not a regular file")
      }
      return String(cString: real)
    }
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    guard !name.isEmpty, let real = realpath(folder, nil) else {
      throw .missingFolder(path: path, folder: folder)
    }
    defer { free(real) }
    let realFolder = String(cString: real)
    return realFolder == "/" ? "/" + name : realFolder + "/" + name
  }

  private static func openDatabase(path: String, maximumBytes: Int64?) throws -> DatabaseQueue {
    // Created here, because SQLite would let everybody read it.
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StoreError.notAllowed(path: path, detail: String(cString: strerror(errno)))
    }
    Glibc.close(descriptor)

    var configuration = Configuration()
    configuration.label = "journal"
    configuration.busyMode = .timeout(5)
    let database = try DatabaseQueue(path: path, configuration: configuration)
    try database.inDatabase { db in
      try checkIdentity(db, path: path)
      // Not GRDB's own WAL mode, which sets synchronous to NORMAL: a commit could be lost with the power.
      guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else {
        throw StoreError.failed(path: path, detail: "this file system can't hold a write-ahead log")
      }
      try db.execute(sql: "PRAGMA synchronous = FULL")
      if let maximumBytes {
        let pageSize = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 4096
        _ = try Int64.fetchOne(db, sql: "PRAGMA max_page_count = \(max(1, maximumBytes / pageSize))")
      }
      try migrate(db)
    }
    return database
  }
}

extension StoreError {
  /// What an error of GRDB means for the journal at `path`.
  init(_ error: any Error, path: String) {
    if let error = error as? StoreError {
      self = error
      return
    }
    guard let error = error as? DatabaseError else {
      self = .failed(path: path, detail: "\(error)")
      return
    }
    let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    self =
      switch error.resultCode {
      case .SQLITE_FULL: .full(path: path)
      case .SQLITE_BUSY, .SQLITE_LOCKED: .busy(path: path)
      case .SQLITE_NOTADB: .notADatabase(path: path)
      case .SQLITE_CORRUPT: .corrupt(path: path, detail: detail)
      case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN: .notAllowed(path: path, detail: detail)
      case .SQLITE_MISUSE: .closed(path: path)
      default: .failed(path: path, detail: detail)
      }
  }
}
