import ArgumentParser
import FoundationEssentials
import Simulation

/// `aiops-bench simulate`: whole lives of the system in virtual time, each drawn from a seed.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Run the real decisions in a simulated world that fails in every way, and check the laws.",
    discussion: """
      Every seed is one life of a cluster: coordinators on one store, detectors, diagnosers, resolvers, targets,
      sinks and people, with a network, a store, clocks and processes that fail. The same seed gives the same life.
      A seed that breaks a law ends the run with status 1 and the command that shows it event by event.
      """)

  @Option(help: "How many seeds.")
  var seeds: UInt64 = 2_000
  @Option(help: "The first seed.")
  var start: UInt64 = 1
  @Option(help: "How many lives at once; as many as there are cores unless said.")
  var threads: Int?
  @Flag(help: "Tell the first seed's life, event by event.")
  var trace = false
  @Option(help: "A defect to put in, to see how it is caught; one of those that --mutants lists.")
  var mutant: String?
  @Flag(help: "Put in every known defect in turn and say after how many seeds it was caught.")
  var mutants = false

  func run() async throws {
    let defect = try mutant.map { name in
      guard let mutant = Mutant(rawValue: name) else {
        throw ValidationError(
          "There is no defect \"\(name)\"; there are: \(Mutant.allCases.map(\.rawValue).joined(separator: ", "))."
        )
      }
      return mutant
    }
    if mutants { return try tellMutants() }
    if trace { return try tell(defect) }
    let began = ContinuousClock.now
    let summary = await SimulationRunner.run(
      seeds: start..<(start + seeds), width: threads ?? ProcessInfo.processInfo.processorCount)
    report(summary, ContinuousClock.now - began)
    guard summary.violations.isEmpty else { throw ExitCode(1) }
  }

  private func tell(_ mutant: Mutant?) throws {
    let (lines, summary) = SimulationRunner.trace(seed: start, mutant: mutant)
    for line in lines { print(line) }
    guard summary.violations.isEmpty else { throw ExitCode(1) }
  }

  private func tellMutants() throws {
    var missed = 0
    for mutant in Mutant.allCases {
      var caught: (UInt64, String)?
      for seed in start..<(start + seeds) {
        if let violation = SimulationRunner.run(seed: seed, mutant: mutant).summary.violations.first {
          caught = (seed - start + 1, violation.law)
          break
        }
      }
      if let (count, law) = caught {
        print("\(mutant.rawValue): caught after \(count) seeds: \(law)")
      } else {
        missed += 1
        print("\(mutant.rawValue): NOT CAUGHT in \(seeds) seeds")
      }
    }
    if missed > 0 { throw ExitCode(1) }
  }

  private func report(_ summary: SimulationSummary, _ time: Duration) {
    print(
      """
      seeds          \(summary.seeds)
      virtual hours  \(summary.virtualMilliseconds / 3_600_000)
      events         \(summary.events)
      journal events \(summary.journaled)
      checks of laws \(summary.checks)
      real seconds   \(time.components.seconds)
      faults:
      """)
    for (kind, count) in summary.faults.sorted(by: { $0.key < $1.key }) { print("  \(kind): \(count)") }
    print("deeds:")
    for (deed, count) in summary.deeds.sorted(by: { $0.key < $1.key }) { print("  \(deed): \(count)") }
    for violation in summary.violations.sorted(by: { $0.seed < $1.seed }) {
      print(
        """
        seed \(violation.seed) BROKE "\(violation.law)" after \(violation.at) ms: \(violation.text)
          see it: aiops-bench simulate --start \(violation.seed) --trace
        """)
    }
    print(summary.violations.isEmpty ? "no law was broken" : "\(summary.violations.count) seeds broke a law")
  }
}
