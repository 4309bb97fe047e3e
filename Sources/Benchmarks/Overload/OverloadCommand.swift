import ArgumentParser
import FoundationEssentials
import IncidentModel
import TestKit

/// `aiops-bench overload`.
struct OverloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overload",
    abstract: "How soon GET /aiops/status is answered while more signals come than can be taken.",
    discussion: """
      Runs the real coordinator in a process and a folder of its own. The senders wait for no acknowledgement \
      and say as much as their sockets take, on this machine's own cores.
      """)

  @Option(help: "Senders, each with a connection and a thread of its own.")
  var senders = 4
  @Option(help: "Signals a message.")
  var size = 10
  @Option(help: "Distinct series of each sender.")
  var series = 20_000
  @Option(help: "How long to flood, in seconds.")
  var seconds = 10.0
  @Option(help: "Signals a second of all senders together, at the most; as many as go unless given.")
  var rate: Double?
  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...64).contains(senders), (1...1_000).contains(size), (size...1_000_000).contains(series) else {
      throw ValidationError(
        "--senders must be from 1 to 64, --size from 1 to 1,000, --series from --size to 1,000,000.")
    }
    guard (0.1...3_600).contains(seconds), rate.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--seconds must be from 0.1 to 3,600, --rate more than 0.")
    }
  }

  func run() async throws {
    let benchmark = OverloadBenchmark(
      coordinator: try builtExecutable("aiops-coordinator"), senders: senders, perMessage: size,
      // Whole messages only.
      series: series / size * size, seconds: seconds, rate: rate)
    let report = try await benchmark.run()
    say(
      json
        ? String(decoding: try JSONCoding.encoder(pretty: true).encode(report), as: UTF8.self) : report.text)
  }
}
