import ArgumentParser
import IncidentModel

/// An executable's command line: only options, its name and what it is for.
protocol AgentCommand: ParsableCommand {
  var options: AgentOptions { get }
}

extension AgentCommand {
  /// The options of this process, or the end of it with help, version or what is wrong.
  static func parsedOptions() -> AgentOptions {
    do {
      return try parse().options
    } catch {
      exit(withError: error)
    }
  }
}

private let discussion = """
  One configuration file serves every agent; check it with aiopsctl config check FILE.
  Logs are JSON, one object a line, on standard error. SIGTERM and SIGINT stop the agent.
  Exit status: 0 stopped as asked, 1 failed, 64 wrong options, 78 wrong configuration.
  """

private func commandLine(_ kind: AgentKind, _ abstract: String) -> CommandConfiguration {
  CommandConfiguration(
    commandName: "aiops-\(kind.rawValue)", abstract: abstract, discussion: discussion,
    version: AIOpsVersion.current)
}

struct CoordinatorCommand: AgentCommand {
  static let configuration = commandLine(
    .coordinator, "Owns the incidents: correlates signals, leases jobs, keeps the journal, answers people.")
  @OptionGroup var options: AgentOptions
}

struct DetectorCommand: AgentCommand {
  static let configuration = commandLine(
    .detector, "Measures the configured sources and tells the coordinator what is wrong.")
  @OptionGroup var options: AgentOptions
}

struct DiagnoserCommand: AgentCommand {
  static let configuration = commandLine(
    .diagnoser, "Finds the causes of incidents with read-only tools.")
  @OptionGroup var options: AgentOptions
}

struct ResolverCommand: AgentCommand {
  static let configuration = commandLine(
    .resolver, "Runs remedies step by step and measures whether they worked.")
  @OptionGroup var options: AgentOptions
}
