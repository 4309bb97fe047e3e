import ArgumentParser
import FoundationEssentials
import IncidentModel
import TestKit

/// `aiops-bench ingest`.
struct IngestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest",
    abstract: "How many alerts a second are taken, beside Alertmanager.",
    discussion: """
      Runs the real coordinator, whose program lies beside this one, in a process and a folder of its own \
      and feeds it over the real bus, and by POST /aiops/alerts: one alert a message, and a hundred. \
      Beside it Debian's prometheus-alertmanager gets the same alerts by POST /api/v2/alerts. All of them \
      share this machine's cores with the sender.
      """)

  @Option(help: "Alerts of a row.")
  var count = 40_000

  @Option(help: "Distinct series among them; as many as alerts unless given.")
  var fingerprints: Int?

  @Option(help: "Alerts on the bus that are not acknowledged yet, at the most.")
  var window = 2_000

  @Option(help: "Messages of the rows in which every one waits for the disk, at the most; 0 for no such row.")
  var synchronous = 2_000

  @Option(help: "Alerts a message, with commas between.")
  var sizes = "1,100"

  @Option(help: "Where the coordinator keeps its journal, with commas between: sqlite, postgres.")
  var stores = "sqlite,postgres"

  @Flag(help: "Measure without Alertmanager.")
  var skipAlertmanager = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...10_000_000).contains(count) else {
      throw ValidationError("--count must be from 1 to 10,000,000.")
    }
    guard fingerprints.map({ (1...count).contains($0) }) ?? true else {
      throw ValidationError("--fingerprints must be from 1 to --count.")
    }
    guard (1...100_000).contains(window), synchronous >= 0 else {
      throw ValidationError("--window must be from 1 to 100,000, --synchronous not negative.")
    }
    _ = try chosenStores()
    _ = try chosenSizes()
  }

  private func chosenSizes() throws -> [Int] {
    try sizes.split(separator: ",").map { text in
      guard let size = Int(text), (1...1_000).contains(size) else {
        throw ValidationError("--sizes must be numbers from 1 to 1,000.")
      }
      return size
    }
  }

  private func chosenStores() throws -> [BenchmarkStore] {
    try stores.split(separator: ",").map { name in
      guard let store = BenchmarkStore(rawValue: String(name)) else {
        throw ValidationError("There is no store \(name): sqlite or postgres.")
      }
      return store
    }
  }

  func run() async throws {
    let benchmark = IngestBenchmark(
      mix: AlertMix(
        count: count, series: fingerprints ?? count, now: Timestamp(seconds: Date().timeIntervalSince1970)),
      window: window, sizes: try chosenSizes(), stores: try chosenStores(),
      withAlertmanager: !skipAlertmanager,
      coordinator: try builtExecutable("aiops-coordinator"), synchronousMessages: synchronous,
      progress: { say("… \($0)", asError: true) })
    let report = try await benchmark.run()
    print(
      json
        ? String(decoding: try JSONCoding.encoder(pretty: true).encode(report), as: UTF8.self) : report.text)
  }
}
