import IncidentModel
import TestKit
import Testing

@testable import Benchmarks

@Suite("Measuring the ingest", .timeLimit(.minutes(2)))
struct IngestTests {
  @Test("the real coordinator takes everything, on the bus and by HTTP")
  func ingest() async throws {
    let benchmark = IngestBenchmark(
      mix: AlertMix(count: 230, series: 50, now: Timestamp(seconds: 1_700_000_000)), window: 100,
      sizes: [1, 100],
      stores: [.sqlite], withAlertmanager: false, coordinator: try builtExecutable("aiops-coordinator"),
      synchronousMessages: 20, progress: { _ in })
    let report = try await benchmark.run()
    #expect(report.rows.map(\.perMessage) == [1, 1, 1, 100, 100, 100])
    #expect(report.rows.map(\.alerts) == [230, 20, 20, 230, 230, 230])
    for row in report.rows {
      #expect(row.alertsPerSecond > 0 && row.p99Milliseconds > 0 && row.residentBytes > 1 << 20)
      #expect(row.p50Milliseconds <= row.p99Milliseconds)
    }
    #expect(report.text.contains("aiops bus, sqlite"))
  }

  @Test("a receiver that refuses is told of, not counted")
  func refusal() async throws {
    let server = try await CoordinatorProcess.start(try builtExecutable("aiops-coordinator"))
    let feed = HTTPFeed(port: server.httpPort, path: "/aiops/alerts")
    await #expect(throws: BenchmarkError.self) {
      try await onOwnThread("feed") { try feed.run(feed.requests([Array("[]".utf8)]), alerts: 0) }
    }
    await server.stop()
  }

  @Test("wrong usage ends with status 64")
  func usage() async {
    #expect(await BenchmarkTool.run(["ingest", "--count", "0"]) == 64)
    #expect(await BenchmarkTool.run(["ingest", "--stores", "paper"]) == 64)
  }
}
