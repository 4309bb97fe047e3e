import ArgumentParser
import FoundationEssentials
import IncidentModel

/// `aiops-bench failover`.
struct FailoverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "failover",
    abstract: "How long it takes until another coordinator leads, and what is lost meanwhile.",
    discussion: """
      Runs a PostgreSQL, two real coordinators, whose program lies beside this one, a sender of signals and \
      a receiver of notifications, and kills whoever leads with kill -9, again and again. Ends with 1 when \
      something was lost or told twice.
      """)

  @Option(help: "How often.")
  var kills = 20

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...10_000).contains(kills) else { throw ValidationError("--kills must be from 1 to 10,000.") }
  }

  func run() async throws {
    let report = try await FailoverBenchmark(kills: kills, progress: { say("… \($0)", asError: true) }).run()
    print(
      json
        ? String(decoding: try JSONCoding.encoder(pretty: true).encode(report), as: UTF8.self) : report.text)
    if !report.violations.isEmpty { throw ExitCode.failure }
  }
}
