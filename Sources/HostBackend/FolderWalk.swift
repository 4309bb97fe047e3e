import Glibc

/// How far a walk through a folder may go.
package struct WalkBounds: Sendable, Equatable {
  /// After so many entries it stops.
  package var maxEntries: Int
  /// Folders deeper than this are left out.
  package var maxDepth: Int
  /// After so long it stops.
  package var timeLimit: Duration

  /// Bounds; the defaults suit a measurement every 30 s.
  package init(maxEntries: Int = 200_000, maxDepth: Int = 32, timeLimit: Duration = .seconds(5)) {
    self.maxEntries = maxEntries
    self.maxDepth = maxDepth
    self.timeLimit = timeLimit
  }
}

/// A file that a walk found.
package struct FoundFile: Sendable, Equatable {
  package var path: String
  /// Its length.
  package var bytes: Int64
  /// When its content last changed, in seconds since 1970.
  package var modifiedSeconds: Double

  /// A file; see the fields.
  package init(path: String, bytes: Int64, modifiedSeconds: Double) {
    self.path = path
    self.bytes = bytes
    self.modifiedSeconds = modifiedSeconds
  }
}

/// What a folder holds.
package struct FolderSize: Sendable, Equatable {
  /// The lengths of its files together.
  package var bytes: Int64
  package var files: Int
  /// Whether everything was seen; else there is more than this.
  package var isComplete: Bool

  /// See the fields.
  package init(bytes: Int64, files: Int, isComplete: Bool) {
    self.bytes = bytes
    self.files = files
    self.isComplete = isComplete
  }
}

extension HostProbe {
  /// How much a folder holds, its subfolders included. Symbolic links are not followed, other file
  /// systems not entered.
  package func folderSize(_ path: String, bounds: WalkBounds = WalkBounds()) throws(HostError) -> FolderSize {
    var size = FolderSize(bytes: 0, files: 0, isComplete: true)
    size.isComplete = try FolderWalk(bounds: bounds).run(path) { file in
      // Sparse files may be as long as the type allows, each of them.
      let (sum, overflow) = size.bytes.addingReportingOverflow(file.bytes)
      size.bytes = overflow ? .max : sum
      size.files += 1
    }
    return size
  }

  /// The largest files of a folder, largest first.
  package func largestFiles(
    in path: String, limit: Int, bounds: WalkBounds = WalkBounds()
  ) throws(HostError) -> [FoundFile] {
    try best(in: path, limit: limit, bounds: bounds) { $0.bytes > $1.bytes }
  }

  /// The files of a folder that were not changed for longest, oldest first.
  package func oldestFiles(
    in path: String, limit: Int, bounds: WalkBounds = WalkBounds()
  ) throws(HostError) -> [FoundFile] {
    try best(in: path, limit: limit, bounds: bounds) { $0.modifiedSeconds < $1.modifiedSeconds }
  }

  private func best(
    in path: String, limit: Int, bounds: WalkBounds, _ isBefore: (FoundFile, FoundFile) -> Bool
  ) throws(HostError) -> [FoundFile] {
    guard limit > 0 else { return [] }
    var best: [FoundFile] = []
    _ = try FolderWalk(bounds: bounds).run(path) { file in
      // Sorted now and then, so that memory is bounded by the limit and not by the folder.
      best.append(file)
      if best.count >= limit * 2 + 64 { best = Array(best.sorted(by: isBefore).prefix(limit)) }
    }
    return Array(best.sorted(by: isBefore).prefix(limit))
  }
}

/// A bounded walk through a folder and its subfolders.
struct FolderWalk {
  let bounds: WalkBounds

  /// Calls `visit` for every plain file.
  /// - Returns: whether everything was seen.
  func run(_ path: String, _ visit: (FoundFile) -> Void) throws(HostError) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Self.unreadable(path) }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw .unreadable(path: path, reason: "it is not a folder")
    }
    let device = status.st_dev
    let end = ContinuousClock.now + bounds.timeLimit
    var pending = [(path: path.hasSuffix("/") ? String(path.dropLast()) : path, depth: 0)]
    var left = bounds.maxEntries
    var isComplete = true
    while let folder = pending.popLast() {
      guard left > 0, ContinuousClock.now < end else { return false }
      guard let names = Self.names(in: folder.path.isEmpty ? "/" : folder.path, limit: left) else {
        if folder.depth == 0 { throw Self.unreadable(path) }
        isComplete = false
        continue
      }
      left -= max(1, names.count)
      for (index, name) in names.enumerated() {
        // One folder alone may hold more than there is time for.
        if index % 256 == 255, ContinuousClock.now >= end { return false }
        let full = folder.path + "/" + name
        // A file may go while we look.
        guard lstat(full, &status) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
          let modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
          visit(FoundFile(path: full, bytes: Int64(status.st_size), modifiedSeconds: modified))
        case S_IFDIR where status.st_dev == device:
          if folder.depth < bounds.maxDepth {
            pending.append((full, folder.depth + 1))
          } else {
            isComplete = false
          }
        default: break
        }
      }
    }
    return isComplete && left > 0
  }

  /// The names in a folder, at most `limit`; `nil` when it cannot be read. Names that are not UTF-8 are
  /// left out: they could not be named again.
  static func names(in path: String, limit: Int) -> [String]? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var names: [String] = []
    while names.count < limit, let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      if let name, name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  private static func unreadable(_ path: String) -> HostError {
    .unreadable(path: path, reason: String(cString: strerror(errno)))
  }
}
