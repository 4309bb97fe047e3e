import FoundationEssentials
import Glibc
import HTTPBackend
import IncidentModel
import Logging
import MessageBus
import TestKit

/// Measures what one, two, four agents of a kind get done.
struct ScaleBenchmark: Sendable {
  let seconds: Int
  let counts: [Int]
  /// How long a job takes.
  let service: Duration
  /// Told what is being done.
  let progress: @Sendable (String) -> Void

  /// Jobs that a worker does at once.
  private static let slots = 2

  private static let cores = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)

  func run(_ kinds: [AgentKind]) async throws -> ScaleReport {
    var report = ScaleReport(cores: Self.cores)
    for kind in kinds {
      for count in counts {
        progress("\(count) × \(kind.rawValue)")
        switch kind {
        case .detector: report.rows += try await detectors(count)
        case .diagnoser: report.rows.append(try await workers(count, .diagnose))
        case .resolver: report.rows.append(try await workers(count, .resolve))
        case .coordinator: break
        }
      }
    }
    return report
  }

  /// Runs `body` with a coordinator.
  private static func withCoordinator<Result>(
    _ more: String, _ body: (Fleet) async throws -> Result
  ) async throws -> Result {
    let folder = try TemporaryFolder("scale")
    defer { folder.remove() }
    let fleet = try Fleet(folder: folder, coordinators: 1, store: folder.path("journal.db"), more: more)
    do {
      try fleet.startCoordinator(0)
      try await fleet.ready(0)
      let result = try await body(fleet)
      await fleet.stop()
      return result
    } catch {
      let words = fleet.lastWords()
      await fleet.stop()
      throw BenchmarkError("\(error)\n\(words)")
    }
  }

  // MARK: Detectors

  private struct Shares: Decodable {
    struct Shards: Decodable {
      var total: Int
      var watched: Int
      var byDetector: [String: Int]
    }
    var shards: Shards?
    var sequence: Int
  }

  private static func shares(_ fleet: Fleet) async throws -> Shares {
    try JSONCoding.decoder().decode(
      Shares.self, from: Data(try await fleet.get("/aiops/status", of: 0, timeout: .seconds(20)).body))
  }

  private func detectors(_ count: Int) async throws -> [ScaleReport.Row] {
    let targets = try SyntheticTargets()
    defer { targets.stop() }
    return try await Self.withCoordinator(targets.configuration) { fleet in
      // Each on one core, as if it had a machine of its own: alone it would take them all.
      for number in 0..<count {
        try fleet.start(
          .detector, "detector-\(number)", launcher: ["/usr/bin/taskset", "-c", "\(number % Self.cores)"])
      }
      try await eventually(timeout: .seconds(60), "every target being watched") {
        guard let shards = try await Self.shares(fleet).shards else { return false }
        return shards.watched == SyntheticTargets.shards && shards.byDetector.count == count
          && shards.byDetector.values.allSatisfy { $0 > 0 }
      }
      // Until every series is known.
      try await Task.sleep(for: .seconds(2))
      let (before, first) = (targets.samples, try await Self.shares(fleet).sequence)
      let began = ContinuousClock.now
      try await Task.sleep(for: .seconds(seconds))
      let last = try await Self.shares(fleet)
      let time = (ContinuousClock.now - began).inSeconds
      let largest =
        Double(last.shards?.byDetector.values.max() ?? 0) / Double(max(last.shards?.total ?? 1, 1))
      return [
        ScaleReport.Row(
          kind: .detector, agents: count, unit: "samples",
          perSecond: Double(targets.samples - before) / time, largestShare: largest),
        ScaleReport.Row(
          kind: .detector, agents: count, unit: "journaled signals",
          perSecond: Double(last.sequence - first) / time, largestShare: largest),
      ]
    }
  }

  // MARK: Workers

  private func workers(_ count: Int, _ kind: JobKind) async throws -> ScaleReport.Row {
    let more = """
      sources:
        - {name: synthetic, type: http, url: "http://127.0.0.1:1/", autonomy: \(kind == .resolve ? "auto" : "observe")}
      escalation: {diagnosis: 1h, resolution: 1h}
      """
    return try await Self.withCoordinator(more) { fleet in
      let jobs = Int((Double(count * Self.slots * seconds) / service.inSeconds).rounded(.up)) * 3 / 2 + 20
      try await Self.raise(jobs, fleet)
      if kind == .resolve { try await Self.diagnose(jobs, fleet) }
      let workers = (0..<count).map { _ in FixedTimeWorker(kind, taking: service) }
      let tasks = workers.enumerated().map { Self.start($1, "worker-\($0)", fleet, slots: Self.slots) }
      try await eventually(timeout: .seconds(30), "every worker at work") {
        workers.allSatisfy { $0.count > 0 }
      }
      let before = workers.map(\.count)
      let began = ContinuousClock.now
      try await Task.sleep(for: .seconds(seconds))
      let time = (ContinuousClock.now - began).inSeconds
      let done = zip(workers, before).map { $0.count - $1 }
      for task in tasks { task.cancel() }
      for task in tasks { await task.value }
      let all = done.reduce(0, +)
      return ScaleReport.Row(
        kind: kind.worker, agents: count, unit: "jobs", perSecond: Double(all) / time,
        largestShare: all > 0 ? Double(done.max() ?? 0) / Double(all) : 0)
    }
  }

  private static let silent = Logger(label: "scale") { _ in SwiftLogNoOpLogHandler() }

  /// Unstructured: a worker goes on beside everything until it is cancelled.
  private static func start(_ worker: FixedTimeWorker, _ name: String, _ fleet: Fleet, slots: Int) -> Task<
    Void, Never
  > {
    let link = AgentLink(
      info: AgentInfo(
        instance: "\(name)-\(UInt64.random(in: .min ... .max))", kind: worker.kind.worker, name: name,
        version: AIOpsVersion.current, pid: 1, targets: ["synthetic"]),
      endpoints: fleet.coordinators.map(\.bus), worker: worker, slots: slots, logger: silent)
    return Task { await link.run() }
  }

  /// Opens so many incidents.
  private static func raise(_ count: Int, _ fleet: Fleet) async throws {
    let sender = AgentLink(
      info: AgentInfo(
        instance: "sender-\(UInt64.random(in: .min ... .max))", kind: .detector, name: "sender",
        version: AIOpsVersion.current, pid: 1, targets: []),
      endpoints: fleet.coordinators.map(\.bus), spoolLimit: 100_000, logger: silent)
    let run = Task { await sender.run() }
    let now = Timestamp.now
    await sender.submit(
      (0..<count).map { number in
        let labels = [Label.target: "synthetic", "number": "\(number)"]
        return Signal(
          id: "sender-\(number)",
          fingerprint: Fingerprint(source: "bench", metric: "queue_depth", labels: labels),
          state: .raised, metric: "queue_depth", source: "bench", labels: labels, value: 12.5, unit: "jobs",
          rule: SignalRule(
            kind: .threshold, condition: .above, threshold: 10, clearThreshold: 8, text: "above 10 jobs"),
          score: 1, severity: .high, observedAt: now, breachedSince: now, detector: "sender")
      })
    try await eventually(timeout: .seconds(60), "every signal's acceptance") {
      let counters = await sender.counters
      return counters.acceptedSignals >= count
    }
    run.cancel()
    await run.value
  }

  /// Lets quick diagnosers find a remedy for all of them.
  private static func diagnose(_ count: Int, _ fleet: Fleet) async throws {
    let quick = FixedTimeWorker(.diagnose, taking: .zero)
    let task = start(quick, "quick", fleet, slots: 8)
    try await eventually(timeout: .seconds(120), "every diagnosis") {
      await fleet.status(of: 0, timeout: .seconds(5))?.queues["resolve"] ?? 0 >= count
    }
    task.cancel()
    await task.value
  }
}
