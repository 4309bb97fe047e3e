import Glibc

/// What a process takes, from `/proc`.
struct ProcessUsage: Sendable {
  /// User and system time so far.
  var cpuSeconds = 0.0
  /// Pages of it in memory.
  var residentBytes = 0
  /// The same, with pages that several processes share divided among them.
  var proportionalBytes = 0

  /// Reads it for a process and, where it has some, its children: a PostgreSQL works in them.
  static func read(_ pid: pid_t, withChildren: Bool = false) -> ProcessUsage {
    var total = ProcessUsage()
    for one in withChildren ? [pid] + children(of: pid) : [pid] {
      total.add(one)
    }
    return total
  }

  private mutating func add(_ pid: pid_t) {
    // The name in parentheses may hold blanks; state is the first field behind it.
    let fields = text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    if fields.count > 14, let user = Double(fields[11]), let system = Double(fields[12]) {
      cpuSeconds += (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
    for line in text("/proc/\(pid)/smaps_rollup").split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 2, let kilobytes = Int(words[1]) else { continue }
      if words[0] == "Rss:" { residentBytes += kilobytes << 10 }
      if words[0] == "Pss:" { proportionalBytes += kilobytes << 10 }
    }
  }

  private static func children(of pid: pid_t) -> [pid_t] {
    text("/proc/\(pid)/task/\(pid)/children").split(separator: " ").compactMap { pid_t($0) }
  }
}

/// What a small file holds; nothing when it can't be read.
private func text(_ path: String) -> String {
  guard let file = fopen(path, "re") else { return "" }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
    bytes.append(contentsOf: buffer.prefix(count))
  }
  return String(decoding: bytes, as: UTF8.self)
}
