import AgentRuntime
import ArgumentParser
import FoundationEssentials
import Glibc
import IncidentModel
import MessageBus
import Settings

/// The detector's process.
package enum DetectorAgent {
  /// The whole of `aiops-detector`.
  package static func main() async { await DetectorProgram.main() }
}

/// The detector's options, and what they start.
struct DetectorProgram: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aiops-detector",
    abstract: "Measures the configured sources and tells the coordinator what is wrong.",
    discussion: """
      Any number of detectors may run against one coordinator, which shares the sources out among them.
      Check a configuration with --once: it measures every source one time and prints what it saw.
      Logs are JSON, one object a line, on standard error. SIGTERM and SIGINT stop the agent.
      Exit status: 0 stopped as asked, 1 failed, 64 wrong options, 78 wrong configuration.
      """,
    version: AIOpsVersion.current)

  @OptionGroup var options: AgentOptions

  @Flag(help: "Print the graph that every sample travels through, and end.")
  var printGraph = false

  @Option(help: "How to print the graph.")
  var graphFormat = DetectionGraph.Format.text

  @Flag(
    help: """
      Measure every source once, print the samples and end: with 0, or with 1 when a source failed. \
      Metrics that are differences between two measurements are not seen so.
      """)
  var once = false

  func validate() throws {
    if printGraph, once { throw ValidationError("--print-graph and --once exclude each other") }
  }

  func run() async throws {
    if printGraph {
      print(try DetectionGraph.standard().rendered(graphFormat), terminator: "")
    } else if once {
      try await lookOnce()
    } else {
      await watch()
    }
  }

  private func watch() async -> Never {
    await AgentRuntime.run(kind: .detector, options: options) { agent in
      let settings = agent.settings.detector
      var storage: DiskSpool?
      if let folder = settings.spool { storage = try DiskSpool(folder: folder, logger: agent.logger) }
      let link = AgentLink(
        info: agent.info, endpoints: agent.settings.busEndpoints, security: try agent.busSecurity(),
        spoolLimit: settings.spoolLimit, storage: storage,
        shards: ShardOffers.of(agent.settings.sources, host: hostName()), logger: agent.logger)
      let detector = try DetectorService(
        sources: agent.settings.sources, name: agent.name, instance: agent.info.instance, sink: link,
        now: Self.now, logger: agent.logger, link: link)
      // Stopped in reverse order: what the detector says last still leaves.
      return [
        AgentService("link") { await link.run() },
        AgentService("detector") { await detector.run() },
      ] + HealthFile.services(agent) { await link.isConnected }
    }
  }

  private func lookOnce() async throws {
    let settings: SystemSettings
    do throws(SettingsError) {
      settings = try SettingsLoader.load(
        path: options.config, environment: ProcessInfo.processInfo.environment)
    } catch {
      Self.complain("aiops-detector: the configuration is wrong:\n\(error)\n")
      throw ExitCode(AgentRuntime.configurationExit)
    }
    let report = await OnceReport.take(settings.sources, at: Self.now())
    print(report.table, terminator: "")
    if !report.isComplete { throw ExitCode.failure }
  }

  private static func complain(_ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  @Sendable private static func now() -> Timestamp {
    Timestamp(seconds: Date().timeIntervalSince1970)
  }
}

extension DetectionGraph.Format: ExpressibleByArgument {}
