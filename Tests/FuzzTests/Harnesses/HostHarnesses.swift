@testable import HostBackend

extension Harness {
  /// What the kernel's text files say.
  static let host: [Harness] = [
    Harness(
      text: "proc-stat", tokens: ["cpu ", "\ncpu0"],
      seeds: ["cpu  10 20 30 40 50 6 7 8 9 10\ncpu0 1 2 3 4\ncpu1 1 2 3 4\nintr 5\n"]
    ) { text in
      try demand(ProcText.processorCount(text) <= text.utf8.count, "more processors than bytes")
      guard let times = ProcText.cpuTimes(text) else { return false }
      try demand(times.busyTicks <= times.totalTicks, "busier than there was time")
      for other in [
        CPUTimes(busyTicks: 0, totalTicks: 0), CPUTimes(busyTicks: .max, totalTicks: .max), times,
      ] {
        if let percent = times.usagePercent(since: other) {
          try demand((0...100).contains(percent), "\(percent) %")
        }
      }
      return true
    },
    Harness(
      text: "meminfo", tokens: ["MemTotal:", "MemAvailable:", " kB\n"],
      seeds: [
        "MemTotal: 24000 kB\nMemFree: 100 kB\nMemAvailable: 9000 kB\nSwapTotal: 10 kB\nSwapFree: 5 kB\n",
        "MemTotal: 1 kB\nMemFree: 1125899906842623 kB\nBuffers: 1125899906842623 kB\nCached: 1125899906842623 kB",
      ]
    ) { text in
      guard let memory = ProcText.memory(text) else { return false }
      try demand(memory.usedPercent <= 100, "\(memory.usedPercent) %")
      if let swap = memory.swapUsedPercent { try demand((0...100).contains(swap), "\(swap) % of swap") }
      return true
    },
    Harness(text: "loadavg", maxBytes: 256, seeds: ["0.52 1.00 12.25 2/512 777\n"]) { text in
      guard let load = ProcText.loadAverage(text) else { return false }
      try demand(
        [load.oneMinute, load.fiveMinutes, load.fifteenMinutes].allSatisfy { $0.isFinite && $0 >= 0 },
        "\(load)")
      return true
    },
    Harness(
      text: "net-dev", tokens: ["eth0:"],
      seeds: [
        "Inter-|  Receive\n face |bytes\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nlo:1 2 0 0 0 0 0 0 1 2 0 0 0 0 0 0\n"
      ]
    ) { text in
      let interfaces = ProcText.network(text)
      try demand(interfaces.allSatisfy { !$0.name.isEmpty }, "an interface without a name")
      return !interfaces.isEmpty
    },
    Harness(
      text: "mounts", tokens: ["\\040", "\\377", " ext4 ", "\\"],
      seeds: [
        "/dev/sda1 / ext4 rw,relatime 0 0\ntmpfs /a\\040b\\134c tmpfs ro 0 0\noverlay /x overlay rw 0 0\n"
      ]
    ) { text in
      let mounts = ProcText.mounts(text)
      for mount in mounts {
        _ = mount.isReal
        try demand(mount.path.utf8.count <= 3 * text.utf8.count, "a path longer than the text")
      }
      return !mounts.isEmpty
    },
    Harness(
      text: "pid-stat", maxBytes: 1024, tokens: ["(", ")"],
      seeds: [
        "77 (a) b (c) R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24",
        "1 () S" + String(repeating: " 7", count: 30),
      ]
    ) { text in
      guard let reading = ProcText.process(stat: text, pageSize: 4096) else { return false }
      try demand(reading.residentBytes >= 0, "\(reading.residentBytes) bytes")
      let twice = [reading, reading]
      _ = ProcessUsage.between(twice, twice, seconds: 0.5, ticksPerSecond: 100)
      return true
    },
  ]
}
