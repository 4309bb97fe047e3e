import Glibc
import IncidentModel
import TestKit

/// Feeds the same alerts to a coordinator over every store and way, and to Alertmanager.
struct IngestBenchmark: Sendable {
  let mix: AlertMix
  /// Alerts under way on the bus at the most.
  let window: Int
  /// Everything is sent in messages of so many alerts.
  let sizes: [Int]
  let stores: [BenchmarkStore]
  let withAlertmanager: Bool
  /// The coordinator's program.
  let coordinator: String
  /// Messages of the rows that wait for every single acknowledgement of a journal; 0 for no such rows.
  let synchronousMessages: Int
  /// Told what is being done.
  let progress: @Sendable (String) -> Void

  /// Measures everything.
  func run() async throws -> IngestReport {
    var report = IngestReport(
      cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)), alerts: mix.count, series: mix.series)
    if withAlertmanager {
      for size in sizes { report.rows.append(try await alertmanager(size, window: 1)) }
    }
    for store in stores {
      try await withDatabase(store) { database in
        for size in sizes {
          report.rows.append(try await bus(store, size, window: max(1, window / size), database))
          if synchronousMessages == 0 { continue }
          report.rows.append(try await bus(store, size, window: 1, database))
          report.rows.append(try await post(store, size, database))
        }
      }
    }
    compare(&report)
    return report
  }

  /// Sets our rows in relation to Alertmanager's.
  private func compare(_ report: inout IngestReport) {
    let others = report.rows.filter { $0.receiver == Self.alertmanagerName }
    for index in report.rows.indices where report.rows[index].receiver != Self.alertmanagerName {
      let row = report.rows[index]
      guard let other = others.first(where: { $0.perMessage == row.perMessage }) else { continue }
      report.rows[index].rateRatio = row.alertsPerSecond / other.alertsPerSecond
      if row.alerts == other.alerts {
        report.rows[index].memoryRatio = Double(row.residentBytes) / Double(other.residentBytes)
      }
    }
  }

  // MARK: Receivers

  private static let alertmanagerName = "Alertmanager POST"

  private func alertmanager(_ size: Int, window: Int) async throws -> IngestRow {
    progress("\(Self.alertmanagerName), \(size) a message")
    let server = try await AlertmanagerProcess.start()
    do {
      let feed = HTTPFeed(port: server.port, path: "/api/v2/alerts", window: window)
      let requests = feed.requests(mix.bodies(of: size, for: .alertmanager))
      let before = ProcessUsage.read(server.process.pid)
      let result = try await onOwnThread("bench-http") { try feed.run(requests, alerts: mix.count) }
      let after = ProcessUsage.read(server.process.pid)
      await server.stop()
      return IngestRow(
        Self.alertmanagerName, "in memory only", perMessage: size, window: window, result: result,
        before: before, after: after)
    } catch {
      await server.stop()
      throw error
    }
  }

  private func bus(
    _ store: BenchmarkStore, _ size: Int, window: Int, _ database: Database?
  ) async throws -> IngestRow {
    let part = window == 1 ? part(size) : mix
    return try await measure("aiops bus, \(store.rawValue)", store, size, window, part, database) { server in
      let frames = try BusFeed.frames(part, of: size)
      let feed = BusFeed(endpoint: server.bus, window: window)
      return { try await onOwnThread("bench-bus") { try feed.run(frames, alerts: part.count) } }
    }
  }

  private func post(_ store: BenchmarkStore, _ size: Int, _ database: Database?) async throws -> IngestRow {
    let part = part(size)
    return try await measure("aiops POST, \(store.rawValue)", store, size, 1, part, database) { server in
      let feed = HTTPFeed(port: server.httpPort, path: "/aiops/alerts")
      let requests = feed.requests(part.bodies(of: size, for: .coordinator))
      return { try await onOwnThread("bench-http") { try feed.run(requests, alerts: part.count) } }
    }
  }

  /// The alerts for a row in which every message waits for the disk.
  private func part(_ size: Int) -> AlertMix {
    AlertMix(count: min(mix.count, synchronousMessages * size), series: mix.series, now: mix.now)
  }

  private func measure(
    _ name: String, _ store: BenchmarkStore, _ size: Int, _ window: Int, _ mix: AlertMix,
    _ database: Database?,
    _ prepare: (CoordinatorProcess) throws -> (@Sendable () async throws -> FeedResult)
  ) async throws -> IngestRow {
    progress("\(name), \(size) a message, window \(window)")
    let url = try await database?.create()
    let server = try await CoordinatorProcess.start(coordinator, store: url)
    do {
      let feed = try prepare(server)
      let (before, base) = (ProcessUsage.read(server.process.pid), database?.cpuSeconds ?? 0)
      let result = try await feed()
      let after = ProcessUsage.read(server.process.pid)
      let spent = (database?.cpuSeconds ?? 0) - base
      await server.stop()
      return IngestRow(
        name, store.promise, perMessage: size, window: window, result: result, before: before, after: after,
        database: spent)
    } catch {
      await server.stop()
      throw error
    }
  }

  // MARK: PostgreSQL

  /// A PostgreSQL of the benchmark's own, synced to disk as an operator would have it.
  private final class Database {
    private let server: TestPostgres
    private var created = 0

    init(_ server: TestPostgres) { self.server = server }

    /// A new, empty database.
    func create() async throws -> String {
      created += 1
      try await server.execute("CREATE DATABASE bench\(created)")
      return server.url(database: "bench\(created)")
    }

    /// Processor time of the server and its connections.
    var cpuSeconds: Double { ProcessUsage.read(server.pid, withChildren: true).cpuSeconds }
  }

  private func withDatabase(_ store: BenchmarkStore, _ body: (Database?) async throws -> Void) async throws {
    guard store == .postgres else { return try await body(nil) }
    progress("starting PostgreSQL")
    let durable = [
      "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "128MB",
      "autovacuum": "on",
    ]
    try await TestPostgres.withServer(settings: durable) { try await body(Database($0)) }
  }
}
