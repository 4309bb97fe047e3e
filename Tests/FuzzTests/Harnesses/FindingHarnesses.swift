import IncidentModel
import MessageBus
import PostgresBackend
import Settings

@testable import Diagnosis
@testable import HostBackend

extension Harness {
  /// What a diagnoser's tools read, and what the assistant concludes from it.
  static let findings: [Harness] = [
    Harness(
      text: "postgres-findings", maxBytes: 8192,
      tokens: ["\t", "\\N", "idle in transaction", "active", "9223372036854775807"],
      seeds: [
        "1\ncheckout\tshop\tidle in transaction\t30\t0\t25\t6\t9\t60\t80\t100\t3\t501\t120.5\t118\tselect 'x'\t5\t2\n",
        "2\nreport\tshop\tactive\t3\t2\t3\t6\t9\t60\t80\t100\t3\t502\t120.5\t118\tselect $1\t5\t2\tf\t9.5\tt\t77\t77\t10\t3.5\t9\tt\t17.1\t30\t0\n",
      ], run: postgres),
    Harness(
      text: "cache-findings", maxBytes: 8192, tokens: ["db0:keys=", ",expires=", "session:", "\t-1\n"],
      seeds: [
        "used_memory:1048576\nmaxmemory:2097152\nmem_fragmentation_ratio:1.9\nmaxmemory_policy:noeviction\ndb0:keys=12,expires=3\n\n12\nsession:1\t9223372036854775807\tn\nsession:2\t100\ty\ncart:9\t5\tn\n"
      ], run: cache),
    Harness(
      text: "host-findings", maxBytes: 8192, tokens: ["\t9223372036854775807", ".log", "\n\n"],
      seeds: [
        "1 (postgres) R" + String(repeating: " 7", count: 24)
          + "\n\n/var/log/a.log\t9223372036854775807\t1\n/var/log/b.log\t5\t-1e300"
      ],
      run: host),
    Harness(
      text: "statement", tokens: ["'", "E'", "\\'", "$$", "$a$", "/*", "*/", "--", "\"", "1e5", "$1"],
      seeds: [
        "SELECT * FROM t WHERE a = 'secret' AND b = E'x\\'y' /* c /* d */ */ -- e\n AND c = $q$ 17 $q$ AND d = 0x1F"
      ]
    ) { text in
      let masked = Shown.statement(text)
      try demand(masked.unicodeScalars.count <= text.unicodeScalars.count + 1, "longer than it was")
      // A quoted name may hold one.
      if !text.unicodeScalars.contains("\"") {
        try demand(!masked.unicodeScalars.contains("'"), "a literal is shown: \(masked)")
      }
      return masked != text
    },
    Harness(
      text: "glob", maxBytes: 512, tokens: ["*", "?", "[a-z]", "[^", "\\", "]"],
      seeds: [
        "session:*\nsession:12", "*.log\na.log", "[a-c]?\\*\nbx*", "*a*a*a*a*b\naaaaaaaaaaaaaaaaaaaaaaaa",
      ]
    ) { text in
      let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let (pattern, name) = (parts[0], parts.count > 1 ? parts[1] : "")
      try demand(Glob.matches(name, "*"), "a star does not match \(name)")
      if pattern.utf8.allSatisfy({ $0 == 0x2A || $0 == 0x3F }) {
        let needed = pattern.utf8.count { $0 == 0x3F }
        let fits = pattern.utf8.contains(0x2A) ? name.utf8.count >= needed : name.utf8.count == needed
        try demand(Glob.matches(name, pattern) == fits, "\(pattern) against \(name)")
      }
      return Glob.matches(name, pattern)
    },
    Harness(text: "shown", seeds: ["a\nb\u{202E}", "é👩‍👩‍👧", "checkout"]) { text in
      let shown = Shown.text(text, limit: 64)
      try demand(!PlainText.hasControlCharacters(shown), "a control character is shown")
      try demand(shown.unicodeScalars.count <= 64 * 12 + 1, "\(shown.unicodeScalars.count) characters")
      return Shown.isPlain(text, limit: 64)
    },
  ]

  private static let columns = [
    "application", "role", "state", "sessions", "waiting", "settled", "youngest_settled", "median_settled",
    "oldest",
    "used", "maximum", "reserved", "pid", "open", "in_state", "statement", "blocked", "superuser", "seconds",
    "waits",
    "query_id", "queryid", "calls", "mean", "longest", "there", "version", "statement_timeout",
    "idle_timeout", "standby",
  ]

  private static let metrics = [
    "database_connection_usage", "database_slow_queries", "database_longest_transaction",
    "database_idle_in_transaction",
    "source_up", "cache_memory_usage", "host_memory_usage", "host_cpu_usage", "host_disk_usage",
    "host_folder_usage",
  ]

  // Whatever the tools found, a diagnosis comes of it that can be sent.
  private static func conclude(
    _ results: [(Tool, ToolResult)], _ source: SourceFacts, metrics: [String]
  ) throws -> Bool {
    var understood = false
    for metric in metrics {
      var signal = Samples.signal
      signal.metric = metric
      signal.unit = metric.hasSuffix("usage") ? "percent" : "count"
      var incident = Incident(
        id: Samples.lease.incident, openedBy: signal, autonomy: .auto, at: Samples.moment)
      incident.take(signal)
      var dossier = Dossier(
        incident: incident, source: source, runbooks: RunbookCatalogue.builtIn, mayAsk: false)
      dossier.findings = results.map { tool, result in
        Finding(call: ToolCall(tool), query: "q", observedAt: Samples.moment, outcome: .found(result))
      }
      guard case .conclude(let diagnosis) = BuiltInAssistant().next(dossier) else {
        throw Broken(description: "the assistant asks when it may not")
      }
      dossier.mayAsk = true
      _ = BuiltInAssistant().next(dossier)
      understood = understood || diagnosis.confidence > 0
      _ = try WireCodec.encode(.finished(request: 1, .diagnosed(diagnosis), Samples.lease))
      for finding in dossier.findings {
        try demand(finding.summary.utf8.count <= 16_384, "a summary of \(finding.summary.utf8.count) bytes")
      }
    }
    return understood
  }

  private static func postgres(_ text: String) throws -> Bool {
    let rows = Self.rows(text.drop { $0 != "\n" }, columns)
    let statements = StatementsResult(running: PostgresTools.running(rows), means: PostgresTools.means(rows))
    let results: [(Tool, ToolResult)] = [
      (.postgresSessions, .sessions(PostgresTools.sessions(rows))),
      (.postgresLongestTransactions, .transactions(PostgresTools.transactions(rows))),
      (.postgresBlockingChains, .blocking(PostgresTools.blocking(rows))),
      (.postgresSlowestStatements, .statements(statements)),
      (.postgresLimits, .limits(PostgresTools.limits(rows))),
    ]
    // The first byte says which of the findings the assistant has.
    let choice = text.utf8.first ?? 0
    let chosen = results.indices.filter { choice == 0x31 || choice >> UInt8($0) & 1 == 1 }.map { results[$0] }
    return try conclude(
      chosen, SourceFacts(name: "shop-db", kind: .postgres, autonomy: .auto, protectedApplications: ["cron"]),
      metrics: Array(metrics[0..<5]))
  }

  private static func cache(_ text: String) throws -> Bool {
    let halves = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
    var keys = (halves.count > 1 ? halves[1] : "").split(separator: "\n")[...]
    let total = keys.popFirst().flatMap { Int64($0) } ?? 0
    let sample = keys.prefix(CacheTools.maxKeys).map { line in
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      let bytes = parts.count > 1 ? Int64(parts[1]) ?? 0 : 0
      return SampledKey(
        name: String(parts.first ?? ""), bytes: min(max(bytes, 0), SampledKey.maxBytes),
        expires: parts.last == "y")
    }
    let clearable = ["session:*", "cart:?", "[", "*"]
    return try conclude(
      [
        (.cacheMemory, .cacheMemory(RedisInfo(String(halves[0])).memory)),
        (.cacheLargestKeys, .keys(KeySample.result(sample, total: total, clearable: clearable))),
      ], SourceFacts(name: "shop-db", kind: .redis, autonomy: .auto, clearable: clearable),
      metrics: ["cache_memory_usage", "source_up"])
  }

  private static func host(_ text: String) throws -> Bool {
    let halves = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
    let readings = halves[0].split(separator: "\n").compactMap {
      ProcText.process(stat: String($0), pageSize: 4096)
    }
    let usage = ProcessUsage.between(readings, readings, seconds: 1, ticksPerSecond: 100)
    let files = (halves.count > 1 ? halves[1] : "").split(separator: "\n").map { line in
      let parts = line.split(separator: "\t")
      return FoundFile(
        path: String(parts.first ?? ""), bytes: parts.count > 1 ? max(0, Int64(parts[1]) ?? 0) : 0,
        modifiedSeconds: parts.count > 2 ? Double(parts[2]).flatMap { $0.isFinite ? $0 : nil } ?? 0 : 0)
    }
    let folder = FolderSettings(path: "/var/log", budgetBytes: 1 << 30, deletable: ["*.log", "[", "?*"])
    let use = FolderSummary.use(
      of: folder, size: FolderSize(bytes: files.first?.bytes ?? 0, files: files.count, isComplete: true),
      files: files,
      at: Samples.moment.seconds)
    let mount = MountUse(path: "/", usedBytes: .max / 2, totalBytes: .max - 1, inodeShare: 1)
    return try conclude(
      [
        (
          .hostTopProcesses,
          .processes(
            ProcessesResult(
              programs: ProgramSummary.programs(usage), busy: 1, cores: 2, load: 3, memoryTotal: 1 << 60,
              memoryAvailable: 0, swapTotal: 1 << 60, swapFree: 0))
        ),
        (.hostFullestMounts, .mounts(MountsResult(mounts: [mount]))),
        (.hostLargestFolders, .folders(FoldersResult(folders: [use]))),
      ],
      SourceFacts(
        name: "shop-db", kind: .host, autonomy: .auto,
        folders: [.init(path: "/var/log", budgetBytes: 1 << 30, deletable: ["*.log"], keepSeconds: 60)]),
      metrics: Array(metrics[6...]))
  }
}
