import IncidentEngine
import IncidentModel
import MessageBus
import TestKit

/// Kills the leader again and again, and looks how long it takes until another one works.
struct FailoverBenchmark: Sendable {
  let kills: Int
  /// Told what is being done.
  let progress: @Sendable (String) -> Void

  /// Who is told of what nobody acknowledges here: quickly, so that every kill meets some of it.
  private static let plan = EscalationPlan(
    stages: [.init(wait: .zero, name: "first"), .init(wait: .seconds(2), name: "second")],
    last: .init(wait: .seconds(3), name: "second"))

  func run() async throws -> FailoverReport {
    let folder = try TemporaryFolder("failover")
    defer { folder.remove() }
    let receiver = try Receiver()
    defer { receiver.stop() }
    return try await TestPostgres.withServer(settings: TestPostgres.durable) { store in
      let fleet = try Fleet(
        folder: folder, coordinators: 2, store: store.url(), more: Self.configuration(receiver.url))
      let sender = Sender("sender", endpoints: fleet.coordinators.map(\.bus), series: 8)
      do {
        for index in 0..<2 { try fleet.startCoordinator(index) }
        for index in 0..<2 { try await fleet.ready(index) }
        sender.start(every: .milliseconds(25))
        var report = FailoverReport(kills: 0)
        // Until something is escalated there is nothing that could be told twice.
        try await eventually(timeout: .seconds(20), "the first page") { !receiver.pages.isEmpty }
        var troubles: [Trouble] = []
        for number in 1...kills {
          let began = Timestamp.now
          try await killOnce(fleet, sender, &report)
          troubles.append(Trouble(from: began, until: .now, what: "kill \(number)"))
          progress(
            "kill \(number): leads after \(fixed(report.toLead.last ?? 0, 2)) s, "
              + "accepts after \(fixed(report.toAccept.last ?? 0, 2)) s")
        }
        report.unaccepted = await sender.drain(within: .seconds(20))
        // So that what is due is told, and what was told is settled.
        try await Task.sleep(for: .seconds(5))
        let end = Timestamp.now
        await sender.stop()
        await fleet.stop()
        let events = try await readJournal(fleet.coordinators[0].config)
        report.judge(events, sent: sender.ids, pages: receiver.pages)
        var reading = EscalationReading(plan: Self.plan, troubles: troubles, end: end)
        report.violations += reading.read(events).violations
        return report
      } catch {
        let words = fleet.lastWords()
        await sender.stop()
        await fleet.stop()
        throw BenchmarkError("\(error)\n\(words)")
      }
    }
  }

  /// Kills the leader, waits for the other one, and brings the killed one back as its standby.
  private func killOnce(_ fleet: Fleet, _ sender: Sender, _ report: inout FailoverReport) async throws {
    guard let leader = await fleet.leader() else { throw BenchmarkError("no coordinator leads") }
    let other = 1 - leader.index
    await fleet.kill(fleet.coordinators[leader.index].name)
    let killed = ContinuousClock.now
    // Everything accepted so far was accepted by the dead one.
    let before = await sender.counters.acceptedSignals
    async let leads = Self.elapsed(since: killed, "the other's lead") {
      await fleet.status(of: other, timeout: .milliseconds(500))?.role == "leading"
    }
    async let accepts = Self.elapsed(since: killed, "an accepted signal") {
      await sender.counters.acceptedSignals > before
    }
    report.kills += 1
    report.toLead.append(try await leads)
    report.toAccept.append(try await accepts)
    try fleet.startCoordinator(leader.index)
    try await fleet.ready(leader.index)
    try await Task.sleep(for: .milliseconds(Int.random(in: 200...1_500)))
  }

  private static func elapsed(
    since start: ContinuousClock.Instant, _ what: String, _ condition: @Sendable () async -> Bool
  ) async throws -> Double {
    while !(await condition()) {
      guard ContinuousClock.now - start < .seconds(60) else {
        throw BenchmarkError("\(what) did not come within 60 s of the kill")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    return (ContinuousClock.now - start).inSeconds
  }

  private static func configuration(_ url: String) -> String {
    """
    sources: []
    sinks:
      - {name: pager, type: webhook, url: "\(url)"}
    escalation:
      diagnosis: 1s
      policy:
        - {notify: first, sinks: [pager]}
        - wait: 2s
        - {notify: second, sinks: [pager]}
        - wait: 3s
    """
  }
}
