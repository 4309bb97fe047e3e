import Coordination
import Dashboard
import IncidentEngine
import IncidentModel
import MessageBus
import Notification
import Settings
import TestKit
import Testing

@Suite("The coordinator's state") struct StatusTests {
  private static let agent = AgentInfo(
    instance: "w-1", kind: .diagnoser, name: "w", version: "7.7", pid: 1, targets: ["orders"])

  @Test("says which job waits and why, whom deadlines will tell, and how long commits took")
  func waiting() async throws {
    let settings = Fixture.settings {
      $0.sinks = [SinkSettings(name: "ops", kind: .log), SinkSettings(name: "hq", kind: .log)]
    }
    try await Fixture.withCoordinator(on: MemoryStore(), settings: settings) { coordinator in
      let receipt = try await coordinator.submit([Fixture.alert()]).first
      let id = try #require(receipt?.incident)
      let status = await coordinator.status()
      let job = try #require(status.oldestJob.value)
      #expect(job.incident == id && job.kind == .diagnose && job.reason == "no_worker")
      #expect(job.detail == "no diagnoser is connected")
      let deadline = try #require(status.deadlines.first)
      #expect(deadline.kind == "diagnose must be done")
      let tells = try #require(deadline.tells.value)
      #expect(tells.names == ["on-call engineer"] && tells.sinks == ["ops", "hq"])
      #expect(tells.step.value == 1 && tells.round.value == 0)
      #expect(status.tellings == status.deadlines)
      let commits = try #require(status.store.recentCommits.value)
      #expect(
        commits.count >= 1 && commits.p50Seconds <= commits.p99Seconds
          && commits.p99Seconds <= commits.maxSeconds)
      #expect(status.versions.protocol == WireCodec.version && status.standbys.isEmpty)
    }
  }

  @Test("says who holds which lease since when, and what busy workers keep waiting")
  func leases() async throws {
    try await Fixture.withCoordinator(on: MemoryStore()) { coordinator in
      _ = await coordinator.submit(.joined(Self.agent))
      _ = await coordinator.submit(.heartbeat(instance: "w-1", load: 0.5, freeSlots: 1, leases: []))
      _ = try await coordinator.submit([Fixture.alert(resource: "orders"), Fixture.alert(resource: "bills")])
      let status = await coordinator.status()
      #expect(status.leaseCount == 1)
      let lease = try #require(status.leases.first)
      #expect(
        lease.instance == "w-1" && lease.worker == "w" && lease.attempt == 1 && lease.until > lease.since)
      let job = try #require(status.oldestJob.value)
      #expect(job.incident != lease.incident)
      // It reaches only the target that it works on already.
      #expect(job.reason == "none_fits")
      #expect(status.versions.agents == ["7.7": 1])
      #expect(await coordinator.agents().first?.incidents == [lease.incident])
      let outlooks = await coordinator.outlooks(of: [lease.incident, job.incident, IncidentID(number: 5)])
      #expect(outlooks[lease.incident]?.lease == lease && outlooks[lease.incident]?.waiting == nil)
      #expect(outlooks[job.incident]?.waiting?.reason == "none_fits")
      #expect(outlooks[IncidentID(number: 5)] == IncidentOutlook())
      _ = await coordinator.submit(.left(instance: "w-1"))
      #expect(await coordinator.status().leaseCount == 0)
    }
  }

  @Test("a plot's values come from the journal: every one that was stated")
  func measurements() async throws {
    try await Fixture.withCoordinator(on: MemoryStore()) { coordinator in
      var id: IncidentID?
      for number in 0..<12 {
        let alert = Fixture.alert(value: 150 + Double(number), at: Fixture.wall + .seconds(number))
        id = try await coordinator.submit([alert]).first?.incident
      }
      let opened = try #require(id)
      let incident = try #require(try await coordinator.incident(opened))
      let series = try #require(await coordinator.measurements(of: incident).first)
      #expect(series.points.map(\.value) == (0..<12).map { 150 + Double($0) })
      #expect(series.rule.threshold == 100 && series.target == "orders")
    }
  }

  @Test("what is refused on the bus is written down: garbage, and a lease that does not hold")
  func refusals() async throws {
    try await Fixture.withCoordinator(on: MemoryStore()) { coordinator in
      await coordinator.take([
        .message(.hello(Self.agent), from: PeerID(instance: "w-1")),
        .message(.hello(Self.agent), from: PeerID(instance: "somebody else")),
      ])
      try await eventually { await !coordinator.agents().isEmpty }
      let lease = Lease(incident: IncidentID(number: 9), kind: .diagnose, token: 1)
      for request in 1...3 as ClosedRange<UInt64> {
        await coordinator.take([
          .message(.finished(request: request, .failed(reason: "x"), lease), from: PeerID(instance: "w-1"))
        ])
        try await eventually {
          coordinator.refusals.latest(9).first { $0.kind == .lease }?.count == Int(request)
        }
      }
      let refused = await coordinator.status().refusals
      let stale = try #require(refused.first { $0.kind == .lease })
      #expect(stale.who == "w-1" && stale.reason == "INC-00000009 is not known" && stale.count == 3)
      #expect(refused.contains { $0.kind == .agent && $0.reason.contains("names another instance") })
    }
  }

  @Test("refusals are bounded, and one kind never drives out another")
  func bounded() {
    let log = RefusalLog()
    log.note(.lease, who: "w", reason: "stale", at: .start)
    for number in 0..<5_000 {
      log.note(
        .http, who: "\(number)", reason: String(repeating: "x", count: 9_000), at: .start + .seconds(number))
    }
    let latest = log.latest(1_000)
    #expect(latest.count == RefusalLog.limit + 1)
    #expect(latest.first?.who == "4999" && latest.last?.kind == .lease)
    #expect(latest.allSatisfy { $0.reason.utf8.count < 400 })
  }

  @Test("coordinators at one PostgreSQL journal see each other, and who is gone is gone")
  func standbys() async throws {
    try await withDatabase { url in
      func candidate(_ name: String, _ http: String) -> LeaderInfo {
        LeaderInfo(instance: name, bus: "tcp://b", changes: "tcp://c", http: http)
      }
      let first = try await PostgresJournal.open(url: url)
      let second = try await PostgresJournal.open(url: url)
      guard case .leading = try await first.campaign(candidate("coordinator-1-abc", "127.0.0.1:8080")) else {
        Issue.record("the first does not lead")
        return
      }
      #expect(try await second.campaign(candidate("coordinator-2-def", "")) != .leading(epoch: 2))
      let seen = try await first.coordinators()
      #expect(seen.map(\.instance).sorted() == ["coordinator-1-abc", "coordinator-2-def"])
      #expect(Set(seen.map(\.http)) == ["", "127.0.0.1:8080"])
      #expect(seen.allSatisfy { $0.silence < .seconds(20) })
      await second.close()
      try await eventually { try await first.coordinators().count == 1 }
      await first.close()
    }
  }
}
