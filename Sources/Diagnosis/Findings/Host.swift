/// What keeps a machine busy and full: `host.top_processes`.
package struct ProcessesResult: Hashable, Sendable {
  /// Programs kept at the most.
  package static let maxPrograms = 12

  /// Processes taken together by name, the hungriest for CPU or memory.
  package var programs: [ProgramUse]
  /// 0…1 of all cores.
  package var busy: Double
  package var cores: Int
  /// Load average over one minute.
  package var load: Double
  package var memoryTotal: Int64
  package var memoryAvailable: Int64
  package var swapTotal: Int64
  package var swapFree: Int64

  /// An answer; see the fields.
  package init(
    programs: [ProgramUse], busy: Double, cores: Int, load: Double, memoryTotal: Int64,
    memoryAvailable: Int64, swapTotal: Int64, swapFree: Int64
  ) {
    self.programs = programs
    self.busy = busy
    self.cores = cores
    self.load = load
    self.memoryTotal = memoryTotal
    self.memoryAvailable = memoryAvailable
    self.swapTotal = swapTotal
    self.swapFree = swapFree
  }

  /// Bytes that are not available.
  package var memoryUsed: Int64 { max(0, memoryTotal - memoryAvailable) }
  /// Bytes of swap in use.
  package var swapUsed: Int64 { max(0, swapTotal - swapFree) }

  var summary: String {
    let lines = programs.prefix(6).map { program in
      "\(Shown.name(program.name)) (\(program.processes)) \(Figure.decimal(program.cores)) cores, "
        + Figure.bytes(program.bytes)
    }
    return "CPU \(Figure.percent(busy)) of \(cores) cores, load \(Figure.decimal(load)), memory "
      + "\(Figure.bytes(memoryUsed)) of \(Figure.bytes(memoryTotal)), swap \(Figure.bytes(swapUsed)) of "
      + "\(Figure.bytes(swapTotal)): " + lines.joined(separator: "; ")
  }
}

/// All processes of one name.
package struct ProgramUse: Hashable, Sendable {
  package var name: String
  package var processes: Int
  /// CPU seconds a second.
  package var cores: Double
  /// Resident bytes; shared pages count for each process.
  package var bytes: Int64
  /// The hungriest process.
  package var pid: Int

  /// A use; see the fields.
  package init(name: String, processes: Int, cores: Double, bytes: Int64, pid: Int) {
    self.name = name
    self.processes = processes
    self.cores = cores
    self.bytes = bytes
    self.pid = pid
  }
}

/// The fullest file systems: `host.fullest_mounts`.
package struct MountsResult: Hashable, Sendable {
  /// Mounts kept at the most.
  package static let maxMounts = 20

  /// The fullest first.
  package var mounts: [MountUse]

  /// An answer.
  package init(mounts: [MountUse]) { self.mounts = mounts }

  /// The file system that a path lies on.
  package func holding(_ path: String) -> MountUse? {
    mounts.filter { mount in
      mount.path == "/" || path == mount.path || path.hasPrefix(mount.path + "/")
    }.max { $0.path.utf8.count < $1.path.utf8.count }
  }

  var summary: String {
    if mounts.isEmpty { return "no file systems" }
    return mounts.prefix(6).map { mount in
      "\(Shown.name(mount.path)) \(Figure.percent(mount.share)) of \(Figure.bytes(mount.totalBytes)), "
        + "inodes \(Figure.percent(mount.inodeShare))"
    }.joined(separator: "; ")
  }
}

/// How full a file system is.
package struct MountUse: Hashable, Sendable {
  package var path: String
  package var usedBytes: Int64
  package var totalBytes: Int64
  /// 0…1 of the inodes.
  package var inodeShare: Double

  /// A use; see the fields.
  package init(path: String, usedBytes: Int64, totalBytes: Int64, inodeShare: Double) {
    self.path = path
    self.usedBytes = usedBytes
    self.totalBytes = totalBytes
    self.inodeShare = inodeShare
  }

  /// 0…1 of the bytes.
  package var share: Double { totalBytes > 0 ? Double(usedBytes) / Double(totalBytes) : 0 }
}

/// What lies in the declared folders: `host.largest_folders`.
package struct FoldersResult: Hashable, Sendable {
  /// The largest first.
  package var folders: [FolderUse]

  /// An answer.
  package init(folders: [FolderUse]) { self.folders = folders }

  var summary: String {
    if folders.isEmpty { return "the config declares no folders" }
    return folders.prefix(4).map { folder in
      var text =
        "\(Shown.name(folder.path)) \(Figure.bytes(folder.bytes)) in \(folder.files) files"
        + (folder.isPartial ? " (stopped counting there)" : "")
      if let budget = folder.budgetBytes { text += ", budget \(Figure.bytes(budget))" }
      for glob in folder.globs {
        text +=
          ", \(Shown.name(glob.pattern)) \(Figure.bytes(glob.bytes)) in \(glob.files) files, "
          + "\(Figure.bytes(glob.oldBytes)) in \(glob.oldFiles) of them may be deleted"
      }
      if let kind = folder.kinds.first {
        text += ", most of it \(Shown.name(kind.pattern)): \(Figure.bytes(kind.bytes))"
      }
      return text
    }.joined(separator: "; ")
  }
}

/// How full a declared folder is, and of what.
package struct FolderUse: Hashable, Sendable {
  package var path: String
  package var files: Int
  package var bytes: Int64
  /// Whether counting stopped at a bound.
  package var isPartial: Bool
  package var budgetBytes: Int64?
  /// Files younger than that are never deleted, in seconds.
  package var keepSeconds: Double
  /// What each deletable glob matches, in the config's order.
  package var globs: [FileGroup]
  /// By the name's ending, the most bytes first.
  package var kinds: [FileGroup]

  /// A use; see the fields.
  package init(
    path: String, files: Int, bytes: Int64, isPartial: Bool, budgetBytes: Int64?,
    keepSeconds: Double, globs: [FileGroup], kinds: [FileGroup]
  ) {
    self.path = path
    self.files = files
    self.bytes = bytes
    self.isPartial = isPartial
    self.budgetBytes = budgetBytes
    self.keepSeconds = keepSeconds
    self.globs = globs
    self.kinds = kinds
  }
}

/// Files alike.
package struct FileGroup: Hashable, Sendable {
  /// A glob of names.
  package var pattern: String
  package var files: Int
  package var bytes: Int64
  /// Those that the folder's `keepSeconds` lets go.
  package var oldFiles: Int
  package var oldBytes: Int64
  /// The oldest's age, in seconds.
  package var oldestSeconds: Double

  /// A group; see the fields.
  package init(
    pattern: String, files: Int, bytes: Int64, oldFiles: Int, oldBytes: Int64,
    oldestSeconds: Double
  ) {
    self.pattern = pattern
    self.files = files
    self.bytes = bytes
    self.oldFiles = oldFiles
    self.oldBytes = oldBytes
    self.oldestSeconds = oldestSeconds
  }
}

/// What a URL answers: `http.probe`.
package struct ProbeResult: Hashable, Sendable {
  package var status: Int
  package var seconds: Double
  package var isExpected: Bool
  /// The beginning of the body.
  package var beginning: String

  /// An answer; see the fields.
  package init(status: Int, seconds: Double, isExpected: Bool, beginning: String) {
    self.status = status
    self.seconds = seconds
    self.isExpected = isExpected
    self.beginning = beginning
  }

  var summary: String {
    "status \(status) after \(Figure.duration(seconds))"
      + (isExpected ? "" : ", not one that counts as up: \(Shown.text(beginning, limit: 120))")
  }
}
