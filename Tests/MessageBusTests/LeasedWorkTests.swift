import IncidentModel
import Testing

@testable import MessageBus

@Suite(.timeLimit(.minutes(1))) struct LeasedWorkTests {
  private let peer = PeerID(instance: "agent-1")

  private func job(_ token: UInt64 = 7) -> Job {
    var generator = Generator(seed: 9)
    return Job(
      lease: Lease(incident: IncidentID(number: 1), kind: .resolve, token: token),
      incident: generator.incident(), attempt: 1)
  }

  /// A worker that notes how its endless work ended.
  private func endless(_ journal: Journal) -> Worker {
    Worker { job, _ throws(LeaseError) in
      await journal.note("begun")
      while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
      await journal.note("cancelled")
      throw .lost(reason: "cancelled")
    }
  }

  @Test("a job is worked on once, asks before its step, and its result is stated until it is granted")
  func wholeJob() async throws {
    let worker = Worker { job, reporter throws(LeaseError) in
      var generator = Generator(seed: 3)
      try await reporter.exchanged(generator.exchange(), on: job.lease)
      try await reporter.intend(step: 0, name: "first", on: job.lease)
      try await reporter.concluded(
        StepOutcome(index: 0, state: .succeeded, detail: "done"), on: job.lease)
      return .failed(reason: "the end")
    }
    try await withCoordinator { coordinator in
      for name in ["exchanged", "intend", "concluded", "finished"] { await coordinator.ignore(name, 1) }
      let link = agent(await coordinator.endpoints.bus, kind: .resolver, worker: worker)
      let job = job()
      try await withRunning(link) {
        try await link.ready()
        await coordinator.server.send(.work(job), to: peer)
        await coordinator.server.send(.work(job), to: peer)
        try await eventually("the result comes twice") { await coordinator.has("finished", 2) }
        for name in ["exchanged", "intend", "concluded", "finished"] {
          let copies = await coordinator.named(name)
          // More when the machine is slow: what is not answered in time is said again.
          #expect(copies.count >= 2)
          #expect(Set(copies).count == 1)
        }
        #expect(
          await coordinator.named("finished").first
            == .finished(
              request: 4, .failed(reason: "the end"), job.lease))
        #expect(await link.counters.jobs == 1)
        try await eventually("the slot is free again") {
          await coordinator.named("heartbeat").last.map {
            if case .heartbeat(let beat) = $0 { beat.freeSlots == 1 && beat.leases.isEmpty } else { false }
          } ?? false
        }
      }
    }
  }

  @Test("a revoked lease cancels its worker, and nothing is stated in its name")
  func revoked() async throws {
    let journal = Journal()
    try await withCoordinator { coordinator in
      let link = agent(await coordinator.endpoints.bus, kind: .resolver, worker: endless(journal))
      try await withRunning(link) {
        try await link.ready()
        await coordinator.server.send(.work(job()), to: peer)
        try await eventually("the work begins") { await journal.has("begun") }
        await coordinator.server.send(.revoked(job().lease, reason: "by hand"), to: peer)
        try await eventually("the worker is cancelled") { await journal.has("cancelled") }
        try await eventually("the slot is free again") { await link.core.leases.held.isEmpty }
        #expect(await coordinator.named("finished").isEmpty)
        #expect(await link.counters.lostLeases == 1)
      }
    }
  }

  @Test("a refused request throws the reason, and the lease is lost")
  func refused() async throws {
    let journal = Journal()
    let worker = Worker { job, reporter throws(LeaseError) in
      do throws(LeaseError) { try await reporter.intend(step: 0, name: "first", on: job.lease) } catch {
        await journal.note("\(error)")
        throw error
      }
      return .failed(reason: "went on")
    }
    try await withCoordinator { coordinator in
      await coordinator.refuse("intend", reason: "old token")
      let link = agent(await coordinator.endpoints.bus, kind: .resolver, worker: worker)
      try await withRunning(link) {
        try await link.ready()
        await coordinator.server.send(.work(job()), to: peer)
        try await eventually("the worker is told") {
          await journal.entries == ["\(LeaseError.lost(reason: "old token"))"]
        }
        try await eventually("the slot is free again") { await link.core.leases.held.isEmpty }
        #expect(await coordinator.named("finished").isEmpty)
      }
    }
  }

  @Test("a lease that the coordinator no longer confirms is lost")
  func unconfirmed() async throws {
    let journal = Journal()
    try await withCoordinator { coordinator in
      let link = agent(await coordinator.endpoints.bus, kind: .resolver, worker: endless(journal))
      try await withRunning(link) {
        try await link.ready()
        await coordinator.server.send(.work(job()), to: peer)
        try await eventually("the work begins") { await journal.has("begun") }
        await coordinator.invalidate(job().lease)
        try await eventually("the worker is cancelled") { await journal.has("cancelled") }
      }
    }
  }

  @Test("a lease that nobody renews ends by itself, a renewed one does not")
  func expiry() async throws {
    let journal = Journal()
    try await withCoordinator(FakeCoordinator(leaseSeconds: 3)) { coordinator in
      let link = agent(await coordinator.endpoints.bus, kind: .resolver, worker: endless(journal))
      try await withRunning(link) {
        try await link.ready()
        let begun = ContinuousClock.now
        await coordinator.server.send(.work(job()), to: peer)
        try await eventually("the lease outlives its period") {
          ContinuousClock.now > begun + .milliseconds(3_500)
        }
        #expect(await journal.entries == ["begun"])
        await coordinator.ignore("heartbeat")
        try await eventually("the worker is cancelled") { await journal.has("cancelled") }
      }
    }
  }

  @Test("more jobs than slots, and jobs of another kind, are not taken")
  func slots() async throws {
    let journal = Journal()
    try await withCoordinator { coordinator in
      let link = agent(await coordinator.endpoints.bus, kind: .resolver, worker: endless(journal))
      try await withRunning(link) {
        try await link.ready()
        var other = job(8)
        other.lease.kind = .diagnose
        await coordinator.server.send(.work(other), to: peer)
        await coordinator.server.send(.work(job(7)), to: peer)
        var third = job(9)
        third.lease.incident = IncidentID(number: 3)
        await coordinator.server.send(.work(third), to: peer)
        try await eventually("two are refused") { await link.counters.refusedJobs == 2 }
        #expect(await link.counters.jobs == 1)
      }
    }
  }

  @Test("a job that is given up because the agent stops has not failed: it is given back with the goodbye")
  func givenBack() async throws {
    let journal = Journal()
    try await withCoordinator { coordinator in
      let link = agent(await coordinator.endpoints.bus, kind: .resolver, worker: endless(journal))
      try await withRunning(link) {
        try await link.ready()
        await coordinator.server.send(.work(job()), to: peer)
        try await eventually("the work begins") { await journal.has("begun") }
      }
      try await eventually("the goodbye comes") { await coordinator.has("goodbye") }
      #expect(await journal.has("cancelled"))
      #expect(await coordinator.named("finished").isEmpty)
    }
  }

  @Test("a stopped agent cancels its workers and says goodbye, within a second")
  func goodbye() async throws {
    let journal = Journal()
    let worker = Worker { job, reporter throws(LeaseError) in
      await journal.note("begun")
      while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
      // The fate of the step that was running is still told.
      try await reporter.concluded(
        StepOutcome(index: 0, state: .failed, detail: "interrupted"), on: job.lease)
      return .failed(reason: "interrupted")
    }
    try await withCoordinator { coordinator in
      let link = agent(await coordinator.endpoints.bus, kind: .resolver, worker: worker)
      var stopped = ContinuousClock.now
      try await withRunning(link) {
        try await link.ready()
        await coordinator.server.send(.work(job()), to: peer)
        try await eventually("the work begins") { await journal.has("begun") }
        stopped = ContinuousClock.now
      }
      #expect(ContinuousClock.now - stopped < .seconds(1))
      try await eventually("the goodbye comes") { await coordinator.has("goodbye") }
      #expect(await coordinator.has("concluded"))
      #expect(await link.isConnected == false)
      await #expect(throws: LeaseError.self) {
        try await link.intend(step: 0, name: "late", on: job().lease)
      }
    }
  }
}
