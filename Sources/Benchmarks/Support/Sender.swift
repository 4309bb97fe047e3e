import IncidentModel
import Logging
import MessageBus
import TestKit
import Threads

/// A detector in this process: it states signals through the real link, each with an id of its own, and knows
/// when the coordinators said that they have them all.
final class Sender: Sendable {
  private let name: String
  private let series: Int
  private let link: AgentLink
  private let sent = Locked<[String]>([])
  private let tasks = Locked<[Task<Void, Never>]>([])

  /// The ids of all signals stated so far.
  var ids: [String] { sent.withLock { $0 } }

  /// - Parameters:
  ///   - endpoints: the coordinators' buses.
  ///   - series: how many distinct series the signals are about, in turn.
  init(_ name: String, endpoints: [String], series: Int) {
    self.name = name
    self.series = series
    let instance = "\(name)-\(UInt64.random(in: .min ... .max))"
    link = AgentLink(
      info: AgentInfo(
        instance: instance, kind: .detector, name: name, version: AIOpsVersion.current, pid: 1, targets: []),
      endpoints: endpoints, spoolLimit: 100_000, logger: Logger(label: name) { _ in SwiftLogNoOpLogHandler() }
    )
  }

  /// Begins to state one signal every so often.
  func start(every interval: Duration) {
    // Unstructured: it goes on beside everything until it is stopped.
    let run = Task { await self.link.run() }
    let state = Task {
      var number = 0
      while !Task.isCancelled {
        await self.state(number)
        number += 1
        try? await Task.sleep(for: interval)
      }
    }
    tasks.withLock { $0 = [state, run] }
  }

  private func state(_ number: Int) async {
    let id = "\(name)-\(number)"
    let labels = ["series": "\(name)-\(number % series)"]
    let metric = "backlog"
    // In turn, because a link that has no coordinator puts together what says the same.
    let isRaised = (number / series).isMultiple(of: 2)
    let now = Timestamp.now
    sent.withLock { $0.append(id) }
    await link.submit([
      Signal(
        id: id, fingerprint: Fingerprint(source: name, metric: metric, labels: labels),
        state: isRaised ? .raised : .cleared,
        metric: metric, source: name, labels: labels, value: isRaised ? 12.5 : 5, unit: "jobs",
        rule: SignalRule(
          kind: .threshold, condition: .above, threshold: 10, clearThreshold: 8, text: "above 10 jobs"),
        score: 1, severity: .high, observedAt: now, breachedSince: now, detector: name)
    ])
  }

  /// What the link counted.
  var counters: LinkCounters { get async { await link.counters } }

  /// States nothing more, and waits until everything is accepted.
  /// - Returns: the signals that nobody accepted in time.
  func drain(within timeout: Duration) async -> Int {
    let state = tasks.withLock { $0.first }
    state?.cancel()
    await state?.value
    try? await eventually(timeout: timeout, "the last acceptance") { await self.link.counters.spooled == 0 }
    let counters = await counters
    return counters.spooled + counters.droppedSignals + counters.coalescedSignals + counters.invalidSignals
  }

  /// Ends the link.
  func stop() async {
    let all = tasks.withLock { $0 }
    for task in all { task.cancel() }
    for task in all { await task.value }
  }
}
