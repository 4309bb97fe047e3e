import Glibc

/// What a sweep did.
struct SweepResult: Sendable, Equatable {
  var deleted = 0
  /// Bytes on the disk that nobody holds by another name.
  var bytes: Int64 = 0
  /// Entries that match but are no plain files: links, devices, other file systems.
  var skipped = 0
  /// Whether more files match than may be deleted at once.
  var reachedLimit = false
  /// Whether the folder is too large or too deep to be looked at whole.
  var unread = false
  /// Why it ended early.
  var trouble: String?
}

/// Finds and deletes old files below one folder, through directory descriptors only.
///
/// Every name is looked up in an open directory without following links (`openat`, `O_NOFOLLOW`), so
/// that neither a symbolic link nor a `..` nor a folder that is swapped meanwhile leads out of the
/// declared one. Only plain files on the folder's own device are deleted, oldest first.
struct FolderSweep: Sendable {
  /// Folders are entered so deep.
  static let maxDepth = 16
  /// So many entries are looked at.
  static let maxEntries = 500_000

  let path: String
  /// A file's name must match one of these …
  let patterns: [String]
  /// … and one of these, which the config declares.
  let declared: [String]
  /// Seconds since the epoch.
  let changedBefore: Double
  let limit: Int

  private struct Candidate {
    /// The names of the folders on the way, from the top.
    let folders: [[CChar]]
    let name: [CChar]
    let changed: Double
    let inode: UInt64
  }

  private struct Search {
    let device: UInt64
    var candidates: [Candidate] = []
    var entries = 0
    var result = SweepResult()
  }

  /// - Parameter shouldStop: asked between files.
  func run(shouldStop: () -> Bool) -> SweepResult {
    let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard top >= 0 else {
      var result = SweepResult()
      result.trouble = "can't open \(PlainLine.of(path, 200)): \(Self.reason(errno))"
      return result
    }
    defer { close(top) }
    var status = stat()
    guard fstat(top, &status) == 0 else {
      var result = SweepResult()
      result.trouble = "can't read \(PlainLine.of(path, 200)): \(Self.reason(errno))"
      return result
    }
    var search = Search(device: UInt64(status.st_dev))
    look(in: top, folders: [], &search, shouldStop)
    return delete(search, from: top, shouldStop)
  }

  private func look(
    in folder: Int32, folders: [[CChar]], _ search: inout Search, _ shouldStop: () -> Bool
  ) {
    // The stream takes the descriptor over, the caller keeps its own.
    let copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard copy >= 0 else {
      search.result.unread = true
      return
    }
    guard let stream = fdopendir(copy) else {
      close(copy)
      search.result.unread = true
      return
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      search.entries += 1
      guard search.entries <= Self.maxEntries, !shouldStop() else {
        search.result.unread = true
        return
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { start in
          Array(UnsafeBufferPointer(start: start, count: strlen(start) + 1))
        }
      }
      if name == [46, 0] || name == [46, 46, 0] { continue }
      visit(name, in: folder, folders: folders, &search, shouldStop)
    }
  }

  private func visit(
    _ name: [CChar], in folder: Int32, folders: [[CChar]], _ search: inout Search, _ shouldStop: () -> Bool
  ) {
    var status = stat()
    guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
    let isHere = UInt64(status.st_dev) == search.device
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      guard isHere else { return }
      guard folders.count < Self.maxDepth else {
        search.result.unread = true
        return
      }
      let inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard inner >= 0 else {
        search.result.unread = true
        return
      }
      defer { close(inner) }
      look(in: inner, folders: folders + [name], &search, shouldStop)
    case S_IFREG where isHere:
      guard matches(name), isOld(status) else { return }
      search.candidates.append(
        Candidate(
          folders: folders, name: name, changed: Self.changed(status), inode: UInt64(status.st_ino)))
      // Keeps the oldest, without holding a whole file system in memory.
      if search.candidates.count > 2 * limit + 1000 { trim(&search) }
    default:
      if matches(name) { search.result.skipped += 1 }
    }
  }

  private func trim(_ search: inout Search) {
    search.candidates.sort { $0.changed < $1.changed }
    if search.candidates.count > limit {
      search.candidates.removeLast(search.candidates.count - limit)
      search.result.reachedLimit = true
    }
  }

  private func delete(_ found: Search, from top: Int32, _ shouldStop: () -> Bool) -> SweepResult {
    var search = found
    trim(&search)
    var result = search.result
    for candidate in search.candidates {
      if shouldStop() {
        result.trouble = "it was stopped"
        return result
      }
      guard let folder = reach(candidate.folders, from: top) else { continue }
      defer { close(folder) }
      // Looked at once more: it may have been written to, or be another file by now.
      var status = stat()
      guard fstatat(folder, candidate.name, &status, AT_SYMLINK_NOFOLLOW) == 0,
        status.st_mode & S_IFMT == S_IFREG, UInt64(status.st_dev) == search.device,
        UInt64(status.st_ino) == candidate.inode, isOld(status)
      else { continue }
      guard unlinkat(folder, candidate.name, 0) == 0 else {
        if errno == ENOENT { continue }
        result.trouble = "can't delete a file in \(PlainLine.of(path, 200)): \(Self.reason(errno))"
        return result
      }
      result.deleted += 1
      if status.st_nlink == 1 { result.bytes += Int64(status.st_blocks) * 512 }
    }
    return result
  }

  /// Opens the folder at the end of the way; the caller closes it.
  private func reach(_ folders: [[CChar]], from top: Int32) -> Int32? {
    var folder = openat(top, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    for name in folders {
      guard folder >= 0 else { return nil }
      let inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      close(folder)
      folder = inner
    }
    return folder >= 0 ? folder : nil
  }

  private func matches(_ name: [CChar]) -> Bool {
    func any(_ globs: [String]) -> Bool {
      globs.contains { !$0.contains("/") && fnmatch($0, name, FNM_PERIOD) == 0 }
    }
    return any(patterns) && any(declared)
  }

  private func isOld(_ status: stat) -> Bool { Self.changed(status) <= changedBefore }

  private static func changed(_ status: stat) -> Double {
    Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
