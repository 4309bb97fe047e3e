import Coordination
import IncidentEngine
import IncidentModel
import JournalAudit
import Settings
import TestKit
import Testing

@Suite("The journal's tip") struct TipTests {
  @Test("is sent when a coordinator begins to lead and while it does, and is that of the journal")
  func sent() async throws {
    let (store, recorder) = (MemoryStore(), Recorder())
    let settings = Fixture.settings {
      $0.coordinator.audit.tipSeconds = 0.05
      $0.coordinator.audit.sink = SinkSettings(name: "audit", kind: .log)
    }
    try await Fixture.withCoordinator(on: store, settings: settings, delivery: recorder) { coordinator in
      _ = try await coordinator.submit([Fixture.alert()])
      let tip = await store.tip()
      #expect(tip.sequence > 1)
      try await eventually("the tip's sending") {
        let keys = await recorder.delivered.map { $0.key }
        return keys.contains("journal/tip/\(ChainTip.origin)") && keys.contains("journal/tip/\(tip)")
      }
      #expect(await coordinator.metricsText().contains("aiops_journal_tip_sequence \(tip.sequence)"))
    }
  }

  @Test("is in the status of a coordinator, as the store has it", arguments: StoreKind.allCases)
  func status(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { store in
        try await Fixture.withCoordinator(on: store) { coordinator in
          _ = try await coordinator.submit([Fixture.alert()])
          let tip = try await store.tip()
          #expect(await coordinator.status().store.tip.value == TipReport(tip))
          let last = try await store.lastSequence()
          #expect(tip.sequence == last)
        }
      }
    }
  }
}
