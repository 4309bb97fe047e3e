import HostBackend
import IncidentModel
import Settings
import Threads

/// The tools of this machine.
struct HostTools: Toolbox {
  /// Between the two looks at the processes.
  static let lookSeconds = 1.0
  /// Files of a folder that are told apart, the largest first.
  static let maxFiles = 50_000
  /// A walk through a folder and the next one.
  static let walk = WalkBounds(maxEntries: 200_000, maxDepth: 16, timeLimit: .seconds(2))

  private let thread = HostThread()
  private let settings: HostSourceSettings
  private let now: @Sendable () -> Timestamp

  init(_ settings: HostSourceSettings, now: @escaping @Sendable () -> Timestamp) {
    self.settings = settings
    self.now = now
  }

  func query(for tool: Tool) -> String {
    switch tool {
    case .hostTopProcesses:
      "top -b -d 1 -n 2 (reads /proc/[0-9]*/stat and /proc/stat twice); cat /proc/loadavg /proc/meminfo"
    case .hostFullestMounts: "df -PT; df -Pi"
    case .hostLargestFolders:
      settings.folders.map { "find \(Self.quoted($0.path)) -xdev -type f -printf '%s %TY-%Tm-%TdT%TT %p\\n'" }
        .joined(separator: "; ")
    default: ""
    }
  }

  func run(_ tool: Tool) async throws -> ToolResult {
    switch tool {
    case .hostTopProcesses: .processes(try await processes())
    case .hostFullestMounts: .mounts(try await mounts())
    case .hostLargestFolders: .folders(try await folders())
    default: throw NoSuchTool()
    }
  }

  func close() async { thread.shutdown() }

  func failure(_ error: any Error) -> ToolFailure? {
    guard let error = error as? HostError else { return nil }
    return ToolFailure(kind: .other, message: Shown.text("\(error)", limit: 300))
  }

  /// For a shell: within quotes nothing but the quote itself means anything.
  static func quoted(_ path: String) -> String { "'" + path.replacing("'", with: "'\\''") + "'" }

  private struct Look: Sendable {
    var processes: [ProcessReading]
    var times: CPUTimes
  }

  private func processes() async throws -> ProcessesResult {
    let clock = ContinuousClock()
    let start = clock.now
    let before = try await look()
    try await Task.sleep(for: .seconds(Self.lookSeconds))
    let after = try await look()
    let seconds = (clock.now - start).inSeconds
    return try await thread.run { probe in
      let memory = try probe.memory()
      let usage = ProcessUsage.between(
        before.processes, after.processes, seconds: seconds, ticksPerSecond: HostThread.ticksPerSecond)
      return ProcessesResult(
        programs: ProgramSummary.programs(usage),
        busy: (after.times.usagePercent(since: before.times) ?? 0) / 100,
        cores: try probe.processorCount(), load: try probe.loadAverage().oneMinute,
        memoryTotal: memory.totalBytes, memoryAvailable: memory.availableBytes,
        swapTotal: memory.swapTotalBytes, swapFree: memory.swapFreeBytes)
    }
  }

  private func look() async throws -> Look {
    try await thread.run { probe in Look(processes: try probe.processes(), times: try probe.cpuTimes()) }
  }

  private func mounts() async throws -> MountsResult {
    let wanted = settings.mounts
    return try await thread.run { probe in
      let paths = wanted.isEmpty ? try probe.mounts().map(\.path) : wanted
      let uses = paths.compactMap { path -> MountUse? in
        guard let usage = try? probe.fileSystem(at: path), usage.totalBytes > 0 else { return nil }
        // As df counts: what only root may use is no part of the whole.
        return MountUse(
          path: path, usedBytes: usage.usedBytes, totalBytes: usage.usedBytes + usage.availableBytes,
          inodeShare: (usage.inodesUsedPercent ?? 0) / 100)
      }.sorted { ($0.share, $1.path) > ($1.share, $0.path) }
      return MountsResult(mounts: Array(uses.prefix(MountsResult.maxMounts)))
    }
  }

  private func folders() async throws -> FoldersResult {
    var uses: [FolderUse] = []
    let seconds = now().seconds
    for folder in settings.folders.prefix(8) {
      // One folder that can't be read does not hide the others.
      let use = try? await thread.run { probe in
        let size = try probe.folderSize(folder.path, bounds: Self.walk)
        let files = try probe.largestFiles(in: folder.path, limit: Self.maxFiles, bounds: Self.walk)
        return FolderSummary.use(of: folder, size: size, files: files, at: seconds)
      }
      if let use { uses.append(use) }
    }
    if uses.isEmpty, let first = settings.folders.first {
      throw HostError.unreadable(path: first.path, reason: "see its owner and mode")
    }
    return FoldersResult(folders: uses.sorted { ($0.bytes, $1.path) > ($1.bytes, $0.path) })
  }
}
