import Glibc
import Simulation
import Testing

@Suite("The simulated cluster")
struct SimulationTests {
  /// AIOPS_SIMULATION_SEEDS makes it fewer, where everything is many times slower.
  static let lives = getenv("AIOPS_SIMULATION_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 2_000

  @Test("no law is broken in two thousand lives")
  func laws() async {
    let summary = await SimulationRunner.run(seeds: 1..<Self.lives + 1, width: 2)
    for violation in summary.violations {
      Issue.record(
        """
        seed \(violation.seed) broke "\(violation.law)" after \(violation.at) ms: \(violation.text); \
        see it with: aiops-bench simulate --start \(violation.seed) --trace
        """)
    }
    #expect(summary.seeds == Int(Self.lives) || !summary.violations.isEmpty)
    #expect(summary.checks > 500 * Int(Self.lives))
  }

  @Test("the same seed gives the same life, another one another", arguments: 1...20 as ClosedRange<UInt64>)
  func deterministic(seed: UInt64) {
    let first = SimulationRunner.run(seed: seed)
    #expect(first.hash == SimulationRunner.run(seed: seed).hash)
    #expect(first.hash != SimulationRunner.run(seed: seed + 1_000).hash)
  }

  @Test("every defect that is put in is caught", arguments: Mutant.allCases)
  func mutants(mutant: Mutant) {
    let limit: UInt64 = 500
    for seed in 1...limit {
      guard let violation = SimulationRunner.run(seed: seed, mutant: mutant).summary.violations.first else {
        continue
      }
      print("\(mutant.rawValue): caught after \(seed) seeds: \(violation.law)")
      return
    }
    Issue.record("\(mutant.rawValue) was not caught in \(limit) seeds")
  }
}
