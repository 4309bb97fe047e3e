/// Why the journal could not be opened, read or written. Every message says what to do.
package enum StoreError: Error, Sendable, Equatable {
  /// Another coordinator has the file; `pid` is its process, where that is known.
  case inUse(path: String, pid: Int32?)
  /// The folder that the file should be in does not exist.
  case missingFolder(path: String, folder: String)
  /// The file may not be created, read or written.
  case notAllowed(path: String, detail: String)
  /// The file is not an SQLite database.
  case notADatabase(path: String)
  /// The file is an SQLite database, but not a journal of this system.
  case foreignDatabase(path: String)
  /// A newer version of the system wrote the journal.
  case newerSchema(path: String, found: Int, supported: Int)
  /// There is no room; the same append may succeed later.
  case full(path: String)
  /// Another program holds the database's lock; the same append may succeed later.
  case busy(path: String)
  /// An append left a hole in the journal or came twice.
  case outOfOrder(expected: Int64, got: Int64)
  /// Records after those that the reader has were archived: it must read the journal from its beginning.
  case archived(path: String)
  /// The journal is damaged.
  case corrupt(path: String, detail: String)
  /// Another leadership than the caller's is the current one; the caller may not write any more.
  case fenced(mine: UInt64, current: UInt64)
  /// The server of the journal can't be reached at the moment; the same append may succeed later.
  case unreachable(location: String, detail: String)
  /// The server, or the way to it, can't hold a journal; `detail` says what to change.
  case unsuitable(location: String, detail: String)
  /// The store was closed.
  case closed(path: String)
  /// Anything else that the database or the file system said.
  case failed(path: String, detail: String)

  /// Whether the same call may succeed later without anybody changing the program's state.
  package var isRetryable: Bool {
    switch self {
    case .full, .busy, .unreachable: true
    default: false
    }
  }
}

extension StoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .inUse(let path, let pid):
      "The journal \(path) is in use by another coordinator" + (pid.map { " (process \($0))" } ?? "")
        + "; stop that one, or set coordinator.store to another file."
    case .missingFolder(let path, let folder):
      "The journal \(path) can't be created: the folder \(folder) does not exist; create it, "
        + "or set coordinator.store to another file."
    case .notAllowed(let path, let detail):
      "The journal \(path) can't be written: \(detail); give this user the right to write the file and its "
        + "folder, or set coordinator.store to another file."
    case .notADatabase(let path):
      "The file \(path) is not an SQLite database; set coordinator.store to another file."
    case .foreignDatabase(let path):
      "The file \(path) is an SQLite database of another program; set coordinator.store to another file."
    case .newerSchema(let path, let found, let supported):
      "The journal \(path) was written by a newer version (schema \(found), this one knows \(supported)); "
        + "upgrade, or set coordinator.store to another place."
    case .full(let path):
      "There is no room for the journal \(path); free some space on its file system. It is tried again."
    case .busy(let path):
      "Another program holds the lock of the journal \(path); end its transaction. It is tried again."
    case .outOfOrder(let expected, let got):
      "The journal's next record is number \(expected), not \(got)."
    case .archived(let path):
      "Records of the journal \(path) were archived before they were read; it must be read from its beginning."
    case .corrupt(let path, let detail):
      "The journal \(path) is damaged: \(detail); restore it from a backup, or set coordinator.store "
        + "to another place."
    case .fenced(let mine, let current):
      "Another coordinator leads or is about to (the journal's epoch is \(current), this one's \(mine)); "
        + "this one may not write any more."
    case .unreachable(let location, let detail):
      "The journal \(location) can't be reached: \(detail); see to its server and the network. It is tried again."
    case .unsuitable(let location, let detail):
      "The journal \(location) can't be kept there: \(detail), or set coordinator.store to another place."
    case .closed(let path): "The journal \(path) was closed."
    case .failed(let path, let detail): "The journal \(path) failed: \(detail)."
    }
  }
}
