import AccessTokens
import FoundationEssentials
import Glibc
import HTTPBackend
import IncidentModel
import PostgresBackend
import TestKit
import Testing
import Threads

/// Secrets that nobody would make up, and a search for them.
private struct Secrets: Sendable {
  /// What is secret, by what it is.
  private(set) var markers: [String: String] = [:]

  /// A new secret.
  mutating func make(_ name: String) -> String {
    let marker = "Zq\(name)\(UInt32.random(in: 0x1000_0000 ... .max))Xv"
    markers[name] = marker
    return marker
  }

  mutating func add(_ name: String, _ text: String) { markers[name] = text }

  /// Those that bytes hold, as they are or as a header of basic authentication has them.
  func leaks(in bytes: [UInt8]) -> [String] {
    markers.filter { _, marker in
      // Base64 in its three alignments, without the characters that depend on what is beside.
      let encoded = (0..<3).map { shift in
        Data([UInt8](repeating: 0x3A, count: shift) + Array(marker.utf8)).base64EncodedString()
          .dropFirst(4).dropLast(4)
      }
      return ([marker[...]] + encoded).contains { Self.contains(bytes, Array($0.utf8)) }
    }.keys.sorted()
  }

  /// By the C library, because there are megabytes to look through in a debug build.
  static func contains(_ bytes: [UInt8], _ needle: [UInt8]) -> Bool {
    guard let first = needle.first else { return true }
    return bytes.withUnsafeBytes { bytes in
      needle.withUnsafeBytes { needle in
        guard var here = bytes.baseAddress, let wanted = needle.baseAddress else { return false }
        var left = bytes.count
        while left >= needle.count {
          guard let found = memchr(here, Int32(first), left - needle.count + 1) else { return false }
          if memcmp(found, wanted, needle.count) == 0 { return true }
          left -= UnsafeRawPointer(found) - here + 1
          here = UnsafeRawPointer(found) + 1
        }
        return false
      }
    }
  }
}

@Suite("Secrets stay secret", .serialized, .timeLimit(.minutes(3)))
struct SecretsTests {
  /// What each place showed that was looked at.
  private struct Evidence {
    var places: [(name: String, bytes: [UInt8])] = []

    mutating func add(_ name: String, _ text: String) { places.append((name, Array(text.utf8))) }

    mutating func add(_ name: String, file: String) throws {
      places.append((name, Array(try Data(contentsOf: URL(filePath: file)))))
    }

    func holds(_ text: String, in prefix: String) -> Bool {
      places.contains { $0.name.hasPrefix(prefix) && Secrets.contains($0.bytes, Array(text.utf8)) }
    }
  }

  @Test("no secret of the configuration, no token and no cookie shows in logs, journal, API, lists or errors")
  func everywhere() async throws {
    var secrets = Secrets()
    let hook: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { _ in
      .reply(500, body: Array("no".utf8))
    }
    try await ScriptedHTTPServer.with(hook) { web in
      try await LeakyShop.with { shop in
        try await TestRedis.withServer { cache in
          try await TemporaryFolder.with("secrets") { files in
            let (config, environment) = try Self.configuration(
              &secrets, files, shop: shop, cachePort: cache.port, webPort: web.port)
            try await Cluster.with(
              config, escalation: "{resolution: 20s, policy: [{notify: ops}, {wait: 1m}]}",
              environment: environment
            ) { cluster in
              try await Self.exercise(cluster, files, shop, &secrets)
            }
          }
        }
      }
    }
  }

  /// Everything that may hold a secret does, some of it for what does not answer.
  private static func configuration(
    _ secrets: inout Secrets, _ files: TemporaryFolder, shop: LeakyShop, cachePort: Int, webPort: Int
  ) throws -> (String, [String: String]) {
    let dead = freePort()
    try files.write("postgres://aiops:\(secrets.make("DeadPassword"))@127.0.0.1:\(dead)/x", to: "dead.url")
    try files.write(secrets.make("CachePassword") + "\n", to: "cache.password")
    let web = "127.0.0.1:\(webPort)"
    let environment = [
      "SHOP_DB_URL":
        "postgres://postgres:\(secrets.make("ShopPassword"))@127.0.0.1:\(shop.server.port)/postgres",
      "POOL_URL": "postgres://pool:\(secrets.make("PoolPassword"))@127.0.0.1:\(dead)/pgbouncer",
      // The path is shown with what it answers; what is before the @ and behind the ? is not.
      "SITE_URL": "http://probe:\(secrets.make("SitePassword"))@\(web)/health?k=\(secrets.make("SiteQuery"))",
      "BROKEN_URL": "postgres://u:\(secrets.make("BrokenPassword"))%zz@127.0.0.1:\(dead)/x",
      "METRICS_URL": "http://prom:\(secrets.make("MetricsPassword"))@127.0.0.1:\(dead)",
      "HOOK_URL": "http://hook:\(secrets.make("HookPassword"))@\(web)/hooks/\(secrets.make("HookPath"))",
      "DEAD_HOOK_URL": "http://127.0.0.1:\(dead)/hooks/\(secrets.make("DeadHookPath"))",
      "CALL_URL": "http://call:\(secrets.make("CallPassword"))@\(web)/\(secrets.make("CallPath"))",
    ]
    let config = """
      security: {tokens: \(files.path("tokens.json"))}
      sinks:
        - {name: hook, type: webhook, url_env: HOOK_URL}
        - {name: dead-hook, type: webhook, url_env: DEAD_HOOK_URL}
      endpoints:
        call: {method: POST, url_env: CALL_URL}
      runbooks:
        - name: free-leaked-connections
          title: Call somebody
          family: connection_pool
          parameters:
            application: {type: text, max_length: 128}
            state: {type: text, max_length: 64, default: "idle in transaction"}
            older_than: {type: duration, min: 0s, max: 1d, default: 5s}
            limit: {type: number, min: 1, max: 1000, default: 200}
          steps:
            - {name: call, action: http.request, with: {endpoint: call}, timeout: 5s}
      sources:
        - {name: shop-db, type: postgres, url_env: SHOP_DB_URL, pgbouncer_env: POOL_URL, interval: 500ms,
           retry: 1s, timeout: 5s, autonomy: auto}
        - {name: dead-db, type: postgres, url_file: \(files.path("dead.url")), interval: 1s, retry: 1s}
        - {name: broken-db, type: postgres, url_env: BROKEN_URL, interval: 1s, retry: 1s}
        - {name: shop-cache, type: redis, port: \(cachePort), password_file: \(files.path("cache.password")),
           interval: 1s, retry: 1s}
        - name: shop-site
          type: http
          url_env: SITE_URL
          interval: 1s
          retry: 1s
          rules: {http_up: {threshold: {below: 1, for: 1s}}}
        - name: metrics
          type: prometheus
          url_env: METRICS_URL
          interval: 1s
          retry: 1s
          queries: [{metric: m, query: up}]
      """
    return (config, environment)
  }

  private static func exercise(
    _ cluster: Cluster, _ files: TemporaryFolder, _ shop: LeakyShop, _ secrets: inout Secrets
  ) async throws {
    var evidence = Evidence()
    let base = "http://127.0.0.1:\(cluster.httpPort)"
    let toolEnvironment = ["AIOPS_COORDINATOR": base, "AIOPS_TOKEN_FILE": files.path("ops.token")]
    func aiopsctl(_ arguments: [String], _ environment: [String: String]) async throws -> ChildProcess {
      let process = try ChildProcess(
        try builtExecutable("aiopsctl"), arguments, environment: environment, workingDirectory: files.path,
        log: files.path("tool-\(UInt32.random(in: 0 ... .max)).log"))
      _ = await process.wait(timeout: .seconds(15))
      return process
    }

    // Tokens, made as people make them; the one that is printed is the only place where one shows.
    let made = try await aiopsctl(
      ["tokens", "new", "ops", "--role", "admin", "--out", "ops.token"], [:])
    #expect(made.output.contains("ops"))
    evidence.add("tool: tokens new", made.output)
    let text = try contents(of: files.path("ops.token"))
    let token = try #require(AccessToken(String(text.dropLast())))
    secrets.add("Token", String(token.exposed.dropFirst(6)))
    secrets.add("TokenHash", token.hash.hexadecimal)
    let wrong = "aiops_" + secrets.make("WrongToken") + String(repeating: "w", count: 43)
    let bearer = ("Authorization", "Bearer \(token.exposed)")

    try await cluster.startCoordinator()
    for kind in [AgentKind.detector, .diagnoser, .resolver] { try cluster.start(kind) }
    let leaked = try await shop.leak(33)

    // A session, good and bad tokens, actions of people, and what is refused.
    let form = "application/x-www-form-urlencoded"
    let login = try await cluster.post("/login", "token=\(token.exposed)", type: form)
    #expect(login.status == 303)
    let cookie = String(login.header("set-cookie")?.prefix { $0 != ";" } ?? "")
    secrets.add("Cookie", String(cookie.split(separator: "=").last ?? "none"))
    evidence.add("api: wrong login", try await cluster.post("/login", "token=\(wrong)", type: form).text)
    for header in ["Bearer \(wrong)", "Bearer \(wrong.prefix(49))", wrong] {
      let answer = try await cluster.get("/aiops/status", headers: [("Authorization", header)])
      #expect(answer.status == 401)
      evidence.add("api: wrong token", answer.text + answer.headers.map { "\($0)" }.joined())
    }
    let alert = try await cluster.post("/aiops/alerts", PipelineTests.alert("canary"), headers: [bearer])
    #expect(alert.status == 200)
    evidence.add("api: alert", alert.text)

    // Until a remedy was tried by a call that failed, people were told in vain, and every source was looked at.
    try await eventually(timeout: .seconds(60), "an escalation after a failed call") {
      let list = try await cluster.get("/aiops/incidents?status=escalated", headers: [bearer])
      return list.text.contains("shop-db") && list.text.contains("shop-site")
    }
    try await eventually(timeout: .seconds(20), "failed deliveries in the log") {
      let log = cluster.logs.values.joined()
      return log.contains("webhook hook answered 500") && log.contains("webhook dead-hook: ")
    }
    let watching = try ChildProcess(
      try builtExecutable("aiopsctl"), ["incidents", "watch", "--token-file", files.path("ops.token")],
      environment: toolEnvironment, workingDirectory: files.path, log: files.path("watch.log"))
    for arguments in [
      ["incidents", "list", "--all"], ["status"], ["agents"], ["incidents", "ack", "INC-00000000"],
      ["tokens", "list"], ["tokens", "revoke", "nobody"], ["config", "check", cluster.config],
    ] {
      let run = try await aiopsctl(arguments, toolEnvironment.merging(cluster.environment) { $1 })
      evidence.add("tool: \(arguments[0])", run.output)
    }
    try await errors(&evidence, &secrets, base, wrong, aiopsctl)

    // All of what can be seen.
    let incidents = try await cluster.get("/aiops/incidents?page_size=500", headers: [bearer])
    let ids = Set(incidents.text.matches(of: /INC-[0-9A-F]{8}/).map { String($0.output) })
    #expect(ids.count >= 3)
    let paths =
      [
        "/aiops/incidents", "/aiops/status", "/aiops/agents", "/metrics", "/healthz", "/readyz", "/login",
        "/nothing", "/aiops/incidents?x=1",
      ] + ids.map { "/aiops/incidents/\($0)" }
    for path in paths { evidence.add("api: \(path)", try await cluster.get(path, headers: [bearer]).text) }
    let page = try await cluster.get(
      "/aiops/status", headers: [("Cookie", cookie), ("Accept", "text/html")])
    #expect(page.status == 200)
    for id in ids {
      let answer = try await cluster.post(
        "/aiops/incidents/\(id)/acknowledge", #"{"note":"seen"}"#, headers: [bearer])
      evidence.add("api: acknowledge", answer.text)
    }
    try await eventually(timeout: .seconds(10), "the watched changes") {
      watching.output.contains("INC-")
    }
    evidence.add("tool: watch", watching.output)
    for (name, bytes) in commandLines() { evidence.places.append(("list: \(name)", bytes)) }
    await watching.terminate()
    for (path, log) in cluster.logs { evidence.add("log: \(path)", log) }
    for name in ["journal.db", "journal.db-wal"] where access(cluster.folder.path(name), R_OK) == 0 {
      try evidence.add("journal: \(name)", file: cluster.folder.path(name))
    }
    for connection in leaked { await connection.close() }

    // The search finds what is there: it looks at the right places.
    for place in ["log: ", "journal: ", "api: /aiops/incidents", "tool: ", "list: "] {
      let canary = place == "list: " ? "--token-file" : place == "log: " ? "shop-db" : "orders"
      #expect(evidence.holds(canary, in: place), "nothing of \(canary) in \(place)")
    }
    for marker in secrets.markers.values {
      #expect(!secrets.leaks(in: Array("x\(marker)y".utf8)).isEmpty)
      #expect(!secrets.leaks(in: Array(Data("user:\(marker)@".utf8).base64EncodedString().utf8)).isEmpty)
    }
    #expect(secrets.markers.count >= 14)
    for place in evidence.places {
      let found = secrets.leaks(in: place.bytes)
      #expect(found.isEmpty, "\(place.name) shows \(found)")
    }
  }

  /// What is said of configurations, tokens and servers that are wrong.
  private static func errors(
    _ evidence: inout Evidence, _ secrets: inout Secrets, _ base: String, _ wrong: String,
    _ aiopsctl: ([String], [String: String]) async throws -> ChildProcess
  ) async throws {
    let dead = freePort()
    let password = secrets.make("ToolPassword")
    for (arguments, environment, status) in [
      (["status"], ["AIOPS_COORDINATOR": base], Int32(1)),
      (["status"], ["AIOPS_COORDINATOR": base, "AIOPS_TOKEN": wrong], 64),
      (["status"], ["AIOPS_COORDINATOR": base, "AIOPS_TOKEN": String(wrong.prefix(49))], 1),
      (["status"], ["AIOPS_COORDINATOR": "http://u:\(password)@127.0.0.1:\(dead)"], 69),
      (["status"], ["AIOPS_COORDINATOR": "ftp://u:\(password)@127.0.0.1:\(dead)"], 64),
    ] {
      let run = try await aiopsctl(arguments, environment)
      #expect(await run.wait() == .exited(status), "\(run.output)")
      evidence.add("tool: error", run.output)
    }
    try await TemporaryFolder.with("wrong") { folder in
      var processes: [ChildProcess] = []
      for (index, text) in [
        "sources: [{name: a, type: postgres, url: \"postgre://u:\(secrets.make("WrongURL"))@h/d\"}]",
        "sources: [{name: a, type: postgres, url_env: \"\(secrets.make("InsteadOfAName")) x\"}]",
        "sinks: [{name: a, type: webhook, url: \"https//\(secrets.make("WrongHook"))\"}]",
        "sources: [{name: a, type: redis, password: [\(secrets.make("WrongPassword"))]}]",
        "coordinator: {store: \"mysql://u:\(secrets.make("WrongStore"))@h/d\"}",
        // A store that is away: it is waited for.
        "coordinator: {http: \"127.0.0.1:0\", bus: \"ipc://\(folder.path("b"))\", changes: \"ipc://\(folder.path("c"))\", "
          + "store: \"postgres://u:\(secrets.make("AwayStore"))@127.0.0.1:\(dead)/d\"}",
      ].enumerated() {
        let config = try folder.write(text, to: "\(index).yaml")
        evidence.add("tool: config check", try await aiopsctl(["config", "check", config], [:]).output)
        processes.append(
          try ChildProcess(
            try builtExecutable("aiops-coordinator"), ["--config", config], workingDirectory: folder.path,
            log: folder.path("\(index).log")))
      }
      let last = processes.removeLast()
      for process in processes { #expect(await process.wait(timeout: .seconds(10)) == .exited(78)) }
      try await eventually(timeout: .seconds(15), "its waiting") { last.output.contains("waiting") }
      await last.terminate()
      for process in processes + [last] { evidence.add("log: wrong configuration", process.output) }
    }
  }

  /// Every process's command line, as anybody on this machine sees it; the tests' own apart.
  private static func commandLines() -> [(String, [UInt8])] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var lines: [(String, [UInt8])] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard Int(name) != nil, let data = try? contents(of: "/proc/\(name)/cmdline"), !data.isEmpty else {
        continue
      }
      lines.append((name, Array(data.utf8)))
    }
    return lines
  }
}
