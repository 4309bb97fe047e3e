import FoundationEssentials
import Glibc
import HTTPBackend
import IncidentModel
import PostgresBackend
import TestKit
import Testing
import Threads

/// Two coordinators on one PostgreSQL: one leads, the other takes over.
@Suite("Leader and standby with real processes", .serialized, .timeLimit(.minutes(3)))
struct StandbyTests {
  private typealias View = Cluster.View

  @Test(
    "kill -9 of the leader: the other leads with the same incidents, escalation and leases, and agents follow"
  )
  func killed() async throws {
    let pages = PageLog()
    let answer: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { pages.take($0) }
    try await ScriptedHTTPServer.with(answer) { sink in
      try await LeakyShop.with { shop in
        try await TemporaryFolder.with { folder in
          let marker = folder.path("runs")
          let more = """
            \(LeakyShop.source(shop.server))
            \(Self.slowRunbook(marker: marker))
            \(Self.escalation(sink.url))
            """
          try await Self.withPair(more, in: folder) { fleet, _ in
            for kind in [AgentKind.diagnoser, .resolver, .detector] { try fleet.start(kind, kind.rawValue) }
            let leader = try #require(await fleet.leader())
            let standby = 1 - leader.index
            // What a standby is told reaches the leader.
            let answer = try await fleet.post("/aiops/alerts", PipelineTests.alert(), to: standby)
            #expect(answer.status == 200, "\(answer.text)")
            let leaked = try await shop.leak(32)
            try await eventually(timeout: .seconds(30), "the remedy's slow step") {
              try contents(of: marker).contains("run")
            }
            try await eventually(timeout: .seconds(10), "the first page") { pages.all.count == 1 }
            let before = Set(try await Self.incidents(fleet, leader.index).map(\.id))
            #expect(before.count == 2)

            await fleet.kill(fleet.coordinators[leader.index].name)
            let killed = ContinuousClock.now
            try await eventually(timeout: .seconds(10), "the standby's lead") {
              await fleet.status(of: standby)?.role == "leading"
            }
            #expect(ContinuousClock.now - killed < .seconds(5))
            #expect(try #require(await fleet.status(of: standby)).epoch > leader.epoch)
            #expect(Set(try await Self.incidents(fleet, standby).map(\.id)) == before)

            try await eventually(timeout: .seconds(30), "the leak's end") {
              try await Self.incidents(fleet, standby).contains { $0.status == .resolved }
            }
            let views = try await Self.incidents(fleet, standby)
            let resolved = try #require(views.first { $0.status == .resolved })
            #expect(resolved.steps.allSatisfy { $0.attempts == 1 && $0.state == "succeeded" })
            #expect(resolved.timeline.count { $0.text.contains("resolving by") } <= 1)
            #expect(try contents(of: marker).split(separator: "\n").count == 1)

            try await eventually(timeout: .seconds(20), "the second page") { pages.escalations.count >= 2 }
            let told = pages.escalations
            let gap = told[1].at - told[0].at
            #expect(gap > .milliseconds(7_500) && gap < .seconds(11), "\(gap)")
            #expect(Set(told.map(\.key)).count == told.count)
            #expect(try await shop.healthyIsUnharmed())
            for connection in leaked { await connection.close() }
          }
        }
      }
    }
  }

  @Test(
    "a leader that was frozen finds itself deposed, writes nothing, and follows; a store that restarts loses nothing"
  )
  func frozenAndRestarted() async throws {
    try await TemporaryFolder.with { folder in
      try await Self.withPair("sources: []", in: folder) { fleet, store in
        let leader = try #require(await fleet.leader())
        let (old, new) = (leader.index, 1 - leader.index)
        #expect(try await fleet.post("/aiops/alerts", PipelineTests.alert("before"), to: old).status == 200)
        let frozen = try #require(fleet.process(fleet.coordinators[old].name))
        frozen.kill(SIGSTOP)
        try await eventually(timeout: .seconds(10), "the standby's lead") {
          await fleet.status(of: new)?.role == "leading"
        }
        let epoch = try #require(await fleet.status(of: new)).epoch
        #expect(
          try await fleet.post("/aiops/alerts", PipelineTests.alert("meanwhile"), to: new).status == 200)
        try await Task.sleep(for: .seconds(1))
        frozen.kill(SIGCONT)
        try await eventually(timeout: .seconds(10), "its stepping down") {
          let status = await fleet.status(of: old)
          return status?.role == "standby" && status?.epoch == epoch
        }
        // It passes on what it is told.
        let passed = try await fleet.post("/aiops/alerts", PipelineTests.alert("after"), to: old)
        #expect(passed.status == 200, "\(passed.text)")
        let late = try await store.execute(
          """
          SELECT count(*) FROM aiops.journal WHERE epoch < \(epoch)
          AND sequence > (SELECT min(sequence) FROM aiops.journal WHERE epoch = \(epoch))
          """)
        #expect(late.rows == [["0"]])

        var taken = 0
        for signal in [SIGQUIT, SIGINT] {
          async let restart: Void = store.restart(signal)
          for number in 0..<40 {
            let answer = try? await fleet.post(
              "/aiops/alerts", PipelineTests.alert("r-\(signal)-\(number)", value: "\(300 + taken)"), to: old)
            if answer?.status == 200 { taken += 1 }
            try await Task.sleep(for: .milliseconds(20))
          }
          try await restart
          try await eventually(timeout: .seconds(20), "both ready") {
            for index in 0..<2 where try await fleet.get("/readyz", of: index).status != 200 { return false }
            return true
          }
        }
        #expect(taken > 0)
        try await eventually(timeout: .seconds(10), "the same count on both") {
          for index in 0..<2 {
            let views = try await Self.incidents(fleet, index)
            guard views.count == 1, views[0].count >= taken + 3 else { return false }
          }
          return true
        }
      }
    }
  }

  // MARK: Pieces

  private static func withPair(
    _ more: String, in folder: TemporaryFolder, _ body: (Fleet, TestPostgres) async throws -> Void
  ) async throws {
    try await TestPostgres.withServer(settings: TestPostgres.durable) { store in
      let fleet = try Fleet(folder: folder, coordinators: 2, store: store.url(), more: more)
      do {
        for index in 0..<2 { try fleet.startCoordinator(index) }
        for index in 0..<2 { try await fleet.ready(index) }
        try await body(fleet, store)
        await fleet.stop()
      } catch {
        let words = fleet.lastWords()
        await fleet.stop()
        throw TestKitError("\(error)\n\(words)")
      }
    }
  }

  private static func incidents(_ fleet: Fleet, _ index: Int) async throws -> [View] {
    struct List: Decodable {
      struct Item: Decodable { var id: String }
      var incidents: [Item]
    }
    let list = try JSONCoding.decoder().decode(
      List.self, from: Data(try await fleet.get("/aiops/incidents", of: index).body))
    var views: [View] = []
    for item in list.incidents {
      let answer = try await fleet.get("/aiops/incidents/\(item.id)", of: index)
      views.append(try JSONCoding.decoder().decode(View.self, from: Data(answer.body)))
    }
    return views
  }

  private static func escalation(_ url: String) -> String {
    """
    sinks:
      - {name: ops, type: webhook, url: "\(url)/page"}
    escalation:
      policy:
        - {notify: first, sinks: [ops]}
        - wait: 8s
        - {notify: second, sinks: [ops]}
        - wait: 1h
    """
  }

  /// The leak's remedy, with a second step that takes longer than a change of leaders.
  private static func slowRunbook(marker: String) -> String {
    """
    commands:
      ponder:
        executable: /bin/sh
        arguments: ["-c", "echo run >> \(marker); sleep 7"]
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
            idempotent: false
    """
  }
}

/// The pages that a receiver got.
private final class PageLog: Sendable {
  struct Page: Sendable {
    let at: ContinuousClock.Instant
    let key: String
  }

  private let pages = Locked<[Page]>([])

  var all: [Page] { pages.withLock { $0 } }
  var escalations: [Page] { all.filter { $0.key.contains("/escalation/") } }

  func take(_ request: ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response {
    let page = Page(at: .now, key: request.headers["idempotency-key"] ?? "")
    pages.withLock { $0.append(page) }
    return .reply()
  }
}
