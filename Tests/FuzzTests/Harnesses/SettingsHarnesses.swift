import Glibc
import IncidentModel

@testable import Settings

extension Harness {
  /// Configuration, and the texts in it.
  static let settings: [Harness] = [
    Harness(
      "config", maxBytes: 32 << 10,
      tokens: [
        "\n", "  ", "- ", ": ", "|\n", ">-\n", "&a ", "*a", "\u{85}&a ", "\u{85}*a", "<<: ", "!!x ", "? ",
        "---\n",
        "sources:\n", "url_env: URL\n", "runbooks:\n", "escalation:\n", "repeat: {from: 1}\n", "{a: ", "[[",
        "\"\\x",
      ], seeds: { configs.map { Array($0.utf8) } }, run: config),
    Harness(
      text: "units", maxBytes: 80, tokens: ["ms", "KiB", "d"], seeds: ["1.5h", "200ms", "64 MiB", "-1e15"]
    ) { text in
      _ = Units.number(text)
      if let bytes = Units.bytes(text) { try demand(abs(bytes) <= 9_000_000_000_000_000, "\(bytes) bytes") }
      guard let seconds = Units.seconds(text) else { return false }
      let shown = Units.duration(seconds)
      try demand(!seconds.isNaN && shown.utf8.count < 64, "\(text) is \(shown)")
      if abs(seconds) < 1e12, abs(seconds) > 1e-9 || seconds == 0, let again = Units.seconds(shown) {
        try demand(abs(again - seconds) <= abs(seconds) * 1e-9, "\(text) is \(shown), which is \(again)")
      }
      return true
    },
    Harness(
      text: "network-text", maxBytes: 512, tokens: ["http://", "tcp://", "[::1]", "@", "postgres://"],
      seeds: [
        "https://ann:secret@example.org:8443/path?q=1#f", "tcp://127.0.0.1:5570", "ipc:///run/aiops/bus",
        "[::1]:80",
        "postgres://shop@db/shop", "host=127.0.0.1 dbname=shop",
      ]
    ) { text in
      _ = NetworkText.postgresObjection(text)
      _ = NetworkText.loopbackObjection(text)
      let isURL = NetworkText.urlObjection(text) == nil
      if isURL {
        try demand(text.hasPrefix("http") && !text.utf8.contains { $0 <= 0x20 }, "\(text) is a URL")
      }
      _ = NetworkText.busObjection(text, mayLeaveMachine: true)
      guard NetworkText.busObjection(text, mayLeaveMachine: false) == nil else { return isURL }
      try demand(text.utf8.count <= 200 || text.hasPrefix("ipc://"), "a long endpoint")
      if let address = NetworkText.split(String(text.dropFirst(6))), text.hasPrefix("tcp") {
        try demand(NetworkText.isLoopback(address.host), "\(text) is not of this machine")
      }
      return true
    },
    Harness(
      text: "escalation", maxBytes: 4096,
      tokens: ["notify: a\n", "- wait: 5m\n", "- repeat: {from: 1, count: 3}\n"],
      seeds: [
        "- notify: a\n- wait: 5m\n- notify: b\n- wait: 10m\n- repeat: {from: 1}\n", "- {notify_on_call: x}",
      ]
    ) { text in
      let yaml = "escalation:\n  policy:\n" + text.split(separator: "\n").map { "    \($0)\n" }.joined()
      guard let settings = try? load(Array(yaml.utf8)) else { return false }
      try demand(EscalationPolicy.flaws(in: settings.escalation.policy.steps).isEmpty, "a policy with a flaw")
      return true
    },
    Harness(
      text: "runbook", maxBytes: 8192,
      tokens: ["steps:", "action: ", "with:", "${a}", "parameters:", "type: bytes"],
      seeds: [runbook]
    ) { text in
      let yaml = "runbooks:\n  - " + text.split(separator: "\n").joined(separator: "\n    ")
      guard let settings = try? load(Array(yaml.utf8)) else { return false }
      for runbook in settings.runbooks {
        try demand(runbook.problems().isEmpty, "\(runbook.name) has problems")
        _ = try? runbook.render(["a": .text("x"), "n": .number(3)], target: "shop-db")
      }
      return settings.runbooks.count > RunbookCatalogue.builtIn.count
    },
  ]

  private static func load(_ bytes: [UInt8]) throws(SettingsError) -> SystemSettings {
    // No file of this name is there, nor beside it.
    try SettingsLoader.parse(
      bytes, file: "/dev/null/aiops.yaml", environment: ["URL": "postgres://shop@db/shop"])
  }

  private static func config(_ bytes: [UInt8]) throws -> Bool {
    let settings: SystemSettings
    do throws(SettingsError) { settings = try load(bytes) } catch {
      try demand(
        (1...SettingsError.maxProblems).contains(error.problems.count), "\(error.problems.count) problems")
      for problem in error.problems {
        try demand(problem.message.utf8.count < 16_384, "a message of \(problem.message.utf8.count) bytes")
        try demand(problem.line != nil, "\(problem.message) has no place")
      }
      return false
    }
    for source in settings.sources {
      try demand((0.1...86_400).contains(source.intervalSeconds), "interval \(source.intervalSeconds)")
      try demand((0.01...600).contains(source.timeoutSeconds), "timeout \(source.timeoutSeconds)")
    }
    try demand((0...65_535).contains(settings.coordinator.httpPort), "port \(settings.coordinator.httpPort)")
    try demand(NetworkText.isLoopback(settings.coordinator.httpHost), "\(settings.coordinator.httpHost)")
    return true
  }

  private static let runbook = """
    name: tidy
    family: disk
    parameters: {a: {type: text, max_length: 64}, n: {type: number, min: 1, max: 9, default: 3}}
    steps:
      - {name: one, action: cache.clear, with: {pattern: "${a}", limit: 5}, retries: 1, timeout: 10s}
      - {name: two, action: files.delete_older_than, with: {folder: /tmp/x, pattern: "*.log", older_than: 1d, limit: "${n}"}}
    """

  private static let configs = [
    """
    coordinator: {bus: "tcp://127.0.0.1:5570", changes: "ipc:///run/c", http: "[::1]:0", retention: off, lease: 10s}
    coordinators: [tcp://127.0.0.1:5570, tcp://127.0.0.1:5580]
    detector: {spool: spool, spool_limit: 10}
    correlation: {window: 5m, false_positive_quiet: 1h}
    escalation:
      ack_timeout: 30m
      policy: [{notify: ann, sinks: [hook]}, {wait: 5m}, {notify_on_call: week}, {wait: 1m}, {repeat: {from: 1, count: 2}}]
      policies: {other: [{notify: bob}]}
    sinks: [{name: hook, type: webhook, url: "https://example.org/x"}, {name: log, type: log}]
    sources:
      - {name: db, type: postgres, url_env: URL, autonomy: auto, escalation: other, protected_applications: [cron],
         rules: {database_slow_queries: {threshold: {above: 5, clear: 4, for: 1m, severity: high}, baseline: off}}}
      - {name: host, type: host, mounts: [/], folders: [{path: /var/log, budget: 1GiB, deletable: ["*.log"], keep: 7d}]}
      - {name: cache, type: redis, host: 127.0.0.1, port: 6379, clearable: ["session:*"], max_memory_ceiling: 2GiB}
      - {name: prom, type: prometheus, url: "http://127.0.0.1:9090", queries: [{metric: up, query: up, unit: bool}]}
      - {name: web, type: http, url: "http://127.0.0.1/", expected_status: 200-299, interval: 5s, retry: 5s, timeout: 1s}
    commands: {restart: {executable: /bin/true, arguments: [a], allow_arguments: true, working_directory: /}}
    endpoints: {scale: {method: POST, url: "http://127.0.0.1/scale", expected_status: 202}}
    """,
    "runbooks:\n  - " + runbook.split(separator: "\n").joined(separator: "\n    "),
    "sources:\n- name: a\n  type: host\n  rules:\n    host_cpu_usage:\n      baseline: {deviations: 2.5, window_samples: 60}\n",
  ]
}
