import HostBackend
import TestKit
import Testing

@Suite("Host probe")
struct HostProbeTests {
  private static let stat = """
    cpu  100 20 30 800 50 5 5 10 7 0
    cpu0 50 10 15 400 25 2 2 5 3 0
    cpu1 50 10 15 400 25 3 3 5 4 0
    intr 1 2 3
    """
  private static let meminfo = """
    MemTotal:       16000000 kB
    MemFree:         1000000 kB
    MemAvailable:    4000000 kB
    Buffers:          200000 kB
    Cached:          2000000 kB
    SwapTotal:       1000000 kB
    SwapFree:         750000 kB
    HugePages_Total:       0
    """
  private static let netdev = """
    Inter-|   Receive                                                |  Transmit
     face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
        lo: 111 1 0 0 0 0 0 0 111 1 0 0 0 0 0 0
      eth0: 5000 50 3 0 0 0 0 0 7000 70 4 0 0 0 0 0
    wg0.1:1 1 1 0 0 0 0 0 2 1 0 0 0 0 0 0
    """
  private static let mounts = """
    /dev/vda1 / ext4 rw,relatime 0 0
    proc /proc proc rw 0 0
    /dev/vda1 /var/bind ext4 rw 0 0
    /dev/vdb /mnt/with\\040blank\\134 xfs rw 0 0
    /dev/loop0 /snap/x squashfs ro 0 0
    /dev/sr0 /cdrom ext4 ro,relatime 0 0
    tmpfs /tmp tmpfs rw 0 0
    tmpfs /dev/shm tmpfs rw 0 0
    tmpfs /tmp tmpfs rw,size=1m 0 0
    tmpfs /sys/fs/cgroup tmpfs rw 0 0
    tmpfs /run tmpfs rw 0 0
    tmpfs /run/user/1000 tmpfs rw 0 0
    tmpfs /running tmpfs rw 0 0
    overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0
    """
  private static let process =
    "42 (evil) 1 (name) S 1 42 42 0 -1 4194304 100 0 0 0 70 30 0 0 20 0 1 0 5000 1000000 25 18446744073709551615"

  private func probe(_ files: [String: String]) throws -> (HostProbe, TemporaryFolder) {
    let folder = try TemporaryFolder("proc")
    for (name, text) in files { try folder.write(text, to: "proc/" + name) }
    return (HostProbe(root: folder.path), folder)
  }

  @Test("the kernel's files are read as proc(5) says")
  func fixtures() throws {
    let (probe, folder) = try probe([
      "stat": Self.stat, "meminfo": Self.meminfo, "loadavg": "1.50 2.00 3.25 2/345 6789\n",
      "net/dev": Self.netdev,
      "self/mounts": Self.mounts, "42/stat": Self.process, "42/cmdline": "evil\u{0}--password\u{0}x\u{0}",
    ])
    defer { folder.remove() }
    #expect(try probe.cpuTimes() == CPUTimes(busyTicks: 170, totalTicks: 1020))
    #expect(try probe.processorCount() == 2)
    let memory = try probe.memory()
    #expect(memory.usedPercent == 75)
    #expect(memory.swapUsedPercent == 25)
    #expect(try probe.loadAverage().fifteenMinutes == 3.25)
    #expect(
      try probe.network() == [
        InterfaceCounters(name: "eth0", receivedBytes: 5000, transmittedBytes: 7000, errors: 7),
        InterfaceCounters(name: "wg0.1", receivedBytes: 1, transmittedBytes: 2, errors: 1),
      ])
    #expect(try probe.mounts().map(\.path) == ["/", "/mnt/with blank\\", "/tmp", "/running"])
    let readings = try probe.processes()
    #expect(readings.map(\.command) == ["evil) 1 (name"])
    #expect(readings.map(\.cpuTicks) == [100])
    #expect(readings.map(\.startTicks) == [5000])
    #expect(readings[0].residentBytes > 0)
    #expect(probe.commandLine(pid: 42, limit: 4) == "evil")
  }

  @Test("one device that is mounted under several names counts once")
  func sameDevice() throws {
    let (probe, folder) = try probe([
      "self/mounts": "a /one tmpfs rw 0 0\nb /two tmpfs rw 0 0\noverlay / overlay rw 0 0\n"
    ])
    defer { folder.remove() }
    try folder.write([1], to: "one/file")
    try folder.write([1], to: "two/file")
    // All three lie on the file system of the temporary folder.
    #expect(try probe.mounts().map(\.path) == ["/one"])
  }

  @Test("usage comes from two readings, and a counter that went back gives none")
  func usage() {
    let a = CPUTimes(busyTicks: 100, totalTicks: 1000)
    #expect(CPUTimes(busyTicks: 150, totalTicks: 1200).usagePercent(since: a) == 25)
    #expect(a.usagePercent(since: a) == nil)
    #expect(CPUTimes(busyTicks: 50, totalTicks: 1200).usagePercent(since: a) == nil)
  }

  @Test("a process is followed by number and start, not by number alone")
  func processUsage() {
    func reading(_ pid: Int, _ ticks: UInt64, start: UInt64 = 1) -> ProcessReading {
      ProcessReading(pid: pid, command: "p", state: "R", cpuTicks: ticks, startTicks: start, residentBytes: 1)
    }
    let usage = ProcessUsage.between(
      [reading(1, 100), reading(2, 100), reading(3, 500)],
      [reading(1, 150), reading(2, 300), reading(3, 900, start: 2)],
      seconds: 2, ticksPerSecond: 100)
    #expect(usage.map(\.pid) == [2, 1, 3])
    #expect(usage.map(\.cpuPercent) == [100, 25, 0])
  }

  @Test("garbage instead of the kernel's files is an error or left out, never a crash")
  func garbage() throws {
    var random = SeededRandom(seed: 7)
    let originals = [
      "stat": Self.stat, "meminfo": Self.meminfo, "loadavg": "1.5 2 3 1/2 3", "net/dev": Self.netdev,
      "self/mounts": Self.mounts, "42/stat": Self.process,
    ]
    for _ in 0..<150 {
      let (probe, folder) = try probe(
        originals.mapValues { text in
          var bytes = Array(text.utf8)
          for _ in 0..<Int.random(in: 1...20, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: place)
            default: bytes.removeSubrange(place..<min(bytes.count - 1, place + 30))
            }
          }
          return String(decoding: bytes, as: UTF8.self)
        })
      defer { folder.remove() }
      _ = try? probe.cpuTimes()
      _ = try? probe.memory().usedPercent
      _ = try? probe.loadAverage()
      _ = try? probe.network()
      _ = try? probe.mounts()
      _ = try? probe.processes()
    }
  }

  @Test("this machine's own values are plausible")
  func real() async throws {
    let probe = HostProbe()
    #expect(try probe.memory().totalBytes > 100 << 20)
    #expect(try (0...100).contains(probe.memory().usedPercent))
    #expect(try probe.processorCount() >= 1)
    let usage = try probe.fileSystem(at: "/")
    #expect(usage.totalBytes > 0)
    #expect((0...100).contains(usage.usedPercent))
    #expect(throws: HostError.self) { try probe.fileSystem(at: "/nowhere/at/all") }
    #expect(try await !probe.topProcesses(limit: 5, over: .milliseconds(20)).isEmpty)
  }

  @Test("a folder's size is that of its files, links not followed; the largest and oldest come first")
  func folders() throws {
    let folder = try TemporaryFolder("folder")
    defer { folder.remove() }
    try folder.write([UInt8](repeating: 1, count: 1000), to: "a")
    try folder.write([UInt8](repeating: 1, count: 3000), to: "sub/b")
    try folder.write([UInt8](repeating: 1, count: 2000), to: "sub/deep/c")
    try folder.link("/usr", as: "sub/elsewhere")
    let probe = HostProbe()
    #expect(try probe.folderSize(folder.path) == FolderSize(bytes: 6000, files: 3, isComplete: true))
    #expect(try probe.largestFiles(in: folder.path, limit: 2).map(\.bytes) == [3000, 2000])
    try folder.setAge(seconds: 1000, of: "sub/deep/c")
    #expect(try probe.oldestFiles(in: folder.path, limit: 1).map(\.bytes) == [2000])
    let bounded = try probe.folderSize(folder.path, bounds: WalkBounds(maxDepth: 1))
    #expect(bounded == FolderSize(bytes: 4000, files: 2, isComplete: false))
    #expect(try !probe.folderSize("/usr", bounds: WalkBounds(maxEntries: 100)).isComplete)
    #expect(try !probe.folderSize(folder.path, bounds: WalkBounds(timeLimit: .zero)).isComplete)
    #expect(throws: HostError.self) { try probe.folderSize(folder.path("a")) }
    #expect(throws: HostError.self) { try probe.folderSize(folder.path("none")) }
  }
}
