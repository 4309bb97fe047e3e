/// What many lives came to.
package struct SimulationSummary: Sendable {
  package var seeds = 0
  package var events = 0
  package var journaled = 0
  package var checks = 0
  package var virtualMilliseconds: Int64 = 0
  /// Faults by their kind.
  package var faults: [String: Int] = [:]
  /// What the lives were full of.
  package var deeds: [String: Int] = [:]
  package var violations: [Violation] = []

  /// Nothing lived yet.
  package init() {}

  /// Both together.
  package mutating func add(_ other: SimulationSummary) {
    seeds += other.seeds
    events += other.events
    journaled += other.journaled
    checks += other.checks
    virtualMilliseconds += other.virtualMilliseconds
    faults.merge(other.faults, uniquingKeysWith: +)
    deeds.merge(other.deeds, uniquingKeysWith: +)
    violations += other.violations
  }
}

/// Runs lives of the whole system from seeds.
package enum SimulationRunner {
  /// One life.
  /// - Parameters:
  ///   - seed: what it is drawn from.
  ///   - mutant: a defect to put in.
  /// - Returns: what came of it, and a hash of all that happened.
  package static func run(seed: UInt64, mutant: Mutant? = nil) -> (summary: SimulationSummary, hash: UInt64) {
    let simulation = Simulation(seed: seed, mutant: mutant)
    simulation.run()
    return (simulation.summary, simulation.report.hash)
  }

  /// One life, told line by line.
  package static func trace(seed: UInt64, mutant: Mutant? = nil) -> (
    lines: [String], summary: SimulationSummary
  ) {
    let simulation = Simulation(seed: seed, mutant: mutant, traced: true)
    simulation.run()
    return (simulation.trace.lines, simulation.summary)
  }

  /// Many lives, on as many threads as there are cores; ends early after ten violations.
  package static func run(seeds: Range<UInt64>, width: Int) async -> SimulationSummary {
    await withTaskGroup(of: SimulationSummary.self) { group in
      var next = seeds.lowerBound
      var total = SimulationSummary()
      func addOne() {
        guard next < seeds.upperBound, total.violations.count < 10 else { return }
        let seed = next
        next += 1
        group.addTask { run(seed: seed).summary }
      }
      for _ in 0..<max(width, 1) { addOne() }
      for await summary in group {
        total.add(summary)
        addOne()
      }
      return total
    }
  }
}

extension Simulation {
  var summary: SimulationSummary {
    var summary = SimulationSummary()
    summary.seeds = 1
    summary.events = report.events
    summary.journaled = report.journaled
    summary.checks = report.checks
    summary.virtualMilliseconds = report.virtualMilliseconds
    summary.faults = report.faults
    summary.deeds = audit.deeds
    summary.violations = violation.map { [$0] } ?? []
    return summary
  }
}
