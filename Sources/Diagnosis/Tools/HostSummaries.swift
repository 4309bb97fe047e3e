import HostBackend
import Settings

/// Processes taken together by name. Pure.
enum ProgramSummary {
  /// The programs that use most processor time or memory; the two lists have half of the places each.
  static func programs(_ processes: [ProcessUsage]) -> [ProgramUse] {
    var uses: [String: ProgramUse] = [:]
    var hungriest: [String: Double] = [:]
    for process in processes {
      var use =
        uses[process.command]
        ?? ProgramUse(name: process.command, processes: 0, cores: 0, bytes: 0, pid: process.pid)
      use.processes += 1
      use.cores += process.cpuPercent / 100
      use.bytes += process.residentBytes
      let hunger = process.cpuPercent * 1e15 + Double(process.residentBytes)
      if hunger > hungriest[process.command, default: -1] {
        hungriest[process.command] = hunger
        use.pid = process.pid
      }
      uses[process.command] = use
    }
    let half = ProcessesResult.maxPrograms / 2
    let byCPU = uses.values.sorted { ($0.cores, $0.bytes, $1.name) > ($1.cores, $1.bytes, $0.name) }.prefix(
      half)
    let byMemory = uses.values.sorted { ($0.bytes, $1.name) > ($1.bytes, $0.name) }
      .filter { use in !byCPU.contains { $0.name == use.name } }.prefix(half)
    return Array(byCPU) + byMemory
  }
}

/// The files of a declared folder, by what may be done to them. Pure.
enum FolderSummary {
  /// Endings told apart at the most.
  static let maxKinds = 5

  /// - Parameters:
  ///   - files: the largest of the folder's files.
  ///   - now: seconds since 1970.
  static func use(
    of folder: FolderSettings, size: FolderSize, files: [FoundFile], at now: Double
  ) -> FolderUse {
    var globs = folder.deletable.map(empty)
    var kinds: [String: FileGroup] = [:]
    for file in files {
      let name = String(file.path.split(separator: "/").last ?? "")
      let age = max(0, now - file.modifiedSeconds)
      let isOld = age >= folder.keepSeconds
      for index in globs.indices where matches(name, globs[index].pattern) {
        add(file, age: age, isOld: isOld, to: &globs[index])
      }
      let kind = kind(of: name)
      add(file, age: age, isOld: isOld, to: &kinds[kind, default: empty(kind)])
    }
    let sorted = kinds.values.sorted { ($0.bytes, $1.pattern) > ($1.bytes, $0.pattern) }
    return FolderUse(
      path: folder.path, files: size.files, bytes: size.bytes,
      isPartial: !size.isComplete || files.count < size.files, budgetBytes: folder.budgetBytes,
      keepSeconds: folder.keepSeconds, globs: globs, kinds: Array(sorted.prefix(maxKinds)))
  }

  private static func empty(_ pattern: String) -> FileGroup {
    FileGroup(pattern: pattern, files: 0, bytes: 0, oldFiles: 0, oldBytes: 0, oldestSeconds: 0)
  }

  private static func add(_ file: FoundFile, age: Double, isOld: Bool, to group: inout FileGroup) {
    group.files += 1
    group.bytes = sum(group.bytes, file.bytes)
    group.oldestSeconds = max(group.oldestSeconds, age)
    if isOld {
      group.oldFiles += 1
      group.oldBytes = sum(group.oldBytes, file.bytes)
    }
  }

  // Sparse files may be as long as the type allows, each of them.
  private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }

  /// As a shell matches: a name that begins with a dot only by a pattern that does.
  private static func matches(_ name: String, _ pattern: String) -> Bool {
    if name.hasPrefix("."), !pattern.hasPrefix(".") { return false }
    return Glob.matches(name, pattern)
  }

  /// `*.log` for `access.log`; names without an ending are one kind.
  private static func kind(of name: String) -> String {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "without ending" }
    return "*" + String(name[dot...].unicodeScalars.prefix(16))
  }
}
