import Coordination
import IncidentEngine
import IncidentModel
import JournalAudit
import Logging
import MessageBus
import Notification
import Settings

/// A journal in memory whose commits can be held back or made to fail.
actor MemoryStore: JournalStore {
  private(set) var records: [JournalRecord]
  private var epoch: UInt64 = 0
  private var info: LeaderInfo?
  private var isTaken = false
  private var failures = 0
  private var isHeld = false
  private var held: [CheckedContinuation<Void, Never>] = []

  init(_ records: [JournalRecord] = []) { self.records = records }

  func fail(times: Int) { failures = times }
  func hold() { isHeld = true }
  func release() {
    isHeld = false
    for continuation in held { continuation.resume() }
    held = []
  }

  /// Another leads now, under the next epoch.
  func depose(by other: LeaderInfo) {
    epoch += 1
    info = other
    isTaken = true
  }

  /// The other one is gone.
  func free() { isTaken = false }

  func campaign(_ candidate: LeaderInfo) -> Campaign {
    if isTaken { return .following(info) }
    epoch += 1
    var leader = candidate
    leader.epoch = epoch
    info = leader
    return .leading(epoch: epoch)
  }
  func confirm(epoch: UInt64) throws(StoreError) {
    guard epoch == self.epoch else { throw .fenced(mine: epoch, current: self.epoch) }
  }
  func archive(_ order: ArchiveOrder, epoch: UInt64) -> Int { 0 }
  func oldest() -> Timestamp? { records.first?.at }
  func resign(epoch: UInt64) { info = nil }
  func leader() -> LeaderInfo? { info }

  func append(_ new: [JournalRecord], epoch: UInt64) async throws(StoreError) {
    if failures > 0 {
      failures -= 1
      throw .full(path: "memory")
    }
    if isHeld { await withCheckedContinuation { held.append($0) } }
    try confirm(epoch: epoch)
    let expected = Int64(records.count) + 1
    guard new.first?.sequence == expected else {
      throw .outOfOrder(expected: expected, got: new.first?.sequence ?? 0)
    }
    records += new.map {
      var record = $0
      record.epoch = Int64(epoch)
      return record
    }
  }

  nonisolated(nonsending) func replay(
    from sequence: Int64, _ body: ([JournalRecord]) throws -> Void
  ) async throws {
    let all = await records
    if !all.isEmpty { try body(all) }
  }

  func records(of incident: IncidentID, limit: Int) -> [JournalRecord] {
    let own = records.filter { $0.incident == incident }
    let latest = own.suffix(max(0, limit))
    guard let opening = own.first, let oldest = latest.first, opening.sequence < oldest.sequence else {
      return Array(latest)
    }
    return [opening] + latest
  }
  func lastSequence() -> Int64 { Int64(records.count) }
  func tip() -> ChainTip {
    var encoder = ChainEncoder()
    return records.reduce(.origin) { tip, record in
      ChainTip(
        sequence: record.sequence,
        hash: encoder.hash(
          after: tip.hash, sequence: record.sequence, epoch: record.epoch, at: record.at.milliseconds,
          incident: record.incident?.text, kind: record.kind, actor: record.actor, payload: record.payload))
    }
  }
  func health() -> StoreHealth {
    StoreHealth(
      kind: "memory", location: "memory", bytes: 0, lastSequence: Int64(records.count), commits: 0,
      failures: 0, lastCommitLatency: nil, lastError: nil)
  }
  func close() {}
}

/// Remembers what was to be delivered; a sink named in `dead` never takes anything.
actor Recorder: NotificationDelivery {
  private(set) var delivered: [(key: String, sink: String)] = []
  private(set) var attempts: [String: Int] = [:]
  private let dead: Set<String>
  private let failures: Int
  private let retryable: Bool

  init(dead: Set<String> = [], failuresFirst failures: Int = 0, retryable: Bool = true) {
    self.dead = dead
    self.failures = failures
    self.retryable = retryable
  }

  func deliver(_ notification: Notification, to sink: SinkSettings) -> DeliveryResult {
    attempts[sink.name, default: 0] += 1
    if dead.contains(sink.name) || attempts[sink.name, default: 0] <= failures {
      return .failed(reason: "\(sink.name) is away", retryable: retryable)
    }
    delivered.append((notification.key, sink.name))
    return .delivered(detail: sink.name)
  }
}

enum Fixture {
  static let wall = Timestamp(milliseconds: 1_700_000_000_000)

  static func alert(
    _ metric: String = "queue_depth", value: Double = 200, resource: String = "orders", at: Timestamp = wall
  ) -> AIopsAlert {
    AIopsAlert(
      alertID: "a", metricName: metric, currentValue: value, threshold: 100, condition: .above,
      timestamp: at, resource: resource, description: "")
  }

  static func settings(_ change: (inout SystemSettings) -> Void = { _ in }) -> SystemSettings {
    var settings = SystemSettings()
    settings.coordinator.bus = "tcp://127.0.0.1:*"
    settings.coordinator.changes = "tcp://127.0.0.1:*"
    change(&settings)
    return settings
  }

  static var logger: Logger {
    Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  }

  /// Runs a coordinator on `store` while `body` does; then stops it.
  static func withCoordinator<Result: Sendable>(
    on store: any JournalStore, settings: SystemSettings = settings(),
    delivery: any NotificationDelivery = Recorder(), wall: Timestamp = wall,
    journalPatience: Duration = .seconds(30),
    _ body: @Sendable (Coordinator) async throws -> Result
  ) async throws -> Result {
    let bus = BusServer(
      busEndpoint: settings.coordinator.bus, changesEndpoint: settings.coordinator.changes, logger: logger)
    let endpoints = try await bus.start()
    let coordinator = try await Coordinator(
      settings: settings, store: store, bus: bus, changesEndpoint: endpoints.changes, delivery: delivery,
      instance: "test", wall: wall, journalPatience: journalPatience, logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await coordinator.run() }
      do {
        let result = try await body(coordinator)
        group.cancelAll()
        try await group.waitForAll()
        await bus.close()
        return result
      } catch {
        group.cancelAll()
        try? await group.waitForAll()
        await bus.close()
        throw error
      }
    }
  }
}
