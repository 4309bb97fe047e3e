import Glibc
import IncidentModel
import TestKit
import Testing

@testable import Benchmarks

@Suite("Measuring the coordinator's limits", .timeLimit(.minutes(2)))
struct OverloadTests {
  @Test("the state is asked for while the real coordinator is flooded")
  func overload() async throws {
    // Under the thread sanitizer a flood takes a while to arrive.
    let benchmark = OverloadBenchmark(
      coordinator: try builtExecutable("aiops-coordinator"), senders: 2, perMessage: 5, series: 100,
      seconds: getenv("TSAN_OPTIONS") == nil ? 1 : 10, rate: nil)
    let report = try await benchmark.run()
    #expect(report.idle.count > 10 && report.flooded.count > 0)
    #expect(report.takenPerSecond > 0 && report.offeredPerSecond >= report.takenPerSecond)
    #expect(report.flooded.p50 <= report.flooded.p99 && report.flooded.p99 <= report.flooded.max)
    #expect(report.text.contains("under the flood"))
  }

  @Test("every series opens one incident, is handed to people when its time comes, and is counted on")
  func memory() throws {
    let benchmark = MemoryBenchmark(incidents: 300, signals: 3_000, pace: 10) { _ in }
    let rows = try benchmark.run()
    let last = try #require(rows.last)
    #expect(last.signals == 3_000 && last.openIncidents == 300)
    #expect(last.told >= 300)
    #expect(rows.contains { $0.signals == 300 && $0.openIncidents == 300 })
  }

  @Test("wrong usage ends with status 64")
  func usage() async {
    #expect(await BenchmarkTool.run(["overload", "--senders", "0"]) == 64)
    #expect(await BenchmarkTool.run(["memory", "--incidents", "10", "--signals", "5"]) == 64)
  }
}
