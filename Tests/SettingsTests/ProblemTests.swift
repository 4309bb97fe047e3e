import Foundation
import Settings
import Testing

@Suite("A wrong configuration")
struct ProblemTests {
  @Test(
    "names file, line, column, key, what is wrong and what would be right",
    arguments: [
      (
        "sources:\n  - name: h\n    type: host\n    intervall: 30s\n",
        "test.yaml:4:5: sources[0].intervall: unknown key; did you mean \"interval\"?"
      ),
      (
        "sources:\n  - name: h\n    type: hots\n",
        "test.yaml:3:11: sources[0].type: \"hots\" must be one of host, postgres, redis, prometheus, http. "
          + "Did you mean \"host\"?"
      ),
      ("sources:\n  - type: host\n", "test.yaml:2:5: sources[0]: the key \"name\" is missing"),
      (
        "sources: [{name: h, type: host, interval: soon}]",
        "test.yaml:1:43: sources[0].interval: must be a duration such as 200ms, 30s, 5m, 1h or 7d, not text"
      ),
      (
        "sources: [{name: h, type: host, interval: 0}]",
        "test.yaml:1:43: sources[0].interval: 0ms is out of range; must be 100ms to 1d"
      ),
      (
        "sources: [{name: h, type: host}, {name: h, type: host}]",
        "test.yaml:1:41: sources[1].name: \"h\" is the name of another entry already"
      ),
      (
        "coordinator: {http: \"0.0.0.0:8080\"}",
        "test.yaml:1:21: coordinator.http: \"0.0.0.0\" is not a loopback address; beyond this machine the HTTP "
          + "API needs security.tokens and security.tls (or security.insecure: true, and everybody who reaches "
          + "it reads along): set that, or use 127.0.0.1"
      ),
      (
        "{security: {tokens: t.json}, coordinator: {http: \"[::]:8080\"}}",
        "test.yaml:1:50: coordinator.http: \"::\" is not a loopback address; beyond this machine the HTTP API "
          + "needs security.tls (or security.insecure: true, and everybody who reaches it reads along): set "
          + "that, or use 127.0.0.1"
      ),
      (
        "security: {tls: {certificate: a.pem}}",
        "test.yaml:1:17: security.tls: the key \"key\" is missing"
      ),
      (
        "security: {insecure: perhaps}",
        "test.yaml:1:22: security.insecure: must be true or false, not text"
      ),
      (
        "coordinator: {http_advertise: \"a b:1\"}",
        "test.yaml:1:31: coordinator.http_advertise: must be a host and a port such as coordinator-1:8080"
      ),
      (
        "coordinator: {bus: tcp://*:5570}",
        "test.yaml:1:20: coordinator.bus: \"*\" is not a loopback address; beyond this machine the bus needs keys "
          + "(aiopsctl keys new, then security.key, coordinator_key and allowed), or security.insecure: true to go "
          + "without: set that, or use 127.0.0.1"
      ),
      (
        "coordinators: [\"tcp://127.0.0.1:5570\", \"tcp://127.0.0.1:5570\"]",
        "test.yaml:1:40: coordinators[1]: is there already; each coordinator has a bus of its own"
      ),
      (
        "coordinators: [\"tcp://10.1.2.3:5570\"]",
        "test.yaml:1:16: coordinators[0]: \"10.1.2.3\" is not a loopback address; beyond this machine the bus needs keys "
          + "(aiopsctl keys new, then security.key, coordinator_key and allowed), or security.insecure: true to go "
          + "without: set that, or use 127.0.0.1"
      ),
      (
        "coordinators: []",
        "test.yaml:1:15: coordinators: needs at least one bus, or leave the key out: agents then connect to "
          + "coordinator.bus"
      ),
      (
        "detector: {spool_limit: 0}",
        "test.yaml:1:25: detector.spool_limit: 0 is out of range; must be 1 to 1000000"
      ),
      (
        "sources: [{name: d, type: postgres, url_env: NOPE}]",
        "test.yaml:1:46: sources[0].url_env: the environment variable \"NOPE\" is not set"
      ),
      (
        "sources: [{name: d, type: postgres}]",
        "test.yaml:1:11: sources[0]: the key \"url\" (or \"url_env\", \"url_file\") is missing"
      ),
      (
        "sources: [{name: d, type: http, url: \"ftp://u:secret@h\"}]",
        "test.yaml:1:38: sources[0].url: must be an http:// or https:// URL"
      ),
      (
        "sources: [{name: d, type: postgres, url: a=b, rules: {database_conection_usage: off}}]",
        "test.yaml:1:55: sources[0].rules.database_conection_usage: this source has no metric "
          + "\"database_conection_usage\"; did you mean \"database_connection_usage\"?"
      ),
      (
        "sources: [{name: h, type: host, rules: {host_cpu_usage: {threshold: {above: 90, clear: 95}}}}]",
        "test.yaml:1:88: sources[0].rules.host_cpu_usage.threshold.clear: 95 is on the wrong side: with "
          + "\"above: 90\" it must be at most that"
      ),
      ("sources: {}", "test.yaml:1:10: sources: must be a list, not a mapping"),
      ("just text", "test.yaml:1:1: must be a mapping of keys and values, not text"),
      (
        "escalation: {policy: [{notify: x, sinks: [pagr]}]}\nsinks: [{name: pager, type: log}]",
        "test.yaml:1:43: escalation.policy[0].sinks[0]: there is no sink \"pagr\"; did you mean \"pager\"?"
      ),
      (
        "escalation: {policy: []}",
        "test.yaml:1:22: escalation.policy: needs at least one notify step: somebody must be told"
      ),
      (
        "escalation: {policy: [{notify: x}, {wait: 500ms}]}",
        "test.yaml:1:43: escalation.policy[1].wait: 500ms is out of range; must be 1s to 7d"
      ),
      (
        "escalation: {policy: [{notify: x}, {repeat: {from: 1}}]}",
        "test.yaml:1:36: escalation.policy[1]: step 1 would be told again without a pause; put a wait among them"
      ),
      (
        "escalation: {policy: [{notify: x}, {wait: 1s}, {repeat: {from: 4}}]}",
        "test.yaml:1:48: escalation.policy[2]: must go back to an earlier step: \"from\" is the number of a step, 1 to 2"
      ),
      (
        "escalation: {policy: [{notify: x, wait: 5m}]}",
        "test.yaml:1:23: escalation.policy[0]: must say one thing: notify, notify_on_call, wait or repeat"
      ),
      (
        "escalation: {policy: [{notify: x}, {wait: 5m, sinks: [log]}]}",
        "test.yaml:1:47: escalation.policy[1].sinks: unknown key; known: wait"
      ),
      (
        "escalation: {policies: {db: [{notify: x}]}}\nsources: [{name: h, type: host, escalation: bd}]",
        "test.yaml:2:45: sources[0].escalation: there is no policy \"bd\" in escalation.policies; did you mean \"db\"?"
      ),
      (
        "escalation: {ack_timeout: 5s}",
        "test.yaml:1:27: escalation.ack_timeout: 5s is out of range; must be 1m to 7d"
      ),
      ("correlation:\n", "test.yaml:1:1: correlation: has no value; give it one or leave the key out"),
      (
        "runbooks: [nowhere.yaml]",
        "test.yaml:1:12: runbooks[0]: the file \"nowhere.yaml\": there is no such file"
      ),
    ])
  func places(yaml: String, expected: String) {
    #expect(problems(yaml) == [expected])
  }

  @Test("reports every problem at once, in one go")
  func all() {
    let lines = problems(
      """
      coordinator: {htp: 1}
      sources:
        - {name: a, type: redis, port: 99999}
        - {name: "b b", type: host}
        - {name: c, type: prometheus, url: "http://h", queries: []}
      commands: {x: {executable: rm}}
      nonsense: 1
      """)
    #expect(lines.count == 6)
    #expect(lines.allSatisfy { $0.hasPrefix("test.yaml:") })
  }

  @Test(
    "that is no YAML says where",
    arguments: [
      ("sources: [", "test.yaml:2:1: not valid YAML"), ("a: b: c", "test.yaml:1:5: not valid YAML"),
      ("\tx: 1", "test.yaml:1:1: not valid YAML"),
      ("a: 1\na: 2", "test.yaml:1:1: the key \"a\" is given twice"),
      ("a: \"\u{1}\"", "test.yaml:1:5: holds a control character"),
      ("a: 1\n---\nb: 2", "test.yaml:2:1: not valid YAML"),
    ])
  func syntax(yaml: String, prefix: String) {
    let lines = problems(yaml)
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix(prefix) == true, "\(lines)")
  }

  @Test("refuses aliases before they are followed: a billion of them is nine lines")
  func aliasBomb() {
    var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      yaml += "a\(level): &a\(level) [\(repeatElement("*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
    }
    yaml += "? *a30\n: 1\n"
    #expect(problems(yaml) == ["test.yaml:2:10: aliases such as *a0 are not supported; write the value out"])
  }

  @Test("that is nested deeply is refused, not followed to a crash")
  func depth() {
    for opening in ["[", "{a: ", "- ", "? "] {
      #expect(!problems(String(repeating: opening, count: 100_000)).isEmpty)
    }
  }

  @Test("that is too large, missing, a folder or no text is refused with the reason")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func message(_ path: String) -> String {
      do throws(SettingsError) {
        _ = try SettingsLoader.load(path: path, environment: [:])
        return "loaded"
      } catch {
        return error.description
      }
    }
    try Data(repeating: 0x23, count: (1 << 20) + 1).write(to: URL(filePath: folder + "/large.yaml"))
    try Data([0x61, 0x0A, 0x62, 0xFF]).write(to: URL(filePath: folder + "/bytes.yaml"))
    #expect(message(folder + "/large.yaml").hasSuffix("is larger than 1024 KiB, the most that is read"))
    #expect(message(folder + "/bytes.yaml").hasSuffix("bytes.yaml:2:2: is not UTF-8 text"))
    #expect(message(folder).hasSuffix("is not a plain file"))
    #expect(message("/dev/zero").hasSuffix("is not a plain file"))
    #expect(message(folder + "/none.yaml") == folder + "/none.yaml: there is no such file")
  }

  @Test("never shows a secret, even a wrong one")
  func secrets() {
    let lines = problems(
      """
      sources:
        - {name: a, type: http, url: "secret-1"}
        - {name: b, type: postgres, url: "secret-2"}
        - {name: c, type: http, url_env: URL}
        - {name: d, type: http, url: "http://user:secret-4@:x"}
      """, environment: ["URL": "secret-3"])
    #expect(lines.count == 4)
    #expect(!lines.joined().contains("secret"))
  }

  @Test("never shows a secret that stands where the name of a variable or file should")
  func misplacedSecrets() {
    let lines = problems(
      """
      sources:
        - {name: a, type: postgres, url_env: "postgres://u:secret-1@h/db"}
        - {name: b, type: postgres, url_file: "postgres://u:secret-2@h/db"}
        - {name: c, type: redis, password_env: "secret-3"}
        - {name: d, type: redis, password_file: "secret-4"}
        - {name: e, type: redis, password_env: "NOPE_1"}
        - {name: f, type: redis, password_file: "/no/such/file"}
      """)
    #expect(lines.count == 6)
    #expect(!lines.joined().contains("secret-"))
    #expect(lines.contains { $0.contains("\"NOPE_1\"") } && lines.contains { $0.contains("/no/such/file") })
  }

  @Test("of a runbook for a source that is down is found where the source names it")
  func whenDown() {
    func lines(_ name: String) -> [String] {
      problems(
        """
        sources:
          - {name: shop, type: http, url: "http://h/", when_down: \(name)}
        endpoints: {start: {url: "http://h/start"}}
        runbooks:
          - name: start-shop
            family: availability
            steps: [{name: s, action: http.request, with: {endpoint: start}, idempotent: true}]
          - name: stop-batch
            family: cpu
            steps: [{name: s, action: http.request, with: {endpoint: start}}]
          - name: start-any
            family: availability
            parameters: {endpoint: {type: text}}
            steps: [{name: s, action: http.request, with: {endpoint: "${endpoint}"}}]
        """)
    }
    #expect(lines("start-shop") == [])
    #expect(lines("start-shops").first?.contains("start-shop\"") == true)
    #expect(lines("stop-batch").first?.contains("is for cpu") == true)
    #expect(lines("start-any").first?.contains("parameter \"endpoint\"") == true)
    for name in ["start-shops", "stop-batch", "start-any"] {
      #expect(lines(name).count == 1 && lines(name).first?.hasPrefix("test.yaml:2:") == true)
    }
  }

  @Test("of a runbook is found at load time, at its place")
  func runbooks() {
    let lines = problems(
      """
      runbooks:
        - name: bad
          family: memory
          parameters: {n: {type: number, min: 1, max: 5, default: 9}}
          steps:
            - {name: a, action: cache.clear, with: {pattern: "${nope}", limit: "${n}"}}
            - {name: b, action: cache.clear, with: {pattern: "x${n}", limit: 0, colour: red}}
            - {name: c, action: postgres.terminate_backends, with: {older_than: 5s, limit: 2}}
            - {name: d, action: cache.clear, with: {limit: 1}}
      """)
    #expect(
      lines.map { $0.split(separator: " ", maxSplits: 1).first.map(String.init) }
        == [
          "test.yaml:4:18:", "test.yaml:6:47:", "test.yaml:7:47:", "test.yaml:7:65:", "test.yaml:7:75:",
          "test.yaml:8:9:", "test.yaml:9:9:",
        ].map { Optional($0) }, "\(lines.joined(separator: "\n"))")
    #expect(
      problems(
        "runbooks: [{name: r, family: cpu, steps: [{name: s, action: command.run, with: {command: halt}}]}]")
        == ["test.yaml:1:90: runbooks[0].steps[0].with.command: the config declares no command \"halt\""])
    #expect(
      problems(
        "runbooks: [{name: r, family: cpu, steps: [{name: s, action: notify, retries: 2, with: {sink: log, text: x}}]}]"
      ).first?.contains("not idempotent") == true)
  }
}
