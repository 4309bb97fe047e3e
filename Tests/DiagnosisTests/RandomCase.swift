import Diagnosis
import IncidentModel
import TestKit

/// Makes incidents and answers by chance, with names that somebody hostile would choose.
struct RandomCase {
  static let names = [
    "checkout", "storefront", "payments", "Payments", " payments", "", "*", "..", "../../etc",
    "a'; DROP TABLE x; --",
    "\u{1B}[2J", "line\nbreak", "${limit}", "aiops-resolver", "\u{202E}evil", "%s%n", "$(reboot)",
    String(repeating: "x", count: 300), "session:*", "[", "\\", "naïve ☃", "\0",
  ]
  static let metrics = [
    "database_connection_usage", "database_idle_in_transaction", "database_longest_transaction",
    "database_slow_queries", "database_longest_query", "database_deadlocks", "cache_memory_usage",
    "cache_evictions", "cache_hit_ratio", "host_memory_usage", "host_cpu_usage", "host_disk_usage",
    "host_folder_usage", "host_swap_usage", "source_up", "http_up", "something_else",
  ]
  static let states = ["idle in transaction", "idle in transaction (aborted)", "active", "idle", "hidden"]
  static let patterns = ["session:*", "*", "cart:*", "?*", "s*"]
  static let protected = ["payments", "storefront"]

  var random: SeededRandom

  init(seed: UInt64) { random = SeededRandom(seed: seed) }

  mutating func pick<Element>(_ list: [Element]) -> Element {
    list[Int.random(in: 0..<list.count, using: &random)]
  }
  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func age() -> Double { pick([0, 0.5, 4.9, 5, 6, 42, 1e4, 1e9, .greatestFiniteMagnitude]) }
  mutating func bytes() -> Int64 { pick([0, 1, 1 << 20, 63 << 20, 1 << 40, .max / 4]) }
  /// Every other name is a usual one, so that some dialogues end with a remedy.
  mutating func name() -> String { number(0...1) == 0 ? "checkout" : pick(Self.names) }

  mutating func source() -> SourceFacts {
    SourceFacts(
      name: "shop", kind: pick(SourceFacts.Kind.allCases), protectedApplications: Self.protected,
      clearable: Self.patterns.filter { _ in Bool.random(using: &random) },
      folders: (0..<number(0...2)).map { index in
        SourceFacts.DeclaredFolder(
          path: "/srv/\(index)", budgetBytes: Bool.random(using: &random) ? 64 << 20 : nil,
          deletable: ["*.log", "*.tmp"].filter { _ in Bool.random(using: &random) }, keepSeconds: 3600)
      })
  }

  mutating func dossier() -> Dossier {
    let metric = pick(Self.metrics)
    let labels = pick([[:], ["mount": "/srv"], ["folder": "/srv/0"], ["folder": "/etc"]])
    return Case.dossier(Case.signal(metric, labels: labels), source())
  }

  mutating func finding(_ call: ToolCall, _ source: SourceFacts) -> Finding {
    if number(0...5) == 0 { return Case.failed(call.tool, pick(ToolFailure.Kind.allCases)) }
    return Case.found(call.tool, result(call.tool, source))
  }

  mutating func result(_ tool: Tool, _ source: SourceFacts) -> ToolResult {
    switch tool {
    case .postgresSessions: return .sessions(sessions())
    case .postgresLongestTransactions:
      return .transactions(TransactionsResult(transactions: (0..<number(0...5)).map { transaction($0) }))
    case .postgresBlockingChains:
      let chains = (0..<number(0...4)).map { index in
        BlockingChain(
          pid: index, application: name(), role: name(), state: pick(Self.states), stateSeconds: age(),
          openSeconds: age(), blocked: number(0...30), statement: name())
      }
      return .blocking(BlockingResult(chains: chains, waiting: number(0...60)))
    case .postgresSlowestStatements: return .statements(statements())
    case .postgresLimits:
      return .limits(
        LimitsResult(
          version: name(), maximum: number(0...100), reserved: 3, statementTimeoutSeconds: 0,
          idleInTransactionTimeoutSeconds: 0, isInRecovery: false))
    case .cacheMemory:
      return .cacheMemory(
        CacheMemoryResult(
          usedBytes: bytes(), maximumBytes: bytes(), fragmentation: pick([0, 1, 2, 1e9]), policy: name(),
          evictedKeys: 0, keys: Int64(number(0...1000)), expiringKeys: 0))
    case .cacheLargestKeys: return .keys(keys(source))
    case .hostTopProcesses: return .processes(processes())
    case .hostFullestMounts:
      let mounts = ["/", "/srv"].map {
        MountUse(path: $0, usedBytes: bytes(), totalBytes: bytes(), inodeShare: pick([0, 0.5, 1]))
      }
      return .mounts(MountsResult(mounts: mounts))
    case .hostLargestFolders: return .folders(folders(source))
    case .httpProbe:
      return .answer(
        ProbeResult(
          status: number(0...599), seconds: age(), isExpected: Bool.random(using: &random), beginning: name())
      )
    }
  }

  private mutating func sessions() -> SessionsResult {
    let groups = (0..<number(0...4)).map { _ in
      let count = number(0...40)
      return SessionGroup(
        application: name(), role: name(), state: pick(Self.states), count: count,
        waiting: number(0...count), settled: number(0...count), youngestSettledSeconds: age(),
        medianSettledSeconds: age(), oldestSeconds: age())
    }
    return SessionsResult(
      groups: groups, used: groups.reduce(0) { $0 + $1.count }, maximum: number(0...100), reserved: 3)
  }

  private mutating func transaction(_ pid: Int) -> OpenTransaction {
    OpenTransaction(
      pid: pid, application: name(), role: name(), state: pick(Self.states), openSeconds: age(),
      stateSeconds: age(), statement: name())
  }

  private mutating func statements() -> StatementsResult {
    // Every other role is in good health but for what is running, so that some time limits hit nobody.
    let isCalm = Bool.random(using: &random)
    let running = (0..<number(0...6)).map { _ in
      RunningStatement(
        application: name(), role: isCalm ? "app" : pick(["app", name()]),
        roleIsSuperuser: !isCalm && number(0...3) == 0, seconds: age(), waitsForLock: number(0...3) == 0,
        queryID: pick(["1", "2", nil]), statement: isCalm ? "SELECT 1" : pick(["VACUUM", "SELECT 1"]))
    }
    if isCalm {
      let mean = StatementMean(
        role: "app", queryID: "9", calls: 9, meanSeconds: 0.01, longestSeconds: 0.1, statement: name())
      return StatementsResult(running: running, means: [mean])
    }
    let means = (0..<number(0...3)).map { index in
      StatementMean(
        role: "app", queryID: "\(index)", calls: number(0...100), meanSeconds: age(), longestSeconds: age(),
        statement: name())
    }
    return StatementsResult(running: running, means: Bool.random(using: &random) ? means : nil)
  }

  private mutating func keys(_ source: SourceFacts) -> KeysResult {
    let groups = (0..<number(0...4)).map { _ in
      let count = number(0...500)
      return KeyGroup(
        prefix: name(), keys: count, bytes: Int64(number(0...100_000)), withoutExpiry: number(0...count),
        example: name(), matched: Dictionary(uniqueKeysWithValues: source.clearable.map { ($0, count) }))
    }
    return KeysResult(
      sampled: groups.reduce(0) { $0 + $1.keys }, sampledBytes: groups.reduce(0) { $0 + $1.bytes },
      total: Int64(number(0...1_000_000_000)), groups: groups.sorted { $0.bytes > $1.bytes },
      patterns: source.clearable.map { PatternMatch(pattern: $0, keys: number(0...600)) })
  }

  private mutating func processes() -> ProcessesResult {
    let programs = (0..<number(0...5)).map { pid in
      ProgramUse(name: name(), processes: 1, cores: pick([0, 1, 64]), bytes: bytes() / 8, pid: pid)
    }
    return ProcessesResult(
      programs: programs, busy: pick([0, 0.3, 1]), cores: number(0...64), load: pick([0, 5, 1e6]),
      memoryTotal: bytes(), memoryAvailable: bytes(), swapTotal: bytes(), swapFree: bytes())
  }

  private mutating func folders(_ source: SourceFacts) -> FoldersResult {
    FoldersResult(
      folders: source.folders.map { folder in
        FolderUse(
          path: folder.path, files: number(0...1000), bytes: Int64(number(0...64)) << 20, isPartial: false,
          budgetBytes: folder.budgetBytes, keepSeconds: folder.keepSeconds,
          globs: folder.deletable.map { pattern in
            FileGroup(
              pattern: pattern, files: 10, bytes: 9 << 20, oldFiles: number(0...10),
              oldBytes: Int64(number(0...60)) << 20, oldestSeconds: age())
          }, kinds: [])
      })
  }
}
