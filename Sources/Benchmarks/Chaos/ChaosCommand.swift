import ArgumentParser
import IncidentModel
import TestKit

/// `aiops-bench chaos`.
struct ChaosCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chaos",
    abstract: "Kill, freeze and cut off the real system while real things break; then audit what it did.",
    discussion: """
      Runs two coordinators on a PostgreSQL of their own, two detectors, three diagnosers and three resolvers \
      as processes, and a database, a cache and a folder that break. What is done to them when comes from \
      the seed. In the end the journal, the receiver's record, the database's own log and the API are held \
      against each other. Ends with 1 when anything does not agree; the logs are kept.
      """)

  @Option(help: "How long it goes on, in minutes.")
  var minutes = 2.0

  @Option(help: "What chance begins with; printed when it is not given.")
  var seed: UInt64?

  @Option(help: "Where logs go, a folder that does not exist yet.")
  var logs: String?

  @Flag(help: "Do not say what is done meanwhile.")
  var quiet = false

  func validate() throws {
    guard (0.1...600).contains(minutes) else { throw ValidationError("--minutes must be from 0.1 to 600.") }
  }

  func run() async throws {
    let seed = seed ?? UInt64.random(in: 1...999_999)
    let folder = try TemporaryFolder(at: logs ?? "/tmp/aiops-chaos-\(seed)-\(Timestamp.now.milliseconds)")
    let quiet = quiet
    let report = try await Chaos(
      seed: seed, minutes: minutes, folder: folder,
      progress: { line in if !quiet { say("… \(line)", asError: true) } }
    ).run()
    print(report.text)
    if !report.isClean { throw ExitCode.failure }
  }
}

/// One chaos from begin to report.
struct Chaos: Sendable {
  let seed: UInt64
  let minutes: Double
  let folder: TemporaryFolder
  let progress: @Sendable (String) -> Void

  func run() async throws -> ChaosReport {
    progress("seed \(seed), \(minutes) minutes, logs in \(folder.path)")
    let receiver = try Receiver()
    defer { receiver.stop() }
    let disk = try TemporaryFolder("disk")
    defer { disk.remove() }
    let target = try await Target.start(in: disk)
    do {
      let report = try await TestPostgres.withServer(maxConnections: 60, settings: TestPostgres.durable) {
        store in
        let run = try await ChaosRun(
          folder: folder, store: store, target: target, receiver: receiver, seed: seed)
        do {
          let report = try await go(run)
          await end(run)
          return report
        } catch {
          await end(run)
          throw BenchmarkError("\(error); logs are in \(folder.path)")
        }
      }
      await target.stop()
      return report
    } catch {
      await target.stop()
      throw error
    }
  }

  private func end(_ run: ChaosRun) async {
    await run.sender.stop()
    await run.fleet.stop()
    await run.network?.remove()
  }

  private func go(_ run: ChaosRun) async throws -> ChaosReport {
    if let why = run.whyNoNetwork { progress("skipped: cutting a network, \(why)") }
    try await run.startEverything()
    let plan = ChaosPlan(
      seed: seed, seconds: minutes * 60, agents: ChaosRun.agents.map(\.name), canCut: run.network != nil)
    await run.happen(plan, progress: progress)
    progress("auditing")
    let evidence = try await run.evidence()
    try run.keepRecords(evidence)
    return ChaosReport(
      seed: seed, minutes: minutes, folder: folder.path, diary: run.diary, network: run.whyNoNetwork,
      evidence: evidence, findings: Audit(evidence).findings)
  }
}
