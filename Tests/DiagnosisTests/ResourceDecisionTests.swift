import Diagnosis
import IncidentModel
import Testing

@Suite("Cache, memory, CPU, disk, availability: the assistant")
struct ResourceDecisionTests {
  let assistant = BuiltInAssistant()
  static let gigabyte = Int64(1) << 30

  func cache(clearable: [String]) -> SourceFacts {
    SourceFacts(name: "shop", kind: .redis, clearable: clearable)
  }

  let memory = ToolResult.cacheMemory(
    CacheMemoryResult(
      usedBytes: 50_000_000, maximumBytes: 52_500_000, fragmentation: 1.1, policy: "noeviction",
      evictedKeys: 0, keys: 50_000, expiringKeys: 100))

  func keys(
    staying: Int = 900, session: Int = 900, other: Int = 100, matched: [String: Int] = ["session:*": 900],
    patterns: [PatternMatch] = [PatternMatch(pattern: "session:*", keys: 900)]
  ) -> ToolResult {
    .keys(
      KeysResult(
        sampled: session + other, sampledBytes: Int64(session + other) * 1000, total: 50_000,
        groups: [
          KeyGroup(
            prefix: "session:", keys: session, bytes: Int64(session) * 1000, withoutExpiry: staying,
            example: "session:1", matched: matched),
          KeyGroup(
            prefix: "cart:", keys: other, bytes: Int64(other) * 1000, withoutExpiry: other,
            example: "cart:1", matched: [:]),
        ], patterns: patterns))
  }

  let full = Case.signal("cache_memory_usage", 95, above: 90, clear: 85, source: "redis")

  @Test("keys that never expire and fill the cache are cleared by the declared pattern that is theirs")
  func cacheFilled() throws {
    let found = try #require(
      assistant.conclusion(
        Case.dossier(
          full, cache(clearable: ["session:*"]), [(.cacheMemory, memory), (.cacheLargestKeys, keys())])))
    #expect(
      found.rootCause.hasPrefix("Keys that begin with session: take 90 % of the memory, about 45000 keys"))
    let remedy = try #require(found.remedy)
    #expect(remedy.runbook == "clear-cache-keys")
    #expect(remedy.text("pattern") == "session:*")
    #expect(remedy.number("limit") == 49_510)
  }

  @Test("keys that take little of the memory, or of one database of several, are not cleared")
  func cacheOfMuchElse() throws {
    func found(used: Int64, keys all: Int64) throws -> Diagnosis {
      let memory = ToolResult.cacheMemory(
        CacheMemoryResult(
          usedBytes: used, maximumBytes: used * 21 / 20, fragmentation: 1.1, policy: "noeviction",
          evictedKeys: 0, keys: all, expiringKeys: 100))
      return try #require(
        assistant.conclusion(
          Case.dossier(
            full, cache(clearable: ["session:*"]), [(.cacheMemory, memory), (.cacheLargestKeys, keys())])))
    }
    #expect(try found(used: 50_000_000, keys: 50_000).remedy != nil)
    let buffers = try found(used: 500_000_000, keys: 50_000)
    #expect(buffers.remedy == nil)
    #expect(!buffers.rootCause.contains("90 %"))
    let elsewhere = try found(used: 50_000_000, keys: 56_000)
    #expect(elsewhere.remedy == nil)
    #expect(elsewhere.recommendations.contains { $0.contains("databases that were not looked at") })
  }

  @Test("no pattern is used that was not declared, or that matches other keys too, or everything")
  func cachePatterns() throws {
    func remedy(_ clearable: [String], _ result: ToolResult) throws -> Remedy? {
      try #require(
        assistant.conclusion(
          Case.dossier(
            full, cache(clearable: clearable), [(.cacheMemory, memory), (.cacheLargestKeys, result)]))
      ).remedy
    }
    #expect(try remedy([], keys(matched: [:], patterns: [])) == nil)
    #expect(
      try remedy(["*"], keys(matched: ["*": 900], patterns: [PatternMatch(pattern: "*", keys: 1000)])) == nil)
    #expect(
      try remedy(["*"], keys(matched: ["*": 900], patterns: [PatternMatch(pattern: "*", keys: 900)])) == nil)
    #expect(
      try remedy(
        ["*s*:*"], keys(matched: ["*s*:*": 900], patterns: [PatternMatch(pattern: "*s*:*", keys: 990)]))
        == nil)
    // Keys that go by themselves are what a cache is for.
    #expect(try remedy(["session:*"], keys(staying: 10)) == nil)
    #expect(try remedy(["session:*"], keys()) != nil)
  }

  @Test("a program that takes the memory or the cores is named; no runbook touches processes")
  func processes() throws {
    let result = ToolResult.processes(
      ProcessesResult(
        programs: [
          ProgramUse(name: "leaky", processes: 2, cores: 3.6, bytes: 12 * Self.gigabyte, pid: 42),
          ProgramUse(name: "sshd", processes: 1, cores: 0, bytes: 1 << 20, pid: 1),
        ], busy: 0.95, cores: 4, load: 6, memoryTotal: 16 * Self.gigabyte,
        memoryAvailable: Self.gigabyte, swapTotal: 0, swapFree: 0))
    let host = SourceFacts(name: "shop", kind: .host)
    let inMemory = try #require(
      assistant.conclusion(
        Case.dossier(
          Case.signal("host_memory_usage", source: "host"), host, [(.hostTopProcesses, result)])))
    #expect(inMemory.rootCause.hasPrefix("2 processes leaky take 12 GiB of the 15 GiB in use"))
    #expect(inMemory.remedy == nil)
    #expect(inMemory.recommendations.contains("Stop non-critical services"))
    let onCPU = try #require(
      assistant.conclusion(
        Case.dossier(Case.signal("host_cpu_usage", source: "host"), host, [(.hostTopProcesses, result)])))
    #expect(onCPU.rootCause == "leaky (2 processes, pid 42) takes 3.6 of 3.8 busy cores")
    #expect(onCPU.confidence > 0.9)
    #expect(onCPU.recommendations.contains("Stop batch jobs"))
  }

  func folder(oldFiles: Int, keep: Double = 86_400) -> ToolResult {
    .folders(
      FoldersResult(folders: [
        FolderUse(
          path: "/srv/logs", files: 60, bytes: 60 << 20, isPartial: false, budgetBytes: 64 << 20,
          keepSeconds: keep,
          globs: [
            FileGroup(
              pattern: "*.log", files: 58, bytes: 58 << 20, oldFiles: oldFiles,
              oldBytes: Int64(oldFiles) << 20,
              oldestSeconds: 9e6)
          ], kinds: [])
      ]))
  }

  let logs = SourceFacts(
    name: "shop", kind: .host,
    folders: [
      SourceFacts.DeclaredFolder(
        path: "/srv/logs", budgetBytes: 64 << 20, deletable: ["*.log"], keepSeconds: 86_400)
    ])

  @Test("a folder over its budget is cleaned of what the config lets go, when that is enough")
  func folderFull() throws {
    let symptom = Case.signal(
      "host_folder_usage", 93, above: 90, clear: 85, source: "host", labels: ["folder": "/srv/logs"])
    func remedy(oldFiles: Int) throws -> Remedy? {
      try #require(
        assistant.conclusion(Case.dossier(symptom, logs, [(.hostLargestFolders, folder(oldFiles: oldFiles))]))
      ).remedy
    }
    let remedy55 = try #require(try remedy(oldFiles: 55))
    #expect(remedy55.runbook == "clean-folder")
    #expect(remedy55.text("folder") == "/srv/logs")
    #expect(remedy55.text("pattern") == "*.log")
    #expect(remedy55.number("older_than") == 86_400)
    #expect(remedy55.number("limit") == 60)
    #expect(try remedy(oldFiles: 0) == nil, "nothing is old enough")
    #expect(try remedy(oldFiles: 2) == nil, "what may go does not end the symptom")
  }

  @Test("a full file system is held against the declared folders on it")
  func mountFull() throws {
    let symptom = Case.signal(
      "host_disk_usage", 95, above: 90, clear: 85, source: "host", labels: ["mount": "/srv"])
    let mounts = ToolResult.mounts(
      MountsResult(mounts: [
        MountUse(path: "/srv", usedBytes: 61 << 20, totalBytes: 64 << 20, inodeShare: 0.1),
        MountUse(path: "/", usedBytes: 1 << 30, totalBytes: 10 << 30, inodeShare: 0.1),
      ]))
    let found = try #require(
      assistant.conclusion(
        Case.dossier(
          symptom, logs, [(.hostFullestMounts, mounts), (.hostLargestFolders, folder(oldFiles: 55))])))
    #expect(found.remedy?.runbook == "clean-folder")
    let elsewhere = Case.signal(
      "host_disk_usage", 95, above: 90, clear: 85, source: "host", labels: ["mount": "/"])
    let other = try #require(
      assistant.conclusion(
        Case.dossier(
          elsewhere, logs, [(.hostFullestMounts, mounts), (.hostLargestFolders, folder(oldFiles: 55))])))
    #expect(other.remedy == nil, "cleaning another file system does not help")
    let inodes = Case.signal(
      "host_disk_inodes_usage", 95, above: 90, clear: 85, source: "host", labels: ["mount": "/srv"])
    let files = try #require(
      assistant.conclusion(
        Case.dossier(
          inodes, logs, [(.hostFullestMounts, mounts), (.hostLargestFolders, folder(oldFiles: 55))])))
    #expect(files.remedy == nil, "bytes are not inodes")
    #expect(files.rootCause.contains("inodes"))
  }

  @Test(
    "a source that is down is said to be so when that is clear",
    arguments: [
      (ToolFailure.Kind.refused, true), (.unknownHost, true), (.forbidden, true), (.other, false),
    ])
  func availability(kind: ToolFailure.Kind, isClear: Bool) {
    let down = Case.signal("source_up", 0, above: 1, unit: "bool")
    let (asked, found) = assistant.dialogue(Case.dossier(down, Case.postgres())) {
      Case.failed($0.tool, kind)
    }
    #expect(asked.count == 2)
    #expect((found.rootCause != Diagnosis.unknownCause) == isClear)
    #expect(found.remedy == nil)
    #expect(found.recommendations.contains("Escalate to the on-call engineer"))
  }

  static let start = Runbook(
    name: "start-shop", title: "Start the shop", family: .availability, parameters: [:],
    steps: [
      RunbookStep(
        name: "start it", action: .httpRequest, arguments: ["endpoint": .literal(.text("start-shop"))],
        idempotent: true)
    ])

  @Test(
    "the runbook that the config names for a source that is down is proposed where a new start can help",
    arguments: [
      (ToolFailure.Kind.refused, true), (.timedOut, true), (.unknownHost, false), (.forbidden, false),
      (.other, false),
    ])
  func startingAgain(kind: ToolFailure.Kind, helps: Bool) {
    let down = Case.signal("http_up", 0, above: 1, unit: "bool", source: "http")
    var shop = SourceFacts(name: "shop", kind: .http, autonomy: .auto, whenDown: "start-shop")
    func diagnosis() -> Diagnosis {
      var dossier = Case.dossier(down, shop)
      dossier.runbooks.append(Self.start)
      return assistant.dialogue(dossier) { Case.failed($0.tool, kind) }.diagnosis
    }
    let remedy = diagnosis().remedy
    #expect((remedy?.runbook == "start-shop") == helps)
    #expect(
      remedy?.steps.map(\.action)
        == (helps ? [.httpRequest(EndpointCall(endpoint: "start-shop", body: nil))] : nil))
    shop.whenDown = nil
    #expect(diagnosis().remedy == nil)
  }

  @Test("a server's own fault twice asks for a new start; a wrong address and one that came back do not")
  func startingAfterAnswers() {
    let shop = SourceFacts(name: "shop", kind: .http, autonomy: .auto, whenDown: "start-shop")
    func runbook(_ first: Int, _ second: Int) -> String? {
      let down = Case.signal("http_up", 0, above: 1, unit: "bool", source: "http")
      var dossier = Case.dossier(down, shop)
      dossier.runbooks.append(Self.start)
      return assistant.dialogue(dossier) { call in
        let status = call.waitSeconds == 0 ? first : second
        return Case.found(
          call.tool,
          .answer(ProbeResult(status: status, seconds: 0.1, isExpected: status < 400, beginning: "")))
      }.diagnosis.remedy?.runbook
    }
    #expect(runbook(502, 502) == "start-shop")
    #expect(runbook(404, 404) == nil)
    #expect(runbook(502, 200) == nil)
    #expect(runbook(200, 502) == nil)
  }

  @Test("trouble of no known family is looked at and handed to people")
  func general() {
    let odd = Case.signal("database_replication_lag", 90, above: 30, unit: "seconds")
    let (asked, found) = assistant.dialogue(Case.dossier(odd, Case.postgres())) {
      Case.failed($0.tool, .other)
    }
    #expect(asked.count == 3)
    #expect(found.rootCause == Diagnosis.unknownCause)
    #expect(found.hypotheses[0].evidence.count == 4)
  }
}
