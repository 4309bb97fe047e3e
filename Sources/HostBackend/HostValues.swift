/// Processor time since the machine started, in ticks, over all processors.
package struct CPUTimes: Sendable, Equatable {
  package var busyTicks: UInt64
  package var totalTicks: UInt64

  /// See the fields.
  package init(busyTicks: UInt64, totalTicks: UInt64) {
    self.busyTicks = busyTicks
    self.totalTicks = totalTicks
  }

  /// How busy the processors were between two readings, 0…100; `nil` when no time passed or the counters
  /// went back.
  package func usagePercent(since earlier: CPUTimes) -> Double? {
    guard totalTicks > earlier.totalTicks, busyTicks >= earlier.busyTicks else { return nil }
    let share = Double(busyTicks - earlier.busyTicks) / Double(totalTicks - earlier.totalTicks)
    return min(100, share * 100)
  }
}

/// Memory of the machine, in bytes.
package struct MemoryUsage: Sendable, Equatable {
  package var totalBytes: Int64
  /// What programs can still get, caches given back.
  package var availableBytes: Int64
  package var swapTotalBytes: Int64
  package var swapFreeBytes: Int64

  /// See the fields.
  package init(totalBytes: Int64, availableBytes: Int64, swapTotalBytes: Int64, swapFreeBytes: Int64) {
    self.totalBytes = totalBytes
    self.availableBytes = availableBytes
    self.swapTotalBytes = swapTotalBytes
    self.swapFreeBytes = swapFreeBytes
  }

  /// 0…100.
  package var usedPercent: Double {
    percent(totalBytes - availableBytes, of: totalBytes) ?? 0
  }

  /// 0…100; `nil` without swap.
  package var swapUsedPercent: Double? {
    guard swapTotalBytes > 0 else { return nil }
    return percent(swapTotalBytes - swapFreeBytes, of: swapTotalBytes)
  }
}

/// How many tasks ran or waited to run, on average.
package struct LoadAverage: Sendable, Equatable {
  package var oneMinute: Double
  package var fiveMinutes: Double
  package var fifteenMinutes: Double
}

/// What went through a network interface since it came up.
package struct InterfaceCounters: Sendable, Equatable {
  package var name: String
  package var receivedBytes: UInt64
  package var transmittedBytes: UInt64
  /// Receive and transmit errors.
  package var errors: UInt64

  /// See the fields.
  package init(name: String, receivedBytes: UInt64, transmittedBytes: UInt64, errors: UInt64) {
    self.name = name
    self.receivedBytes = receivedBytes
    self.transmittedBytes = transmittedBytes
    self.errors = errors
  }
}

/// A mounted file system.
package struct Mount: Sendable, Equatable {
  package var device: String
  package var path: String
  package var type: String
  package var isReadOnly: Bool

  /// See the fields.
  package init(device: String, path: String, type: String, isReadOnly: Bool) {
    self.device = device
    self.path = path
    self.type = type
    self.isReadOnly = isReadOnly
  }

  /// Whether files of people and programs live there: not the kernel's own views, nor images that are
  /// full by their nature.
  package var isReal: Bool {
    guard !isReadOnly, Self.realTypes.contains(type) else { return false }
    switch type {
    // Elsewhere it is the root of a container that this machine runs: the host's own disk once more.
    case "overlay": return path == "/"
    case "tmpfs":
      return !["/sys", "/proc", "/dev", "/run"].contains { path == $0 || path.hasPrefix($0 + "/") }
    default: return true
    }
  }

  /// `overlay` is a container's root, `tmpfs` counts because it fills up like any other, but for the system's own.
  private static let realTypes: Set<String> = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "bcachefs", "ntfs", "ntfs3",
    "fuseblk", "vfat", "exfat", "overlay", "tmpfs", "nfs", "nfs4", "cifs", "ceph", "9p", "virtiofs",
  ]
}

/// How full a file system is.
package struct FileSystemUsage: Sendable, Equatable {
  package var totalBytes: Int64
  /// What programs without privileges can still write.
  package var availableBytes: Int64
  package var usedBytes: Int64
  /// 0 where the file system has no fixed number.
  package var totalInodes: Int64
  package var freeInodes: Int64

  /// 0…100, as `df` counts: used against used and available, without what is reserved for root.
  package var usedPercent: Double {
    let usable = usedBytes + availableBytes
    return percent(usedBytes, of: usable) ?? 0
  }

  /// 0…100; `nil` where the file system has no fixed number of inodes.
  package var inodesUsedPercent: Double? {
    guard totalInodes > 0 else { return nil }
    return percent(totalInodes - freeInodes, of: totalInodes)
  }
}

/// One look at one process.
package struct ProcessReading: Sendable, Equatable {
  package var pid: Int
  /// The command's name, at most 15 characters, chosen by the process: data from outside.
  package var command: String
  /// proc(5)'s letter, e.g. `R` or `D`.
  package var state: String
  /// Processor time that it has had.
  package var cpuTicks: UInt64
  /// When it started, in ticks since the machine did: tells it from another that got its number.
  package var startTicks: UInt64
  /// Memory that it holds.
  package var residentBytes: Int64

  /// See the fields.
  package init(
    pid: Int, command: String, state: String, cpuTicks: UInt64, startTicks: UInt64, residentBytes: Int64
  ) {
    self.pid = pid
    self.command = command
    self.state = state
    self.cpuTicks = cpuTicks
    self.startTicks = startTicks
    self.residentBytes = residentBytes
  }
}

/// What a process used between two looks.
package struct ProcessUsage: Sendable, Equatable {
  package var pid: Int
  package var command: String
  /// 100 is one whole processor.
  package var cpuPercent: Double
  package var residentBytes: Int64

  /// What changed between two looks, most processor time first. Pure.
  package static func between(
    _ earlier: [ProcessReading], _ later: [ProcessReading], seconds: Double, ticksPerSecond: Double
  ) -> [ProcessUsage] {
    let before = Dictionary(earlier.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
    return later.map { process in
      var used: UInt64 = 0
      if let old = before[process.pid], old.startTicks == process.startTicks {
        used = process.cpuTicks >= old.cpuTicks ? process.cpuTicks - old.cpuTicks : 0
      }
      let percent = seconds > 0 && ticksPerSecond > 0 ? 100 * Double(used) / ticksPerSecond / seconds : 0
      return ProcessUsage(
        pid: process.pid, command: process.command, cpuPercent: percent,
        residentBytes: process.residentBytes)
    }.sorted { ($0.cpuPercent, $0.residentBytes) > ($1.cpuPercent, $1.residentBytes) }
  }
}

/// A part in percent of the whole, 0…100; `nil` of nothing. Of very large numbers rounding would make a little more.
private func percent(_ part: Int64, of whole: Int64) -> Double? {
  whole > 0 ? min(100, 100 * Double(max(0, part)) / Double(whole)) : nil
}
