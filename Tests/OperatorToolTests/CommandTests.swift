import Foundation
import OperatorTool
import TestKit
import Testing

@Suite("aiopsctl")
struct CommandTests {
  static let incident = """
    {"id":"INC-1A2B3C4D","name":"Anomaly: database_connection_usage","severity":"high",
    "status":"resolved","detected_at":"2026-11-23T08:53:00.000Z","auto_resolved":true,"count":3,
    "affected_systems":["shop-db"],"root_cause":"37 of 40 connections are idle in transaction",
    "description":"database_connection_usage is 92 percent, above 80 percent","resolved_at":"2026-11-23T08:54:00.000Z",
    "diagnosis":{"hypotheses":[{"cause":"leak","confidence":0.9,"evidence":[{"statement":"37 sessions",
    "query":"SELECT 1","tool":"postgres.sessions","observed_at":"2026-11-23T08:53:01.000Z"}]}],
    "remedy":{"runbook":"free-leaked-connections","parameters":{"application":"checkout"}},"recommendations":[]},
    "steps":[{"index":0,"name":"end leaked sessions","state":"succeeded","detail":"ended 37 sessions"}],
    "verification":{"verdict":"recovered","detail":"12 percent"},
    "timeline":[{"at":"2026-11-23T08:53:00.000Z","kind":"signal","actor":"detector-1","text":"raised"}]}
    """

  @Test("lists open incidents in aligned columns, and asks only for what is wanted")
  func list() async throws {
    let (run, requests) = try await aiopsctl(["incidents", "list", "--severity", "high", "--severity", "low"])
    { _ in
      .ok("{\"incidents\":[\(Self.incident)],\"next_page_token\":\"x\"}")
    }
    #expect(run.status == 0)
    #expect(run.out.count == 3)
    #expect(run.out[0].hasPrefix("ID            SEVERITY  STATUS"))
    #expect(run.out[1].hasPrefix("INC-1A2B3C4D  high      resolved (auto)  2026-11-23 08:53:00Z  3"))
    #expect(run.out[2].contains("more"))
    #expect(requests.map(\.path) == ["/aiops/incidents"])
    #expect(
      requests[0].query
        == "page_size=100&status=detected,investigating,identified,resolving,escalated&severity=high,low")
    let nothing = try await aiopsctl(["incidents"]) { _ in
      .ok("{\"incidents\":[],\"next_page_token\":null}")
    }
    #expect(nothing.run.out == ["No open incidents."])
  }

  @Test("health reads an agent's fresh word, and asks a coordinator where no file is named")
  func health() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let file = folder.path("health")
    func status(_ word: String, secondsAgo: Double, _ options: String...) async throws -> Int32 {
      try Data(word.utf8).write(to: URL(filePath: file))
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -secondsAgo)], ofItemAtPath: file)
      return await aiopsctl(["health"] + options, environment: ["AIOPS_HEALTH_FILE": file]).status
    }
    #expect(await aiopsctl(["health", "--file", file]).status == 1)
    #expect(try await status("connected\n", secondsAgo: 0) == 0)
    #expect(try await status("searching\n", secondsAgo: 0) == 1)
    #expect(try await status("searching\n", secondsAgo: 0, "--alive") == 0)
    #expect(try await status("connected\n", secondsAgo: 60, "--alive") == 1)
    #expect(try await status("connected\n", secondsAgo: 60, "--within", "120") == 0)
    #expect(try await status("connected\n", secondsAgo: -60) == 1)
    let (ready, requests) = try await aiopsctl(["health"]) { _ in .ok("{\"status\":\"ready\"}") }
    #expect(ready.status == 0 && ready.out == ["ready"] && requests.map(\.path) == ["/readyz"])
    let (away, asked) = try await aiopsctl(["health", "--alive"]) { _ in .json(503, "{}") }
    #expect(away.status != 0 && asked.map(\.path) == ["/healthz"])
  }

  @Test("of several coordinators asks the first that answers; a word is not said twice")
  func several() async throws {
    let gone = "http://127.0.0.1:\(freePort())"
    let works: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { _ in
      .ok("{\"agents\":[]}")
    }
    let breaks: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { _ in .disconnect }
    try await ScriptedHTTPServer.with(works) { server in
      let lists = [
        ["--coordinator", "\(gone),\(server.url)"], ["--coordinator", gone, "--coordinator", server.url],
      ]
      for list in lists { #expect(await aiopsctl(["agents"] + list).status == 0) }
      let run = await aiopsctl(["agents"], environment: ["AIOPS_COORDINATOR": "\(gone), \(server.url)"])
      #expect(run.status == 0)
      #expect(await aiopsctl(["incidents", "ack", "00000001"] + lists[0]).status == 0)
      #expect(server.requests.count == 4)
    }
    try await ScriptedHTTPServer.with(breaks) { broken in
      try await ScriptedHTTPServer.with(works) { server in
        let run = await aiopsctl(
          ["incidents", "approve", "00000001", "--coordinator", "\(broken.url),\(server.url)"])
        #expect(run.status == 69 && server.requests.isEmpty)
      }
    }
  }

  @Test("status says who leads")
  func leader() async throws {
    let standby = try await aiopsctl(["status"]) { _ in
      .ok("{\"role\":\"standby\",\"epoch\":7,\"leader\":{\"instance\":\"c-1\",\"http\":\"127.0.0.1:1\"}}")
    }
    #expect(standby.run.out == ["role          standby, epoch 7", "leader        127.0.0.1:1 (c-1)"])
    let alone = try await aiopsctl(["status"]) { _ in
      .ok("{\"role\":\"standby\",\"epoch\":0,\"leader\":null}")
    }
    #expect(alone.run.out == ["role          standby", "leader        nobody"])
  }

  @Test("status shows standbys, commits, what waits and why, whom deadlines tell, and what was refused")
  func status() async throws {
    let answer = """
      {"role":"leading","epoch":3,"standbys":[{"instance":"c-2","http":"127.0.0.1:2","seen_at":"2026-11-23T08:53:00Z"}],
       "store":{"kind":"sqlite","location":"/x.db","bytes":4200000,"last_sequence":7,"failures":2,"last_error":null,
        "last_commit_seconds":0.0012,"recent_commits":{"count":9,"p50_seconds":0.001,"p95_seconds":0.002,
        "p99_seconds":0.0041,"max_seconds":1},"warning":"fsync is \\u001b off"},
       "oldest_job":{"incident":"INC-00000001","kind":"diagnose","age_seconds":75,"reason":"no_worker",
        "detail":"no diagnoser is connected"},
       "versions":{"protocol":1,"schema":3,"agents":{"0.1.0":2}},
       "leases":[{"incident":"INC-00000002","kind":"resolve","worker":"r","since":"2026-11-23T08:53:00Z",
        "until":"2026-11-23T08:53:10Z"}],"lease_count":31,
       "deadlines":[{"incident":"INC-00000001","kind":"tell ann","at":"2026-11-23T09:00:00Z",
        "tells":{"names":["ann","bob"],"sinks":["pager"],"step":2,"round":1}}],
       "tellings":[{"incident":"INC-00000001","kind":"tell ann","at":"2026-11-23T09:00:00Z",
        "tells":{"names":["ann","bob"],"sinks":["pager"],"step":2,"round":1}}],
       "refusals":[{"at":"2026-11-23T08:52:00Z","kind":"bus_frame","who":"x\\u001b[2J","reason":"garbage","count":4}]}
      """
    let (run, _) = try await aiopsctl(["status"]) { _ in .ok(answer) }
    #expect(
      run.out == [
        "role          leading, epoch 3", "standbys      127.0.0.1:2 (c-2), heard 2026-11-23 08:53:00Z",
        "store         sqlite at /x.db, 4.2 MB, 7 entries",
        "commits       last 1.2 ms, p50 1 ms, p95 2 ms, p99 4.1 ms, 2 failed",
        "store says    fsync is \\u{1b} off",
        "oldest job    INC-00000001  to diagnose for 1m 15s: no diagnoser is connected",
        "versions      bus protocol 1, journal schema 3, agents 0.1.0 2",
        "leases        INC-00000002  r  to resolve  since 2026-11-23 08:53:00Z  until 2026-11-23 08:53:10Z",
        "              … and 30 more",
        "deadlines     2026-11-23 09:00:00Z  INC-00000001  tell ann  → ann, bob by pager, step 2, round 2",
        "refused       2026-11-23 08:52:00Z  bus_frame × 4  x\\u{1b}[2J  garbage",
      ])
  }

  @Test("shows an incident with cause, evidence, steps and timeline")
  func show() async throws {
    let (run, requests) = try await aiopsctl(["incidents", "show", "1a2b3c4d"]) { _ in .ok(Self.incident) }
    #expect(requests[0].path == "/aiops/incidents/INC-1A2B3C4D")
    for part in [
      "37 sessions", "SELECT 1", "leak (90 %)", "end leaked sessions: succeeded", "recovered", "raised",
      "free-leaked-connections application checkout",
    ] { #expect(run.text.contains(part), "\(part)") }
  }

  @Test("with -o json passes the answer through, every value as it came")
  func json() async throws {
    let answer = "{\"b\":[1,12345678901234567890,{}],\"a\":{\"x\":[],\"y\":\"\\u00e9\u{9B}31m\"},\"c\":1.10}"
    let (run, _) = try await aiopsctl(["status", "-o", "json"]) { _ in .ok(answer) }
    #expect(
      run.out == [
        """
        {
          "b": [
            1,
            12345678901234567890,
            {}
          ],
          "a": {
            "x": [],
            "y": "\\u00e9\\u009b31m"
          },
          "c": 1.10
        }
        """
      ])
  }

  @Test(
    "says a person's word",
    arguments: [
      ("ack", "acknowledge"), ("approve", "approve"), ("resolve", "resolve"),
      ("false-positive", "false-positive"),
    ])
  func words(command: String, verb: String) async throws {
    let (run, requests) = try await aiopsctl(
      ["incidents", command, "INC-1A2B3C4D", "--note", "on it"], environment: ["USER": "sam"]
    ) { _ in .ok(Self.incident) }
    #expect(run.status == 0)
    #expect(run.out.first?.contains("by sam; it is resolved now") == true)
    #expect(requests[0].method == "POST" && requests[0].path == "/aiops/incidents/INC-1A2B3C4D/\(verb)")
    #expect(requests[0].text == "{\"by\":\"sam\",\"note\":\"on it\"}")
  }

  @Test("snoozes for as long as it is told, and knows how long that may be")
  func snooze() async throws {
    let snoozed = Self.incident.replacing("\"resolved\"", with: "\"escalated\"").replacing(
      "\"auto_resolved\":true", with: "\"auto_resolved\":false,\"snoozed_until\":\"2026-11-23T09:23:00.000Z\""
    )
    let (run, requests) = try await aiopsctl(
      ["incidents", "snooze", "INC-1A2B3C4D", "--for", "30m", "--note", "backup"],
      environment: ["USER": "sam"]
    ) { _ in .ok(snoozed) }
    #expect(run.out == ["INC-1A2B3C4D snoozed for 30m by sam; it is escalated now."])
    #expect(requests[0].path == "/aiops/incidents/INC-1A2B3C4D/snooze")
    #expect(requests[0].text == "{\"by\":\"sam\",\"for\":\"30m\",\"note\":\"backup\"}")
    let (show, _) = try await aiopsctl(["incidents", "show", "INC-1A2B3C4D"]) { _ in .ok(snoozed) }
    #expect(show.text.contains("snoozed until 2026-11-23 09:23:00Z"))
    #expect(show.text.contains("escalated (snoozed)"))
    for wrong in [["--for", "30"], ["--for", "8d"], ["--for", "soon"], []] {
      #expect(await aiopsctl(["incidents", "snooze", "INC-1A2B3C4D"] + wrong).status == 64)
    }
  }

  @Test("without a coordinator says what to do, and ends with 69")
  func unreachable() async {
    let run = await aiopsctl(["status", "--coordinator", "http://127.0.0.1:1"])
    #expect(run.status == 69)
    #expect(run.text.hasPrefix("aiopsctl: cannot reach the coordinator at http://127.0.0.1:1: "))
    #expect(
      run.text.hasSuffix("; start it with scripts/up or aiops-coordinator, or name it with --coordinator"))
    let watch = await aiopsctl(
      ["incidents", "watch"], environment: ["AIOPS_COORDINATOR": "http://127.0.0.1:1"])
    #expect(watch.status == 69)
  }

  @Test(
    "shows a refusal in its own words",
    arguments: [
      (
        404, "{\"title\":\"Incident not found\",\"status\":404}", "aiopsctl: Incident not found (404)",
        Int32(1)
      ),
      (
        409, "{\"title\":\"x\",\"detail\":\"It is resolved\\u001b[31m already\"}",
        "aiopsctl: It is resolved\\u{1b}[31m already (409)", 1
      ),
      (503, "{\"detail\":\"not ready\"}", "aiopsctl: not ready (503)", 69),
    ])
  func refused(status: Int, body: String, message: String, exit: Int32) async throws {
    let (run, _) = try await aiopsctl(["incidents", "approve", "INC-1A2B3C4D"]) { _ in
      .reply(status, headers: [("Content-Type", "application/problem+json")], body: Array(body.utf8))
    }
    #expect(run.status == exit)
    #expect(run.err == [message])
  }

  @Test("against something that is no coordinator says so")
  func stranger() async throws {
    let (run, _) = try await aiopsctl(["agents"]) { _ in .reply(200, body: Array("<html>".utf8)) }
    #expect(run.status == 1 && run.text.contains("is it a coordinator?"))
    let garbage = try await aiopsctl(["agents"]) { _ in .raw(Array("SSH-2.0\r\n".utf8)) }
    #expect(garbage.run.status != 0 && garbage.run.out.isEmpty)
    let odd = try await aiopsctl(["agents"]) { _ in .ok("[1]") }
    #expect(odd.run.status == 0)
  }

  @Test("lists agents and the coordinator's state")
  func agentsAndStatus() async throws {
    let (agents, _) = try await aiopsctl(["agents"]) { _ in
      .ok(
        """
        {"agents":[{"kind":"detector","name":"d-1","instance":"i","version":"0.1.0","pid":7,
        "last_heartbeat":"2026-11-23T08:53:00.000Z","load":0.25,"leases":[],"targets":["shop-db","host"]}]}
        """)
    }
    #expect(agents.out.count == 2 && agents.out[1].hasSuffix("shop-db, host"))
    let (status, _) = try await aiopsctl(["status"]) { _ in
      .ok(
        """
        {"version":"0.1.0","uptime_seconds":3725,"store":{"kind":"sqlite"},
        "incidents":{"by_status":{"resolved":2,"detected":0},"by_severity":{"high":1}},
        "queues":{"diagnose":1,"resolve":0},
        "next_deadlines":[{"incident":"INC-1A2B3C4D","at":"2026-11-23T08:53:00.000Z","what":"escalate"}]}
        """)
    }
    #expect(status.out.contains("uptime        1h 2m"))
    #expect(status.out.contains("incidents     resolved 2"))
    #expect(status.out.contains("queues        diagnose 1, resolve 0"))
    #expect(status.out.contains("deadlines     2026-11-23 08:53:00Z  INC-1A2B3C4D  escalate"))
  }

  @Test("shows outside text without letting it touch the terminal")
  func hostile() async throws {
    let (run, _) = try await aiopsctl(["incidents", "--all"]) { _ in
      .ok(
        "{\"incidents\":[{\"id\":\"INC-1A2B3C4D\",\"name\":\"a\\u001b]0;owned\\u0007\\nb\\u202ec\",\"root_cause\":\""
          + String(repeating: "x", count: 5000) + "\"}]}")
    }
    #expect(run.text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && $0.value != 0x202E) })
    #expect(run.out[1].count < 250)
  }

  @Test("checks a configuration without a coordinator")
  func config() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ctl-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "sources: [{name: web, type: http, url: \"http://h\"}]".write(
      toFile: folder + "/good.yaml", atomically: true, encoding: .utf8)
    try "sorces: []".write(toFile: folder + "/bad.yaml", atomically: true, encoding: .utf8)
    let good = await aiopsctl(["config", "check", folder + "/good.yaml"])
    #expect(good.status == 0 && good.out[0].hasSuffix("good.yaml: fine"))
    let bad = await aiopsctl(["config", "check", folder + "/bad.yaml"])
    #expect(
      bad.status == 78 && bad.text.contains("bad.yaml:1:1: sorces: unknown key; did you mean \"sources\"?"))
    let json = await aiopsctl(["config", "check", folder + "/bad.yaml", "-o", "json"])
    #expect(json.status == 78 && json.out[0].contains("\"line\" : 1"))
    let missing = await aiopsctl(["config", "check", folder + "/none.yaml"])
    #expect(missing.status == 78 && missing.text.contains("there is no such file"))
  }

  @Test("answers --help and --version, and wrong usage with 64")
  func usage() async {
    #expect(await aiopsctl(["--version"]).out == ["0.1.0"])
    #expect(await aiopsctl(["--help"]).status == 0)
    #expect(await aiopsctl(["incidents", "show", "nonsense"]).status == 64)
    #expect(await aiopsctl(["incidents", "list", "--status", "gone"]).status == 64)
    #expect(await aiopsctl(["frobnicate"]).status == 64)
    #expect(await aiopsctl(["status", "--coordinator", "ftp://h"]).status == 64)
  }
}
