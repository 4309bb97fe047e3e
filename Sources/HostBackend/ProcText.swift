/// What the kernel's text files say. Pure: text in, values out; what cannot be read is left out.
enum ProcText {
  /// The `cpu` line of `/proc/stat`.
  static func cpuTimes(_ text: String) -> CPUTimes? {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("cpu ") }) else { return nil }
    let ticks = line.split(separator: " ").dropFirst().map { UInt64($0) ?? 0 }
    guard ticks.count >= 4 else { return nil }
    // user nice system idle iowait irq softirq steal; guest time is in user time already.
    let total = ticks.prefix(8).reduce(0, &+)
    let idle = ticks[3] &+ (ticks.count > 4 ? ticks[4] : 0)
    return CPUTimes(busyTicks: total >= idle ? total - idle : 0, totalTicks: total)
  }

  /// How many processors `/proc/stat` lists.
  static func processorCount(_ text: String) -> Int {
    text.split(separator: "\n").count { line in
      line.hasPrefix("cpu") && line.dropFirst(3).first?.isNumber == true
    }
  }

  /// `/proc/meminfo`.
  static func memory(_ text: String) -> MemoryUsage? {
    var bytes: [Substring: Int64] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(whereSeparator: { $0 == " " || $0 == ":" || $0 == "\t" })
      guard words.count >= 2, let kilobytes = Int64(words[1]), (0..<(1 << 50)).contains(kilobytes) else {
        continue
      }
      bytes[words[0]] = kilobytes * 1024
    }
    guard let total = bytes["MemTotal"], total > 0 else { return nil }
    // Kernels before 3.14 do not say what is available.
    let fallback = (bytes["MemFree"] ?? 0) + (bytes["Buffers"] ?? 0) + (bytes["Cached"] ?? 0)
    return MemoryUsage(
      totalBytes: total, availableBytes: min(total, bytes["MemAvailable"] ?? fallback),
      swapTotalBytes: bytes["SwapTotal"] ?? 0, swapFreeBytes: bytes["SwapFree"] ?? 0)
  }

  /// The three averages of `/proc/loadavg`.
  static func loadAverage(_ text: String) -> LoadAverage? {
    let numbers = text.split(whereSeparator: \.isWhitespace).prefix(3).compactMap { Double($0) }
    guard numbers.count == 3, numbers.allSatisfy({ $0.isFinite && $0 >= 0 }) else { return nil }
    return LoadAverage(oneMinute: numbers[0], fiveMinutes: numbers[1], fifteenMinutes: numbers[2])
  }

  /// `/proc/net/dev`, in the kernel's order.
  static func network(_ text: String) -> [InterfaceCounters] {
    text.split(separator: "\n").compactMap { line in
      guard let colon = line.lastIndex(of: ":") else { return nil }
      let name = line[..<colon].drop { $0 == " " }
      let numbers = line[line.index(after: colon)...].split(separator: " ").map { UInt64($0) }
      guard !name.isEmpty, numbers.count >= 16, let received = numbers[0], let sent = numbers[8],
        let receiveErrors = numbers[2], let sendErrors = numbers[10]
      else { return nil }
      return InterfaceCounters(
        name: String(name), receivedBytes: received, transmittedBytes: sent,
        errors: receiveErrors &+ sendErrors)
    }
  }

  /// `/proc/self/mounts`.
  static func mounts(_ text: String) -> [Mount] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count >= 4 else { return nil }
      return Mount(
        device: unescaped(words[0]), path: unescaped(words[1]), type: String(words[2]),
        isReadOnly: words[3].split(separator: ",").contains("ro"))
    }
  }

  /// `/proc/<pid>/stat`: the command's name may hold blanks and parentheses, so the last one counts.
  static func process(stat text: String, pageSize: Int64) -> ProcessReading? {
    guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
      let pid = Int(text[..<open].split(separator: " ").first ?? "")
    else { return nil }
    // From the state, which is field 3 of proc(5).
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count >= 22, let user = UInt64(fields[11]), let system = UInt64(fields[12]),
      let start = UInt64(fields[19]), let pages = Int64(fields[21])
    else { return nil }
    let (bytes, overflow) = max(0, pages).multipliedReportingOverflow(by: pageSize)
    return ProcessReading(
      pid: pid, command: String(text[text.index(after: open)..<close]), state: String(fields[0]),
      cpuTicks: user &+ system, startTicks: start, residentBytes: overflow || bytes > 1 << 50 ? 0 : bytes)
  }

  /// A path of `/proc/self/mounts`, where blanks, tabs, line breaks and backslashes are in octal.
  static func unescaped(_ text: Substring) -> String {
    guard text.contains("\\") else { return String(text) }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
