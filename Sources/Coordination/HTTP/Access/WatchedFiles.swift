import Glibc
import Threads

/// What came of a look at watched files.
enum ReloadOutcome: Sendable, Equatable {
  case unchanged
  case reloaded
  /// They changed and can't be read; why, for people.
  case broken(String)
}

/// What was read from files, and is read again when they change.
///
/// What can't be read keeps what was there before. Files that were changed within the last two seconds are read
/// once more, because a second change in the same tick of the file system's clock would not show.
final class WatchedFiles<Value: Sendable>: Sendable {
  private struct State {
    var value: Value
    var stamps: [FileStamp?]
    var isSettled: Bool
    var lastError: String?
  }

  let paths: [String]
  private let load: @Sendable () throws -> Value
  private let state: Locked<State>

  /// Reads the files.
  /// - Throws: what `load` throws.
  init(_ paths: [String], load: @escaping @Sendable () throws -> Value) throws {
    self.paths = paths
    self.load = load
    let stamps = paths.map(FileStamp.init)
    state = Locked(State(value: try load(), stamps: stamps, isSettled: Self.isSettled(stamps)))
  }

  /// What was read last without an error.
  var value: Value { state.withLock { $0.value } }

  /// Reads the files again if they changed. Called by one task.
  func look() -> ReloadOutcome {
    let stamps = paths.map(FileStamp.init)
    let isChanged = state.withLock { $0.stamps != stamps || !$0.isSettled }
    guard isChanged else { return .unchanged }
    do {
      let new = try load()
      return state.withLock { state in
        let isNew = state.stamps != stamps || state.lastError != nil
        state = State(value: new, stamps: stamps, isSettled: Self.isSettled(stamps))
        return isNew ? .reloaded : .unchanged
      }
    } catch {
      let reason = "\(error)"
      return state.withLock { state in
        let isNew = state.lastError != reason
        state.stamps = stamps
        state.isSettled = Self.isSettled(stamps)
        state.lastError = reason
        return isNew ? .broken(reason) : .unchanged
      }
    }
  }

  private static func isSettled(_ stamps: [FileStamp?]) -> Bool {
    let now = time(nil)
    return stamps.allSatisfy { $0.map { now - $0.changedAt > 2 } ?? true }
  }
}

/// What tells one content of a file from another without reading it.
struct FileStamp: Sendable, Equatable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let seconds: Int
  private let nanoseconds: Int

  /// The stamp of a file, followed through links; `nil` when there is none.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    // Of content and of owner and mode alike.
    seconds = status.st_ctim.tv_sec
    nanoseconds = status.st_ctim.tv_nsec
  }

  /// In seconds since 1970.
  var changedAt: Int { seconds }
}
