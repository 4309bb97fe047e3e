import Coordination
import IncidentEngine
import IncidentModel
import Settings
import TestKit
import Testing

@Suite("A journal that can't be used") struct TroubleTests {
  @Test("is told of once when it lasts, and that it is over")
  func alarm() {
    var alarm = TroubleAlarm(patience: .seconds(30))
    let start = Timestamp(seconds: 1_000)
    #expect(alarm.look(nil, at: start) == nil)
    #expect(alarm.look("full", at: start) == nil)
    #expect(alarm.look(nil, at: start + .seconds(29)) == nil)
    #expect(alarm.look("full", at: start + .seconds(31)) == nil)
    #expect(alarm.look("full", at: start + .seconds(60)) == nil)
    #expect(alarm.look("gone", at: start + .seconds(61)) == .raised(number: 1, reason: "gone"))
    #expect(alarm.look("gone", at: start + .seconds(200)) == nil)
    #expect(alarm.look(nil, at: start + .seconds(201)) == .over(number: 1))
    #expect(alarm.look(nil, at: start + .seconds(202)) == nil)
    #expect(alarm.look("full", at: start + .seconds(300)) == nil)
    #expect(alarm.look("full", at: start + .seconds(330)) == .raised(number: 2, reason: "full"))
  }

  @Test("that is not there yet when a coordinator starts is waited for")
  func notYet() async throws {
    try await TestPostgres.withServer { server in
      await server.halt()
      let settings = Fixture.settings { $0.coordinator.store = Secret(server.url()) }
      async let node = CoordinatorNode.open(
        settings, instance: "test", wall: Fixture.wall, patience: .seconds(30), logger: Fixture.logger)
      try await Task.sleep(for: .milliseconds(700))
      try await server.restart()
      let coordinator = try await node
      #expect(await coordinator.coordinator.readiness() == .ready)
      let run = Task { try await coordinator.run() }
      run.cancel()
      _ = await run.result
      await server.halt()
      await #expect(throws: StoreError.self) {
        try await CoordinatorNode.open(
          settings, instance: "test", wall: Fixture.wall, patience: .milliseconds(100), logger: Fixture.logger
        )
      }
    }
  }

  @Test("wakes those who are told first, directly, because nothing else can")
  func page() async throws {
    let store = MemoryStore()
    let recorder = Recorder()
    let settings = Fixture.settings {
      $0.sinks = [SinkSettings(name: "pager", kind: .log), SinkSettings(name: "chat", kind: .log)]
      $0.escalation.policy = .paging
    }
    try await Fixture.withCoordinator(
      on: store, settings: settings, delivery: recorder, journalPatience: .milliseconds(300)
    ) { coordinator in
      await store.fail(times: 1_000)
      async let receipts = coordinator.submit([Fixture.alert()])
      try await eventually { await recorder.delivered.count == 1 }
      await store.fail(times: 0)
      #expect(try await receipts.first?.outcome == .opened)
      try await eventually { await recorder.delivered.count == 2 }
      let delivered = await recorder.delivered
      #expect(delivered.map(\.key) == ["journal/test/1", "journal/test/1/over"])
      #expect(delivered.allSatisfy { $0.sink == "pager" })
      // Nothing of it is in the journal.
      #expect(await !store.records.contains { $0.payload.contains("journal/test") })
    }
  }
}

extension EscalationPolicy {
  fileprivate static var paging: EscalationPolicy {
    (try? EscalationPolicy(steps: [.notify("ann", sinks: ["pager"]), .wait(.seconds(60))])) ?? .standard
  }
}
