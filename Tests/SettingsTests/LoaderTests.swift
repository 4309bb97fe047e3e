import Foundation
import IncidentModel
import Settings
import Testing

@Suite("A good configuration")
struct LoaderTests {
  /// The root of the package, where the example config lies.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test("without a file this host is watched, with the built-in rules and runbooks")
  func defaults() throws {
    let settings = try load("")
    #expect(settings.sources.count == 1)
    #expect(settings.sources[0].autonomy == .suggest)
    #expect(settings.sources[0].rules.contains { $0.metric == "host_cpu_usage" })
    #expect(settings.runbooks.map(\.name) == RunbookCatalogue.builtIn.map(\.name))
    #expect(settings.coordinator == CoordinatorSettings())
    #expect(settings.sinks.map(\.kind) == [.log])
  }

  @Test("security names files beside the config, and with tokens and TLS others may reach the API")
  func security() throws {
    let text = """
      security:
        tokens: tokens.json
        tls: {certificate: /etc/aiops/tls.pem, key: tls.key, authority: ca.pem}
      coordinator: {http: "0.0.0.0:8443", http_advertise: "coordinator-1:8443"}
      """
    let settings = try SettingsLoader.parse(Array(text.utf8), file: "/etc/a/aiops.yaml", environment: [:])
    #expect(settings.httpSecurity.tokens == "/etc/a/tokens.json")
    #expect(
      settings.httpSecurity.tls
        == HTTPSecuritySettings.TLS(
          certificate: "/etc/aiops/tls.pem", key: "/etc/a/tls.key", authority: "/etc/a/ca.pem"))
    #expect(settings.coordinator.httpHost == "0.0.0.0" && settings.coordinator.httpPort == 8443)
    #expect(settings.coordinator.httpAdvertise == "coordinator-1:8443")
    #expect(try load("").httpSecurity == HTTPSecuritySettings())
    let insecure = try load("security: {insecure: true}\ncoordinator: {http: \"0.0.0.0:80\"}")
    #expect(insecure.httpSecurity.insecure && insecure.coordinator.httpHost == "0.0.0.0")
  }

  @Test("the example loads and means what its comments say")
  func example() throws {
    let path = Self.root.appending(path: "compose/aiops.example.yaml").path
    let settings = try SettingsLoader.load(path: path, environment: [:])
    #expect(
      settings.sources.map(\.name) == ["this-host", "shop-db", "shop-cache", "metrics", "shop-website"])
    #expect(settings.sources.allSatisfy { $0.autonomy == .suggest })
    #expect(settings.coordinator == CoordinatorSettings())
    #expect(settings.correlation == CorrelationSettings())
    let host = try #require(settings.source(named: "this-host"))
    #expect(!host.rules.contains { $0.metric == "host_swap_usage" })
    #expect(host.rules.first { $0.metric == "host_cpu_usage" }?.threshold?.clear == 85)
    guard case .host(let folders) = host.kind else { return #expect(Bool(false)) }
    #expect(folders.folders.first?.budgetBytes == 2 << 30)
    let database = try #require(settings.source(named: "shop-db"))
    let usage = try #require(database.rules.first { $0.metric == "database_connection_usage" })
    #expect(usage.baseline?.deviations == 3)
    #expect(usage.threshold?.value == 80)
    let transaction = try #require(database.rules.first { $0.metric == "database_longest_transaction" })
    #expect(transaction.threshold == ThresholdSettings(value: 300, forSeconds: 30, severity: .high))
    let runbook = try #require(settings.runbook(named: "calm-the-database"))
    let steps = try runbook.render(["application": .text("reports")], target: "shop-db")
    #expect(
      steps[1].action
        == .cancelQueries(
          SessionFilter(state: nil, application: "reports", olderThanSeconds: 10, limit: 20)))
    #expect(settings.commands["restart-shop"]?.arguments == ["restart", "shop.service"])
    #expect(settings.endpoints["pause-batch"]?.method == "POST")
    #expect(
      settings.escalation.policy.steps == [
        .notify("on-call engineer", sinks: ["on-call"]), .wait(.seconds(300)),
        .notify("head of operations", sinks: []), .wait(.seconds(600)), .repeatFrom(1, count: 3),
      ])
    #expect(settings.escalation.ackTimeoutSeconds == nil)
    #expect(
      settings.escalation.policies["database"]?.steps.first == .notifyOnCall("databases", sinks: ["on-call"]))
    #expect(database.escalation == "database")
  }

  @Test("agents connect to the coordinator's bus, or to those of all coordinators")
  func coordinators() throws {
    #expect(try load("coordinator: {bus: \"tcp://127.0.0.1:7000\"}").busEndpoints == ["tcp://127.0.0.1:7000"])
    let settings = try load(
      "coordinators: [\"tcp://127.0.0.1:5570\", \"ipc:///run/b\"]\ndetector: {spool: /s, spool_limit: 7}")
    #expect(settings.busEndpoints == ["tcp://127.0.0.1:5570", "ipc:///run/b"])
    #expect(settings.coordinator.bus == "tcp://127.0.0.1:5570")
    #expect(settings.detector.spool == "/s")
    #expect(settings.detector.spoolLimit == 7)
    #expect(try load("").detector == DetectorSettings())
  }

  @Test(
    "durations have units",
    arguments: [
      ("200ms", 0.2), ("30s", 30), ("5m", 300), ("1h", 3600), ("1d", 86_400), ("1.5m", 90), ("12", 12),
      ("\"10s\"", 10),
    ])
  func durations(text: String, seconds: Double) throws {
    let settings = try load("sources: [{name: h, type: host, interval: \(text)}]")
    #expect(settings.sources[0].intervalSeconds == seconds)
  }

  @Test(
    "sizes have units",
    arguments: [
      ("4096", 4096), ("64MB", 64_000_000), ("64MiB", 67_108_864), ("1 GiB", 1_073_741_824), ("1.5kB", 1500),
    ])
  func sizes(text: String, bytes: Int64) throws {
    let settings = try load(
      "sources: [{name: h, type: host, folders: [{path: /tmp/x, budget: \(text)}]}]")
    guard case .host(let host) = settings.sources[0].kind else { return #expect(Bool(false)) }
    #expect(host.folders[0].budgetBytes == bytes)
  }

  @Test("the journal is a file, or a PostgreSQL database whose URL is kept secret")
  func store() throws {
    #expect(try load("coordinator: {}").coordinator.store.exposed == "aiops.db")
    #expect(try load("coordinator: {store: /var/lib/aiops/j.db}").coordinator.storeIsPostgres == false)
    let settings = try load(
      "coordinator: {store_env: STORE}", environment: ["STORE": "postgres://ann:tulip@db/aiops"])
    #expect(settings.coordinator.store.exposed == "postgres://ann:tulip@db/aiops")
    #expect(settings.coordinator.storeIsPostgres)
    #expect(!"\(settings)".contains("tulip"))
    let wrong = problems("coordinator: {store: \"mysql://ann:tulip@db/aiops\"}")
    #expect(
      wrong == [
        "test.yaml:1:22: coordinator.store: must be a file's path or begin with postgres://"
      ])
    #expect(try load("coordinator: {}").coordinator.retentionSeconds == 2_592_000)
    #expect(try load("coordinator: {retention: 90d}").coordinator.retentionSeconds == 7_776_000)
    #expect(try load("coordinator: {retention: off}").coordinator.retentionSeconds == nil)
    #expect(
      problems("coordinator: {store: a.db, store_env: STORE}").joined().contains("give only one of"))
  }

  @Test("secrets come from the text, the environment or a file, and are never shown")
  func secrets() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "hunter2\n".write(toFile: folder + "/password", atomically: true, encoding: .utf8)
    let settings = try load(
      """
      sources:
        - {name: a, type: postgres, url_env: DB}
        - {name: b, type: redis, password_file: password}
      """, file: folder + "/aiops.yaml", environment: ["DB": "postgres://u:pw@h/db"])
    guard case .postgres(let database) = settings.sources[0].kind,
      case .redis(let cache) = settings.sources[1].kind
    else { return #expect(Bool(false)) }
    #expect(database.url.exposed == "postgres://u:pw@h/db")
    #expect(cache.password?.exposed == "hunter2")
    #expect(!"\(settings)".contains("hunter2") && !"\(settings)".contains("pw@"))
  }

  @Test("a threshold that is given anew keeps no old bound to clear at, and a flag clears at its bound")
  func overriding() throws {
    let settings = try load(
      """
      sources:
        - name: db
          type: postgres
          url: host=/tmp
          rules:
            database_connection_usage: {threshold: {above: 50}, baseline: off}
            database_cache_hit_ratio: {threshold: {below: 90}}
            database_deadlocks: {threshold: off}
            database_slow_queries: {threshold: {for: 1m}}
        - {name: web, type: http, url: "http://localhost", rules: {http_up: {threshold: {below: 1, for: 5s}}}}
      """)
    func rule(_ name: String) -> RuleSettings? {
      settings.sources.flatMap(\.rules).first { $0.metric == name }
    }
    #expect(rule("database_connection_usage")?.threshold == ThresholdSettings(value: 50))
    #expect(rule("database_connection_usage")?.baseline == nil)
    #expect(rule("database_cache_hit_ratio")?.threshold?.condition == .below)
    #expect(rule("database_deadlocks") == nil)
    #expect(rule("database_slow_queries")?.threshold == ThresholdSettings(value: 10, forSeconds: 60))
    #expect(rule("http_up")?.threshold?.clearValue == 1)
  }

  @Test("of every kind of source it can be said how soon and how badly it counts that it can't be measured")
  func sourceUp() throws {
    let rule = "rules: {source_up: {threshold: {for: 1m, severity: medium}}}"
    let settings = try load(
      """
      sources:
        - {name: h, type: host, \(rule)}
        - {name: d, type: postgres, url: host=/tmp, \(rule)}
        - {name: c, type: redis, \(rule)}
        - {name: p, type: prometheus, url: "http://h", queries: [{metric: m, query: up}], \(rule)}
        - {name: w, type: http, url: "http://h", \(rule)}
      """)
    #expect(settings.sources.count == 5)
    for source in settings.sources {
      #expect(
        source.rules.filter { $0.metric == "source_up" }.map(\.threshold) == [
          ThresholdSettings(condition: .below, value: 1, clear: 1, forSeconds: 60, severity: .medium)
        ])
    }
    for wrong in ["off", "{baseline: off}", "{threshold: {above: 1}}", "{threshold: off}"] {
      #expect(!problems("sources: [{name: h, type: host, rules: {source_up: \(wrong)}}]").isEmpty)
    }
  }

  @Test("a short outage of a URL is waited for, and a full swap alone is no trouble")
  func patience() {
    let web = DefaultRules.rules(for: .http(HTTPSourceSettings(url: Secret("http://h"))))
    #expect(web.first { $0.metric == "http_up" }?.threshold?.forSeconds == 30)
    #expect(!DefaultRules.rules(for: .host(HostSourceSettings())).contains { $0.metric == "host_swap_usage" })
  }

  @Test("runbooks come from files and folders beside the config, and may replace built-in ones")
  func runbookFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder + "/more", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func runbook(_ name: String) -> String {
      "name: \(name)\nfamily: memory\nsteps: [{name: s, action: cache.clear, with: {pattern: 'a*', limit: 1}}]\n"
    }
    try runbook("one").write(toFile: folder + "/one.yaml", atomically: true, encoding: .utf8)
    try runbook("clear-cache-keys").write(toFile: folder + "/more/b.yml", atomically: true, encoding: .utf8)
    try "ignored".write(toFile: folder + "/more/readme.txt", atomically: true, encoding: .utf8)
    let settings = try load("runbooks: [one.yaml, more]", file: folder + "/aiops.yaml")
    #expect(settings.runbooks.count == RunbookCatalogue.builtIn.count + 1)
    #expect(settings.runbook(named: "clear-cache-keys")?.parameters.isEmpty == true)
    #expect(settings.runbook(named: "one")?.steps.count == 1)
  }

  @Test("every built-in runbook is sound and every built-in rule is about a metric of its kind")
  func builtIn() {
    for runbook in RunbookCatalogue.builtIn { #expect(runbook.problems().isEmpty) }
    let kinds: [SourceSettings.Kind] = [
      .host(HostSourceSettings()), .postgres(PostgresSourceSettings(url: Secret("a=b"))),
      .redis(RedisSourceSettings(host: "h", port: 1)), .http(HTTPSourceSettings(url: Secret("http://h"))),
    ]
    for kind in kinds {
      let metrics = DefaultRules.metrics(of: kind)
      let rules = DefaultRules.rules(for: kind)
      #expect(!rules.isEmpty)
      for rule in rules { #expect(metrics.contains(rule.metric)) }
    }
  }
}
