import Foundation
import Observability
import Testing

@Suite("The exposition")
struct MetricsTests {
  @Test("has help, type, escaped labels and cumulated buckets")
  func text() {
    let registry = MetricsRegistry()
    let counter = registry.counter("hits_total", "Hits \\ of\nall.", labels: ["who", "why"])
    counter.add(1, "a\"b\\c\nd", "x")
    counter.add(2.5, "a\"b\\c\nd", "x")
    counter.add(-1, "a\"b\\c\nd", "x")
    registry.gauge("level", "Level.").set(.infinity)
    let histogram = registry.histogram("took_seconds", "Took.", buckets: [1, 0.5])
    for value in [0.2, 0.5, 0.7, 9, .nan] { histogram.observe(value) }
    #expect(
      registry.exposition() == """
        # HELP hits_total Hits \\\\ of\\nall.
        # TYPE hits_total counter
        hits_total{who="a\\"b\\\\c\\nd",why="x"} 3.5
        # HELP level Level.
        # TYPE level gauge
        level +Inf
        # HELP took_seconds Took.
        # TYPE took_seconds histogram
        took_seconds_bucket{le="0.5"} 2
        took_seconds_bucket{le="1"} 3
        took_seconds_bucket{le="+Inf"} 4
        took_seconds_sum 10.4
        took_seconds_count 4

        """)
  }

  @Test("stays bounded when labels run wild, and says so")
  func bounded() {
    let registry = MetricsRegistry(maxSeries: 10)
    let counter = registry.counter("wild_total", "Wild.", labels: ["who"])
    for index in 0..<1000 { counter.add(1, "user-\(index)") }
    let text = registry.exposition()
    #expect(text.split(separator: "\n").count { $0.hasPrefix("wild_total{") } == 11)
    #expect(text.contains("wild_total{who=\"other\"} 990"))
    #expect(text.contains("aiops_metrics_overflow_total{metric=\"wild_total\"} 990"))
  }

  @Test("counts right when many count at once")
  func concurrent() async {
    let registry = MetricsRegistry()
    let counter = registry.counter("n_total", "N.", labels: ["x"])
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask { for _ in 0..<1000 { counter.add(1, "\(task % 2)") } }
      }
    }
    #expect(registry.exposition().contains("n_total{x=\"1\"} 4000"))
  }

  @Test("asked for twice is the same metric; a wrong name or number of labels crashes nothing")
  func misuse() {
    let registry = MetricsRegistry()
    registry.counter("a_total", "A.").add()
    registry.counter("a_total", "A.").add()
    registry.gauge("a_total", "Not the same.").set(99)
    registry.counter("9 é", "Odd.", labels: ["l"]).add(1, "x", "too many")
    let text = registry.exposition()
    #expect(text.contains("a_total 2\n"))
    #expect(!text.contains("99"))
    #expect(text.contains("__9___{") || text.contains("_{l=\"x\"} 1"))
  }

  @Test("of the process is what the kernel says")
  func process() throws {
    let registry = MetricsRegistry()
    registry.addProcessMetrics()
    let text = registry.exposition()
    func value(_ name: String) throws -> Double {
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + " ") })
      return try #require(Double(line.split(separator: " ")[1]))
    }
    #expect(try value("process_resident_memory_bytes") > 1_000_000)
    #expect(try value("process_cpu_seconds_total") >= 0)
    #expect(try value("process_open_fds") >= 3)
    let age = Date().timeIntervalSince1970 - (try value("process_start_time_seconds"))
    #expect(age > -2 && age < 86_400)
  }

  @Test(
    "satisfies Prometheus's own checker",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool")))
  func promtool() throws {
    let registry = MetricsRegistry()
    registry.addProcessMetrics()
    registry.counter("aiops_incidents_detected_total", "Incidents.", labels: ["severity", "type"])
      .add(1, "high", "a\\\"\nb")
    registry.histogram("aiops_resolution_time_seconds", "Time.", labels: ["severity"]).observe(3, "high")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/promtool")
    process.arguments = ["check", "metrics"]
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardError = output
    process.standardOutput = output
    try process.run()
    input.fileHandleForWriting.write(Data(registry.exposition().utf8))
    try input.fileHandleForWriting.close()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(said)")
  }
}
