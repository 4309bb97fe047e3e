import ArgumentParser
import FoundationEssentials
import IncidentModel

/// `aiops-bench memory`.
struct MemoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory",
    abstract: "What many open incidents and many signals take in memory.",
    discussion: """
      The coordinator's real decisions run in this process, without sockets and disk and in virtual time: \
      every incident is opened by a series of its own, whose signals then come again and again. Nobody \
      works on the incidents, so all of them are escalated and told to a sink that takes everything.
      """)

  @Option(help: "Series, each of which opens an incident.")
  var incidents = 100_000
  @Option(help: "Signals altogether.")
  var signals = 10_000_000
  @Option(help: "Signals a second of virtual time.")
  var pace = 10_000.0
  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...10_000_000).contains(incidents), signals >= incidents, pace > 0 else {
      throw ValidationError(
        "--incidents must be from 1 to 10,000,000, --signals at least as many, --pace more than 0.")
    }
  }

  func run() async throws {
    let json = json
    let benchmark = MemoryBenchmark(incidents: incidents, signals: signals, pace: pace) { row in
      say(row.text, asError: json)
    }
    let rows = try benchmark.run()
    if json { say(String(decoding: try JSONCoding.encoder(pretty: true).encode(rows), as: UTF8.self)) }
  }
}
