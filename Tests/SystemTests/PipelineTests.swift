import Glibc
import HTTPBackend
import IncidentModel
import PostgresBackend
import TestKit
import Testing

/// Real processes, a real database, a real fault. One at a time: two cores do it all.
@Suite("The whole pipeline with real processes", .serialized, .timeLimit(.minutes(4)))
struct PipelineTests {
  private static let metric = "database_connection_usage"

  @Test(
    "a leak is detected, explained, fixed, verified; the healthy application loses nothing; two detectors share its source"
  )
  func wholePipeline() async throws {
    try await LeakyShop.with { shop in
      try await Cluster.with(LeakyShop.source(shop.server)) { cluster in
        try await cluster.startCoordinator()
        for name in ["d1", "d2"] { try cluster.start(.detector, name) }
        for kind in [AgentKind.diagnoser, .resolver] { try cluster.start(kind) }
        for name in ["d1", "d2", "diagnoser", "resolver"] { try await Self.joined(name, cluster) }
        let leaked = try await shop.leak(32)
        let incident = try await cluster.incident(about: Self.metric, "resolved") { $0.status == .resolved }
        #expect(incident.autoResolved)
        #expect(incident.rootCause?.contains("checkout") == true)
        #expect(incident.rootCause?.contains("32") == true, "\(incident.rootCause ?? "")")
        #expect(incident.steps.allSatisfy { $0.state == "succeeded" })
        #expect(try await shop.healthyIsUnharmed())
        let left = try await shop.server.execute(
          "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'checkout'")
        #expect(left.rows.first?.first == "0")
        // One of two detectors watches it; one incident is about it.
        let all = try await cluster.incidents()
        #expect(all.count == 1, "\(all)")
        for connection in leaked { await connection.close() }
      }
    }
  }

  @Test("a diagnoser killed with its job in hand is replaced")
  func diagnoserKilled() async throws {
    try await LeakyShop.with { shop in
      try await Cluster.with(LeakyShop.source(shop.server)) { cluster in
        try await cluster.startCoordinator()
        let first = try cluster.start(.diagnoser, "first")
        try cluster.start(.resolver)
        try await Self.joined("first", cluster)
        first.kill(SIGSTOP)
        try cluster.start(.detector)
        let leaked = try await shop.leak(32)
        try await cluster.incident(about: Self.metric, "investigated by the first") {
          $0.timeline.contains { $0.text.contains("investigating by first") }
        }
        first.kill(SIGKILL)
        try cluster.start(.diagnoser, "second")
        let incident = try await cluster.incident(about: Self.metric, "resolved") { $0.status == .resolved }
        #expect(incident.timeline.contains { $0.text.contains("investigating by second") })
        #expect(try await shop.healthyIsUnharmed())
        for connection in leaked { await connection.close() }
      }
    }
  }

  /// The leak's runbook with a second step that takes its time, so that a kill lands in it.
  private static func slowRunbook(idempotent: Bool, marker: String) -> String {
    """

    commands:
      ponder:
        executable: /bin/sh
        arguments: ["-c", "echo run >> \(marker); sleep 3"]
    runbooks:
      - name: free-leaked-connections
        title: End leaked connections, then ponder
        family: connection_pool
        parameters:
          application: {type: text, max_length: 128}
          state: {type: text, max_length: 64, default: "idle in transaction"}
          older_than: {type: duration, min: 0s, max: 1d, default: 5s}
          limit: {type: number, min: 1, max: 1000, default: 200}
        steps:
          - name: end leaked connections
            action: postgres.terminate_backends
            with: {application: "${application}", state: "${state}", older_than: "${older_than}", limit: "${limit}"}
          - name: ponder
            action: command.run
            with: {command: ponder}
            timeout: 20s
            idempotent: \(idempotent)
    """
  }

  @Test("a resolver killed within a step that may run twice is replaced, and it ends resolved")
  func resolverKilledIdempotent() async throws {
    try await Self.killResolver(idempotent: true) { incident, runs in
      #expect(incident.status == .resolved)
      #expect(incident.steps.first { $0.name == "end leaked connections" }?.attempts == 1)
      #expect(runs == 2)
    }
  }

  @Test("a resolver killed within a step that must not run twice leaves it to a person, and it ran once")
  func resolverKilledOnce() async throws {
    try await Self.killResolver(idempotent: false) { incident, runs in
      #expect(incident.status == .escalated)
      #expect(incident.escalationReason?.contains("person") == true, "\(incident.escalationReason ?? "")")
      #expect(runs == 1)
    }
  }

  private static func killResolver(
    idempotent: Bool, _ check: (Cluster.View, _ runs: Int) -> Void
  ) async throws {
    try await LeakyShop.with { shop in
      try await TemporaryFolder.with { folder in
        let marker = folder.path("runs")
        let more = LeakyShop.source(shop.server) + slowRunbook(idempotent: idempotent, marker: marker)
        try await Cluster.with(more) { cluster in
          try await cluster.startCoordinator()
          let first = try cluster.start(.resolver, "first")
          try await joined("first", cluster)
          for kind in [AgentKind.detector, .diagnoser] { try cluster.start(kind) }
          let leaked = try await shop.leak(32)
          try await cluster.incident(about: metric, "at its second step") { $0.steps.count == 2 }
          try await eventually("the second step's command") { try contents(of: marker).contains("run") }
          first.kill(SIGKILL)
          try cluster.start(.resolver, "second")
          let incident = try await cluster.incident(about: metric, "at its end") {
            $0.status == .resolved || $0.status == .escalated
          }
          check(incident, try contents(of: marker).split(separator: "\n").count)
          #expect(try await shop.healthyIsUnharmed())
          for connection in leaked { await connection.close() }
        }
      }
    }
  }

  @Test("a coordinator killed again and again loses nothing, and the incident ends resolved")
  func coordinatorKilled() async throws {
    try await LeakyShop.with { shop in
      try await Cluster.with(LeakyShop.source(shop.server)) { cluster in
        var coordinator = try await cluster.startCoordinator()
        for kind in [AgentKind.detector, .diagnoser, .resolver] { try cluster.start(kind) }
        try await Self.joined("resolver", cluster)
        let leaked = try await shop.leak(32)
        var random = SeededRandom(seed: 7)
        for _ in 0..<4 {
          try await Task.sleep(for: .milliseconds(Int.random(in: 200...1_500, using: &random)))
          let before = (try? await cluster.incidents().map(\.id)) ?? []
          coordinator.kill(SIGKILL)
          await coordinator.wait()
          coordinator = try await cluster.startCoordinator()
          let after = try await cluster.incidents().map(\.id)
          #expect(Set(before).isSubset(of: Set(after)))
        }
        let incident = try await cluster.incident(about: Self.metric, "resolved") { $0.status == .resolved }
        #expect(incident.steps.allSatisfy { $0.state == "succeeded" })
        #expect(try await cluster.incidents().count == 1)
        #expect(try await shop.healthyIsUnharmed())
        for connection in leaked { await connection.close() }
      }
    }
  }

  @Test("deadlines survive kill -9: the page goes out once, neither early nor twice")
  func deadlineSurvives() async throws {
    let answer: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { _ in .reply() }
    try await ScriptedHTTPServer.with(answer) { sink in
      let more = """
        sinks:
          - {name: ops, type: webhook, url: "\(sink.url)/page"}
        """
      try await Cluster.with(more, escalation: "{diagnosis: 4s, policy: [{notify: night shift}, {wait: 1h}]}")
      {
        cluster in
        let coordinator = try await cluster.startCoordinator()
        let begin = ContinuousClock.now
        let answer = try await cluster.post("/aiops/alerts", Self.alert())
        #expect(answer.status < 300, "\(String(decoding: answer.body, as: UTF8.self))")
        coordinator.kill(SIGKILL)
        await coordinator.wait()
        try await cluster.startCoordinator()
        try await eventually(timeout: .seconds(20), "the page") { !sink.requests.isEmpty }
        #expect(ContinuousClock.now - begin >= .milliseconds(3_900))
        try await eventually("the settled announcement") {
          String(decoding: try await cluster.get("/aiops/status").body, as: UTF8.self).contains(
            "\"announcements\":0")
        }
        #expect(sink.requests.count == 1)
        let incident = try #require(try await cluster.incidents().first)
        #expect(incident.status == .escalated)
        #expect(incident.escalatedTo == "night shift")
        #expect(sink.requests.first?.text.contains(incident.id) == true)
      }
    }
  }

  @Test("what a detector saw while no coordinator was there outlives its kill -9, and arrives once")
  func spoolSurvives() async throws {
    let spool = try TemporaryFolder("spool")
    defer { spool.remove() }
    let nobody = freePort()
    let more = """
      detector: {spool: "\(spool.path("signals"))"}
      sources:
        - {name: website, type: http, url: "http://127.0.0.1:\(nobody)/", interval: 200ms, timeout: 1s,
           rules: {http_up: {threshold: {below: 1, clear: 1, for: 0s}}}}
      """
    try await Cluster.with(more) { cluster in
      let first = try cluster.start(.detector, "first")
      let file = spool.path("signals/spool-0.log")
      try await eventually(timeout: .seconds(20), "a raised signal") { first.output.contains("\"raised\"") }
      // More than the mark, and than what was good.
      try await eventually("it is on the disk") { try contents(of: file).contains("http_up") }
      first.kill(SIGKILL)
      await first.wait()
      // Watches nothing: what comes was seen by the one that was killed.
      let quiet = try contents(of: cluster.config).split(separator: "\n").prefix { !$0.hasPrefix("sources:") }
      let other = try cluster.folder.write(
        quiet.joined(separator: "\n") + "\nsources: []\n", to: "quiet.yaml")
      try await cluster.startCoordinator()
      try cluster.start(.detector, "second", config: other)
      let incident = try await cluster.incident(about: "http_up", "there") { _ in true }
      #expect(incident.affectedSystems == ["website"])
      try await eventually("the disk is empty again") { Self.size(file) == 8 }
      try await eventually("the numbers are shown") {
        String(decoding: try await cluster.get("/metrics").body, as: UTF8.self)
          .contains("aiops_spool_waiting{agent=\"second\"} 0")
      }
      #expect(try await cluster.incidents().count == 1)
    }
  }

  /// The bytes of a file; -1 when it is not there.
  private static func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : -1
  }

  static func alert(_ id: String = "a-1", value: String = "200") -> String {
    """
    {"alert_id":"\(id)","metric_name":"queue_depth","current_value":\(value),"threshold":100,
     "condition":"above","timestamp":"\(Timestamp.now.rfc3339)","resource":"orders",
     "description":"the queue grows","tags":{}}
    """
  }

  /// Waits until an agent of that name is known.
  static func joined(_ name: String, _ cluster: Cluster) async throws {
    try await eventually(timeout: .seconds(20), "\(name) among the agents") {
      String(decoding: try await cluster.get("/aiops/agents").body, as: UTF8.self).contains("\"\(name)\"")
    }
  }
}

extension Timestamp {
  static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}
