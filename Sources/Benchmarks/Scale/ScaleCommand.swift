import ArgumentParser
import FoundationEssentials
import IncidentModel

/// `aiops-bench scale`.
struct ScaleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale",
    abstract: "What one, two and four agents of each kind get done.",
    discussion: """
      Runs a real coordinator, whose program lies beside this one. Detectors are real processes that share a fixed set \
      of synthetic Prometheus sources, measured as often as they can, each on one core: samples and signals a \
      second. Diagnosers and resolvers are real links with two slots whose jobs take a fixed time: jobs a second. \
      With more detectors than cores there is no more to be had; workers wait rather than compute.
      """)

  @Option(help: "How long each measurement takes, in seconds.")
  var seconds = 10

  @Option(help: "How many agents, separated by commas.")
  var counts = "1,2,4"

  @Option(help: "Which kinds, separated by commas.")
  var kinds = "detector,diagnoser,resolver"

  @Option(help: "How long a job takes, in milliseconds.")
  var service = 200

  @Flag(help: "Print JSON.")
  var json = false

  private var agents: [AgentKind] {
    kinds.split(separator: ",").compactMap { AgentKind(rawValue: String($0)) }
  }
  private var numbers: [Int] { counts.split(separator: ",").compactMap { Int($0) } }

  func validate() throws {
    guard (2...600).contains(seconds) else { throw ValidationError("--seconds must be from 2 to 600.") }
    guard (1...60_000).contains(service) else { throw ValidationError("--service must be from 1 to 60,000.") }
    guard !numbers.isEmpty, numbers.allSatisfy((1...32).contains) else {
      throw ValidationError("--counts must be numbers from 1 to 32, e.g. 1,2,4.")
    }
    guard !agents.isEmpty, !agents.contains(.coordinator) else {
      throw ValidationError("--kinds must be some of detector, diagnoser, resolver.")
    }
  }

  func run() async throws {
    let benchmark = ScaleBenchmark(
      seconds: seconds, counts: numbers, service: .milliseconds(service),
      progress: { say("… \($0)", asError: true) })
    let report = try await benchmark.run(agents)
    print(
      json
        ? String(decoding: try JSONCoding.encoder(pretty: true).encode(report), as: UTF8.self) : report.text)
  }
}
