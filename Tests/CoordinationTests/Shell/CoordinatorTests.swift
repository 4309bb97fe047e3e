import Coordination
import IncidentEngine
import IncidentModel
import Settings
import TestKit
import Testing

@Suite("The shell around the engine")
struct CoordinatorTests {
  @Test("an alert is answered after its events are durable, and a restart knows it")
  func durable() async throws {
    let store = MemoryStore()
    let receipts = try await Fixture.withCoordinator(on: store) { coordinator in
      let receipts = try await coordinator.submit([Fixture.alert(), Fixture.alert()])
      #expect(await store.records.count >= 3)
      return receipts
    }
    #expect(receipts.map(\.outcome) == [.opened, .counted])
    let id = try #require(receipts.first?.incident)
    try await Fixture.withCoordinator(on: store) { coordinator in
      let incident = try #require(try await coordinator.incident(id))
      #expect(incident.count == 2)
      #expect(incident.status == .detected)
      let deadlines = await coordinator.status().deadlines
      #expect(deadlines.map(\.incident) == [id])
    }
  }

  @Test("followers get the change of every incident that one commit touched, in rising order")
  func changes() async throws {
    try await Fixture.withCoordinator(on: MemoryStore()) { coordinator in
      let feed = await coordinator.changes(after: nil)
      let alerts = [
        Fixture.alert(resource: "a"), Fixture.alert(resource: "b"), Fixture.alert(resource: "a"),
      ]
      _ = try await coordinator.submit(alerts)
      var seen: [UInt64] = []
      for await event in feed.events {
        if case .change(let sequence, _) = event { seen.append(sequence) }
        if seen.count == 2 { break }
      }
      #expect(seen == seen.sorted())
      #expect(Set(seen).count == 2)
    }
  }

  @Test("readers never see what is not durable yet")
  func journalFirst() async throws {
    let store = MemoryStore()
    await store.hold()
    try await Fixture.withCoordinator(on: store) { coordinator in
      async let receipts = coordinator.submit([Fixture.alert()])
      try await Task.sleep(for: .milliseconds(100))
      #expect(try await coordinator.incidents(IncidentQuery()).incidents.isEmpty)
      await store.release()
      #expect(try await receipts.count == 1)
      #expect(try await coordinator.incidents(IncidentQuery()).incidents.count == 1)
    }
  }

  @Test("while the journal can't be written nothing is acknowledged, and nothing is lost")
  func fullDisk() async throws {
    let store = MemoryStore()
    await store.fail(times: 2)
    try await Fixture.withCoordinator(on: store) { coordinator in
      async let receipts = coordinator.submit([Fixture.alert()])
      try await eventually { if case .notReady = await coordinator.readiness() { true } else { false } }
      #expect(try await receipts.first?.outcome == .opened)
      #expect(await coordinator.readiness() == .ready)
    }
    #expect(await store.records.map(\.sequence) == Array(1...Int64(store.records.count)))
  }

  @Test("a coordinator that ends while its journal is away acknowledges nothing of what it decided")
  func endsWithoutJournal() async throws {
    let store = MemoryStore()
    await store.fail(times: 1_000)
    let (answer, feed) = try await Fixture.withCoordinator(on: store) { coordinator in
      let feed = await coordinator.changes(after: nil)
      let answer = Task { try? await coordinator.submit([Fixture.alert()]) }
      try await eventually { if case .notReady = await coordinator.readiness() { true } else { false } }
      // Time goes on meanwhile, and is the next thing to be decided.
      try await Task.sleep(for: .milliseconds(600))
      return (answer, feed)
    }
    #expect(await answer.value == nil)
    for await event in feed.events { #expect(event == .keepAlive) }
    #expect(await store.records.isEmpty)
  }

  @Test("deadlines pass in real time: without a diagnoser people are told")
  func deadlines() async throws {
    let recorder = Recorder()
    let settings = Fixture.settings {
      $0.escalation.diagnosisSeconds = 0.3
      $0.sinks = [SinkSettings(name: "ops", kind: .log)]
    }
    try await Fixture.withCoordinator(on: MemoryStore(), settings: settings, delivery: recorder) {
      coordinator in
      let receipts = try await coordinator.submit([Fixture.alert()])
      let id = try #require(receipts.first?.incident)
      try await eventually { await recorder.delivered.count == 1 }
      #expect(try await coordinator.incident(id)?.status == .escalated)
      try await eventually { await coordinator.status().queues["announcements"] == 0 }
    }
  }

  @Test("what was to be told before a crash is told after it, under the same key")
  func announcementsSurvive() async throws {
    let store = MemoryStore()
    let settings = Fixture.settings {
      $0.escalation.diagnosisSeconds = 0.1
      $0.sinks = [SinkSettings(name: "ops", kind: .log)]
    }
    let dead = Recorder(dead: ["ops"])
    try await Fixture.withCoordinator(on: store, settings: settings, delivery: dead) { coordinator in
      _ = try await coordinator.submit([Fixture.alert()])
      try await eventually { await dead.attempts["ops"] ?? 0 > 0 }
    }
    let recorder = Recorder()
    try await Fixture.withCoordinator(on: store, settings: settings, delivery: recorder) { _ in
      try await eventually { await recorder.delivered.count == 1 }
    }
    let key = try #require(await recorder.delivered.first?.key)
    #expect(await store.records.contains { $0.kind == "announced" && $0.payload.contains(key) })
  }

  @Test("a snoozed incident tells nobody, after a restart neither, and the policy is the config's")
  func snoozeSurvives() async throws {
    let store = MemoryStore()
    let policy = try EscalationPolicy(steps: [
      .notify("night shift", sinks: []), .wait(.seconds(1)), .notifyOnCall("ops", sinks: []),
      .wait(.seconds(1)),
    ])
    let settings = Fixture.settings {
      $0.escalation.diagnosisSeconds = 0.1
      $0.escalation.policy = policy
      $0.sinks = [SinkSettings(name: "ops", kind: .log)]
    }
    let recorder = Recorder()
    try await Fixture.withCoordinator(on: store, settings: settings, delivery: recorder) { coordinator in
      let id = try #require(try await coordinator.submit([Fixture.alert()]).first?.incident)
      try await eventually { await recorder.delivered.count == 2 }
      let word = PersonVerb.snooze(.seconds(3600))
      let snoozed = try await coordinator.command(word, on: id, by: "ann", note: "backup")
      #expect(snoozed.snoozedUntil != nil)
      #expect(await coordinator.status().deadlines.first?.kind == "the snooze ends: tell night shift")
    }
    #expect(await store.records.contains { $0.kind == "snoozed" && $0.payload.contains("backup") })
    let told = await store.records.count { $0.kind == "announced" }
    try await Fixture.withCoordinator(on: store, settings: settings, delivery: recorder) { coordinator in
      try await Task.sleep(for: .milliseconds(1_500))
      #expect(try await coordinator.incidents(IncidentQuery()).incidents.first?.snoozedUntil != nil)
    }
    #expect(await store.records.count { $0.kind == "announced" } == told)
  }

  @Test("a person's word on what is unknown or over is refused with the reason")
  func refusals() async throws {
    try await Fixture.withCoordinator(on: MemoryStore()) { coordinator in
      await #expect(throws: APIError.notFound) {
        try await coordinator.command(.acknowledge, on: IncidentID(number: 1), by: "ann", note: nil)
      }
      let receipts = try await coordinator.submit([Fixture.alert()])
      let id = try #require(receipts.first?.incident)
      let resolved = try await coordinator.command(.resolve, on: id, by: "ann", note: "restarted it")
      #expect(resolved.status == .resolved)
      await #expect(throws: APIError.conflict(reason: "\(id) has ended: it is resolved")) {
        try await coordinator.command(.acknowledge, on: id, by: "ann", note: nil)
      }
    }
  }

  @Test(
    "a leader that is deposed follows, says where the other one is, and leads again with the whole journal")
  func deposed() async throws {
    let store = MemoryStore()
    try await Fixture.withCoordinator(on: store) { coordinator in
      let receipts = try await coordinator.submit([Fixture.alert()])
      let id = try #require(receipts.first?.incident)
      await store.depose(by: LeaderInfo(instance: "other", bus: "b", changes: "c", http: "127.0.0.1:1"))
      // Both the loop that writes and the one that asks whether it leads learn of it.
      await #expect(throws: APIError.self) { try await coordinator.submit([Fixture.alert(value: 300)]) }
      try await eventually { await coordinator.writer() == .other(http: "127.0.0.1:1") }
      try await Task.sleep(for: .milliseconds(1_200))
      #expect(try await coordinator.incident(id)?.count == 1)
      #expect(await coordinator.status().role == .standby)
      #expect(await coordinator.readiness() == .ready)
      await store.depose(by: LeaderInfo(instance: "", bus: "", changes: "", http: ""))
      try await eventually { await coordinator.writer() == .nobody }
      if case .ready = await coordinator.readiness() { Issue.record("ready without a leader") }
      await store.free()
      try await eventually { await coordinator.writer() == .me }
      #expect(try await coordinator.submit([Fixture.alert(value: 300)]).first?.outcome == .counted)
      #expect(try await coordinator.incident(id)?.count == 2)
    }
    #expect(await store.records.map(\.sequence) == Array(1...Int64(store.records.count)))
  }

  @Test("an unreadable journal is an error, not an empty state")
  func unreadable() async throws {
    let record = JournalRecord(
      sequence: 1, incident: IncidentID(number: 1), at: Fixture.wall, kind: "opened", actor: "x",
      payload: #"{"from_the_future":{}}"#)
    await #expect(throws: (any Error).self) {
      try await Fixture.withCoordinator(on: MemoryStore([record])) { _ in }
    }
  }
}
