import Glibc

/// Reads this machine's state from `/proc` and statvfs.
///
/// Every call may block (a network file system may for long), so it belongs on a thread of its own.
package struct HostProbe: Sendable {
  private let root: String

  /// - Parameter root: the folder that takes the place of `/` for the files under `proc`; for tests.
  package init(root: String = "/") {
    self.root = root.hasSuffix("/") ? root : root + "/"
  }

  /// Processor time since the start; usage comes from two readings.
  package func cpuTimes() throws(HostError) -> CPUTimes { try parse("proc/stat", ProcText.cpuTimes) }

  /// How many processors are on; at least 1.
  package func processorCount() throws(HostError) -> Int {
    max(1, try parse("proc/stat", ProcText.processorCount))
  }

  /// Memory and swap.
  package func memory() throws(HostError) -> MemoryUsage { try parse("proc/meminfo", ProcText.memory) }

  /// The load averages.
  package func loadAverage() throws(HostError) -> LoadAverage {
    try parse("proc/loadavg", ProcText.loadAverage)
  }

  /// Every network interface but the loopback.
  package func network() throws(HostError) -> [InterfaceCounters] {
    try parse("proc/net/dev", ProcText.network).filter { $0.name != "lo" }
  }

  /// The mounted file systems that hold files of people and programs, each device once.
  package func mounts() throws(HostError) -> [Mount] {
    var paths: Set<String> = []
    var devices: Set<String> = []
    var numbers: Set<dev_t> = []
    // A later mount on the same path hides the earlier one.
    let visible = try parse("proc/self/mounts", ProcText.mounts).reversed()
      .filter { paths.insert($0.path).inserted }.reversed()
    return visible.filter { mount in
      // `tmpfs` and `overlay` are names, not devices. A bind mount shows a device again.
      guard mount.isReal, !mount.device.hasPrefix("/") || devices.insert(mount.device).inserted else {
        return false
      }
      var status = stat()
      guard stat(root + mount.path.dropFirst(), &status) == 0 else { return true }
      return numbers.insert(status.st_dev).inserted
    }
  }

  /// How full the file system is on which `path` lies.
  package func fileSystem(at path: String) throws(HostError) -> FileSystemUsage {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw Self.unreadable(path) }
    let block = Int64(clamping: status.f_frsize)
    func bytes(_ blocks: fsblkcnt_t) -> Int64 {
      let (bytes, overflow) = Int64(clamping: blocks).multipliedReportingOverflow(by: block)
      // Half of what there could be, so that two of them can be added.
      return overflow ? .max / 2 : min(max(bytes, 0), .max / 2)
    }
    return FileSystemUsage(
      totalBytes: bytes(status.f_blocks), availableBytes: bytes(status.f_bavail),
      usedBytes: bytes(status.f_blocks >= status.f_bfree ? status.f_blocks - status.f_bfree : 0),
      totalInodes: Int64(clamping: status.f_files), freeInodes: Int64(clamping: status.f_ffree))
  }

  /// One look at every process, at most `limit`.
  package func processes(limit: Int = 20_000) throws(HostError) -> [ProcessReading] {
    let folder = root + "proc"
    guard let names = FolderWalk.names(in: folder, limit: limit * 2) else { throw Self.unreadable(folder) }
    let pageSize = Int64(sysconf(CInt(_SC_PAGESIZE)))
    return names.lazy.filter { $0.utf8.allSatisfy { (48...57).contains($0) } }.prefix(limit).compactMap {
      // A process may end between the listing and the look.
      (try? read("proc/\($0)/stat")).flatMap { ProcText.process(stat: $0, pageSize: pageSize) }
    }
  }

  /// The processes that use most processor time, from two looks with `interval` between them.
  package func topProcesses(
    limit: Int, over interval: Duration = .milliseconds(500)
  ) async throws -> [ProcessUsage] {
    let clock = ContinuousClock()
    let start = clock.now
    let before = try processes()
    try await Task.sleep(for: interval)
    let after = try processes()
    let (seconds, attoseconds) = (clock.now - start).components
    let usage = ProcessUsage.between(
      before, after, seconds: Double(seconds) + Double(attoseconds) / 1e18,
      ticksPerSecond: Double(sysconf(CInt(_SC_CLK_TCK))))
    return Array(usage.prefix(limit))
  }

  /// A process's command line, its arguments joined by blanks, cut to `limit` bytes; `nil` when it is gone.
  /// It may hold secrets of that process: for people who may see them only.
  package func commandLine(pid: Int, limit: Int = 200) -> String? {
    guard let text = try? read("proc/\(pid)/cmdline") else { return nil }
    return String(decoding: text.utf8.prefix(limit).map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
  }

  private func parse<Value>(_ path: String, _ parser: (String) -> Value?) throws(HostError) -> Value {
    guard let value = parser(try read(path)) else { throw .unexpected(path: root + path) }
    return value
  }

  /// The text of a file under the root, at most 4 MiB of it.
  func read(_ path: String) throws(HostError) -> String {
    let full = root + path
    let descriptor = open(full, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.unreadable(full) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count < 4 << 20 {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Self.unreadable(full) }
      if count == 0 { break }
      bytes.append(contentsOf: buffer.prefix(count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func unreadable(_ path: String) -> HostError {
    .unreadable(path: path, reason: String(cString: strerror(errno)))
  }
}
