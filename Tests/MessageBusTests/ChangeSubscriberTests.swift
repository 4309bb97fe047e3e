import IncidentModel
import Testing

@testable import MessageBus

@Suite(.timeLimit(.minutes(1))) struct ChangeSubscriberTests {
  private func digest(_ number: UInt32, name: String = "n") -> IncidentDigest {
    var generator = Generator(seed: UInt64(number))
    var digest = generator.digest()
    digest.id = IncidentID(number: number)
    digest.name = name
    return digest
  }

  private func subscriber(_ endpoints: BusServer.Endpoints) -> ChangeSubscriber {
    ChangeSubscriber(
      busEndpoint: endpoints.bus, changesEndpoint: endpoints.changes, retry: .milliseconds(50),
      refresh: .milliseconds(200), logger: quiet)
  }

  private func publish(_ sequence: UInt64, _ digest: IncidentDigest, on coordinator: FakeCoordinator) async {
    await coordinator.server.publish(
      Change(sequence: sequence, coordinator: coordinator.instance, incident: digest))
  }

  /// Publishes until the subscriber hears it: a subscription takes a moment to arrive.
  private func subscribe(
    _ iterator: inout ChangeSubscriber.Updates.Iterator, _ coordinator: FakeCoordinator
  ) async throws {
    await coordinator.set(sequence: 1, [digest(1)])
    #expect(await iterator.next() == .reset([digest(1)]))
    var sequence: UInt64 = 1
    while true {
      sequence += 1
      await coordinator.set(sequence: sequence, [digest(1)])
      await publish(sequence, digest(1), on: coordinator)
      // A reset means that the change went by; the snapshot that was asked for to be sure had it.
      if case .changed = await iterator.next() { break }
    }
    await coordinator.set(sequence: 100, [digest(1)])
    #expect(await iterator.next() == .reset([digest(1)]))
  }

  @Test("a subscriber starts from a snapshot, follows, and repairs a gap with another snapshot")
  func gap() async throws {
    try await withCoordinator { coordinator in
      let subscriber = subscriber(await coordinator.endpoints)
      var updates = subscriber.updates.makeAsyncIterator()
      try await subscribe(&updates, coordinator)
      await coordinator.set(sequence: 101, [digest(1), digest(2)])
      await publish(101, digest(2), on: coordinator)
      #expect(await updates.next() == .changed(digest(2)))
      // 102 is lost on its way.
      await coordinator.set(sequence: 103, [digest(1), digest(2), digest(3)])
      await publish(103, digest(3), on: coordinator)
      #expect(await updates.next() == .reset([digest(1), digest(2), digest(3)]))
      await coordinator.set(sequence: 104, [])
      await publish(104, digest(4), on: coordinator)
      #expect(await updates.next() == .changed(digest(4)))
      await subscriber.close()
      #expect(await updates.next() == nil)
    }
  }

  @Test("a loss that no later change shows is found by the regular look")
  func lastLost() async throws {
    try await withCoordinator { coordinator in
      let subscriber = subscriber(await coordinator.endpoints)
      var updates = subscriber.updates.makeAsyncIterator()
      try await subscribe(&updates, coordinator)
      await coordinator.set(sequence: 101, [digest(5)])
      #expect(await updates.next() == .reset([digest(5)]))
      await subscriber.close()
    }
  }

  @Test("a subscriber that does not read blocks nobody and catches up by snapshot")
  func slow() async throws {
    try await withCoordinator { coordinator in
      let subscriber = subscriber(await coordinator.endpoints)
      var updates = subscriber.updates.makeAsyncIterator()
      try await subscribe(&updates, coordinator)
      let long = String(repeating: "x", count: 12_000)
      let last: UInt64 = 3_600
      let big = digest(6, name: long)
      for sequence in 101...last { await publish(sequence, big, on: coordinator) }
      await coordinator.set(sequence: last + 1, [digest(7)])
      var heard = 0
      while let update = await updates.next(), update != .reset([digest(7)]) { heard += 1 }
      #expect(heard < 3_500)
      await subscriber.close()
    }
  }
}
