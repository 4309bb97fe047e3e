import Glibc
import IncidentModel
import MessageBus
import TestKit
import Testing

@testable import Benchmarks

@Suite("The pieces of the measurements")
struct PiecesTests {
  private func mix(_ count: Int, series: Int) -> AlertMix {
    AlertMix(count: count, series: series, now: Timestamp(seconds: 1_800_000_000))
  }

  @Test("a percentile is the smallest value that so many did not exceed")
  func percentiles() {
    var latencies = Latencies()
    #expect(latencies.percentile(0.5) == 0)
    for milliseconds in (1...100).reversed() { latencies.add(.milliseconds(milliseconds)) }
    #expect(latencies.percentile(0) == 1)
    #expect(latencies.percentile(0.5) == 50)
    #expect(latencies.percentile(0.99) == 99)
    #expect(latencies.percentile(1) == 100)
  }

  @Test("numbers are grouped and rounded")
  func numbers() {
    #expect(grouped(0) == "0")
    #expect(grouped(-1234) == "-1,234")
    #expect(grouped(1_234_567) == "1,234,567")
    #expect(fixed(1234.056, 2) == "1,234.06")
    #expect(fixed(0.995, 2) == "1.00")
    #expect(fixed(-0.5, 1) == "-0.5")
    #expect(fixed(2.4, 0) == "2")
  }

  @Test("columns are as wide as their widest cell")
  func table() {
    var table = TextTable(["name", "n"])
    table.add(["a", "100"])
    #expect(table.text == "name    n\na     100")
  }

  @Test("every series is one of its own, and comes again in turn")
  func series() {
    let mix = mix(70_000, series: 66_000)
    let fingerprints = (0..<70_000).map { mix.signal($0).fingerprint }
    #expect(Set(fingerprints).count == 66_000)
    #expect(fingerprints[66_001] == fingerprints[1])
    #expect(Set((0..<70_000).map { mix.signal($0).id }).count == 70_000)
  }

  @Test("frames hold all signals once, in order")
  func frames() throws {
    let mix = mix(205, series: 10)
    var ids: [String] = []
    for (index, frame) in try BusFeed.frames(mix, of: 100).enumerated() {
      guard case .signals(let batch, let signals) = try WireCodec.decodeAgentMessage(frame) else {
        Issue.record("a frame is something else")
        continue
      }
      #expect(batch == UInt64(index + 1))
      ids += signals.map(\.id)
    }
    #expect(ids == (0..<205).map { "bench-\($0)" })
  }

  @Test("a request says where it ends, and keeps the connection")
  func request() {
    let request = HTTPFeed(port: 1, path: "/x").requests([Array("[]".utf8)])[0]
    #expect(
      String(decoding: request, as: UTF8.self) == """
        POST /x HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Type: application/json\r\n\
        Content-Length: 2\r\n\r\n[]
        """)
  }

  @Test("what this process takes can be read")
  func usage() {
    let usage = ProcessUsage.read(getpid())
    #expect(usage.residentBytes > 1 << 20)
    #expect((1...usage.residentBytes).contains(usage.proportionalBytes))
    #expect(ProcessUsage.read(0).residentBytes == 0)
  }
}
