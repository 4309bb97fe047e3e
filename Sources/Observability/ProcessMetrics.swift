import Glibc

/// What the kernel says of this process.
package struct ProcessUsage: Sendable, Equatable {
  /// Memory in use, in bytes.
  package var residentBytes: Double
  /// Time on processors, user and system, in seconds.
  package var cpuSeconds: Double
  /// Open file descriptors.
  package var openDescriptors: Int
  /// When the process started, in seconds since 1970.
  package var startSeconds: Double

  /// Reads /proc; `nil` where that is not possible.
  package static func current() -> ProcessUsage? {
    guard let stat = readText("/proc/self/stat"), let system = readText("/proc/stat") else { return nil }
    return ProcessUsage(stat: stat, system: system, openDescriptors: descriptors())
  }

  /// Parses `/proc/self/stat` and the boot time in `/proc/stat` (proc(5)).
  init?(stat: String, system: String, openDescriptors: Int) {
    // The second field is the program's name in parentheses, which may hold anything.
    guard let end = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: end)...].split(whereSeparator: \.isWhitespace)
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    let boot = system.split(separator: "\n").first { $0.hasPrefix("btime ") }
    guard fields.count > 21, ticks > 0, let user = Double(fields[11]), let kernel = Double(fields[12]),
      let start = Double(fields[19]), let pages = Double(fields[21]),
      let bootSeconds = boot.flatMap({ Double($0.dropFirst(6)) })
    else { return nil }
    residentBytes = pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    cpuSeconds = (user + kernel) / ticks
    self.openDescriptors = openDescriptors
    startSeconds = bootSeconds + start / ticks
  }

  private static func readText(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count < 1 << 20 {
      let count = read(file, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func descriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    // Without `.`, `..` and the descriptor of the folder itself.
    return max(0, count - 3)
  }
}

extension MetricsRegistry {
  /// Adds the metrics that every Prometheus client has of its process.
  package func addProcessMetrics() {
    let memory = gauge("process_resident_memory_bytes", "Resident memory size in bytes.")
    let cpu = counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.")
    let descriptors = gauge("process_open_fds", "Number of open file descriptors.")
    let start = gauge(
      "process_start_time_seconds", "Start time of the process since the Unix epoch in seconds.")
    beforeExposition {
      guard let usage = ProcessUsage.current() else { return }
      memory.set(usage.residentBytes)
      cpu.set(usage.cpuSeconds)
      descriptors.set(Double(usage.openDescriptors))
      start.set(usage.startSeconds)
    }
  }
}
