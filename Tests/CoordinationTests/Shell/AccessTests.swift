import BusKeys
import Coordination
import FoundationEssentials
import Glibc
import IncidentEngine
import IncidentModel
import MessageBus
import Settings
import TestKit
import Testing

@Suite("Who may connect, while a coordinator runs", .timeLimit(.minutes(1))) struct AccessTests {
  private struct Place {
    let folder: TemporaryFolder
    let own: KeyPair
    var allowed: String { folder.path("allowed") }

    init(_ folder: TemporaryFolder) throws {
      self.folder = folder
      own = try KeyStore.make("coordinator", in: folder.path("keys"))
      #expect(mkdir(folder.path("allowed"), 0o755) == 0)
    }

    /// A key that may connect.
    func agent(_ name: String) throws -> BusSecurity {
      let pair = try KeyStore.make(name, in: folder.path("keys"))
      _ = try KeyStore.allow(folder.path("keys/\(name).pub"), in: allowed)
      return .agent(pair, coordinator: own.publicKey)
    }
  }

  private func link(_ name: String, _ endpoint: String, _ security: BusSecurity) -> AgentLink {
    AgentLink(
      info: AgentInfo(
        instance: "run-of-\(name)", kind: .diagnoser, name: name, version: "1", pid: 1, targets: []),
      endpoints: [endpoint], worker: Patient(), slots: 2, security: security,
      timing: LinkTiming(hello: .milliseconds(100)), logger: Fixture.logger)
  }

  /// Keeps a job until its lease is gone.
  private struct Patient: JobWorker {
    let kind = JobKind.diagnose
    func perform(_ job: Job, reporter: any JobReporter) async throws(LeaseError) -> JobResult {
      do { try await Task.sleep(for: .seconds(60)) } catch { throw .shuttingDown }
      return .failed(reason: "nobody took it away")
    }
  }

  private func withCoordinator(
    _ place: Place, _ store: MemoryStore,
    _ body: @Sendable (Coordinator, BusServer.Endpoints) async throws -> Void
  ) async throws {
    let bus = BusServer(
      busEndpoint: "tcp://127.0.0.1:*", changesEndpoint: "tcp://127.0.0.1:*",
      security: .coordinator(place.own), logger: Fixture.logger)
    let endpoints = try await bus.start()
    var settings = Fixture.settings()
    settings.coordinator.heartbeatSeconds = 0.2
    let coordinator = try await Coordinator(
      settings: settings, store: store, bus: bus, changesEndpoint: endpoints.changes, delivery: Recorder(),
      instance: "test", wall: Fixture.wall, keyFolder: KeyFolder(place.allowed), logger: Fixture.logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await coordinator.run() }
      let result: Result<Void, any Error>
      do { result = .success(try await body(coordinator, endpoints)) } catch { result = .failure(error) }
      group.cancelAll()
      try? await group.waitForAll()
      await bus.close()
      try result.get()
    }
  }

  private func kinds(_ store: MemoryStore) async -> [String] {
    await store.records.map(\.kind).filter { $0.hasPrefix("key_") || $0.hasPrefix("agent") }
  }

  @Test("a key is allowed, seen among the agents, revoked, and all of it is in the journal")
  func life() async throws {
    try await TemporaryFolder.with { folder in
      let place = try Place(folder)
      let one = try place.agent("one")
      let two = try place.agent("two")
      let store = MemoryStore()
      try await withCoordinator(place, store) { coordinator, endpoints in
        let (first, second) = (link("one", endpoints.bus, one), link("two", endpoints.bus, two))
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { await first.run() }
          try await first.ready()
          try await eventually("it is among the agents") {
            await coordinator.agents().map(\.identity) == ["one"]
          }
          _ = try await coordinator.submit([Fixture.alert("database_connection_usage")])
          try await eventually("it has the job") {
            await coordinator.agents().first?.incidents.count == 1
          }
          group.addTask { await second.run() }
          try await second.ready()

          let began = ContinuousClock.now
          _ = try KeyStore.revoke("one", in: place.allowed)
          try await eventually("its work is another one's") {
            let agents = await coordinator.agents()
            return agents.map(\.identity) == ["two"] && agents[0].incidents.count == 1
          }
          #expect(ContinuousClock.now - began < .seconds(5))
          try await eventually("its tries are in the journal") {
            await kinds(store).contains("agents_refused")
          }
          #expect(
            await coordinator.metricsText().contains("aiops_bus_handshakes_refused_total{reason=\"revoked\"}")
          )
          #expect(await second.isConnected)
          try await eventually("it knows") { await first.isConnected == false }
          group.cancelAll()
        }
        #expect(
          await kinds(store).prefix(6) == [
            "key_allowed", "key_allowed", "agent_connected", "agent_connected", "key_revoked",
            "agents_refused",
          ])
        // Everything that is in it can be read again.
        let decoder = JSONCoding.decoder()
        for record in await store.records { _ = try record.event(decoder: decoder) }
      }
      // The next coordinator finds nothing new.
      try await withCoordinator(place, store) { coordinator, _ in
        try await Task.sleep(for: .milliseconds(1_300))
      }
      #expect(await kinds(store).filter { $0 != "agents_refused" }.count == 5)
    }
  }

  @Test("a malformed file lets nobody in and takes nobody's place; one that is mended does")
  func malformed() async throws {
    try await TemporaryFolder.with { folder in
      let place = try Place(folder)
      let good = try place.agent("good")
      let late = try KeyStore.make("late", in: folder.path("keys"))
      _ = try folder.write("public-key = \"not a key\"\n", to: "allowed/late.pub")
      try await withCoordinator(place, MemoryStore()) { coordinator, endpoints in
        let first = link("good", endpoints.bus, good)
        let second = link("late", endpoints.bus, .agent(late, coordinator: place.own.publicKey))
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { await first.run() }
          group.addTask { await second.run() }
          try await first.ready()
          try await eventually("the other one is refused") { await second.counters.failedHandshakes > 0 }
          _ = try folder.write(KeyFile.text(late.publicKey, name: "late"), to: "allowed/late.pub")
          try await second.ready()
          #expect(await first.isConnected)
          group.cancelAll()
        }
      }
    }
  }
}
