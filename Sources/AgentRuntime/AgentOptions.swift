package import ArgumentParser
import IncidentModel
package import Logging

/// The options that every agent takes.
package struct AgentOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The YAML file with the configuration.",
      discussion: "Without it aiops.yaml is read where the agent is started, if it is there; "
        + "else this machine is watched with the built-in rules.", valueName: "file"))
  package var config: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The agent's name in logs and answers (default: kind, host and process).", valueName: "name"))
  package var name: String?

  @Option(
    name: .long,
    help: "The least severe messages to log: trace, debug, info, notice, warning, error, critical.")
  package var logLevel = LogLevel.info

  package init() {}

  package mutating func validate() throws {
    if let name, name.isEmpty || name.utf8.count > 128 || PlainText.hasControlCharacters(name) {
      throw ValidationError("--name must have 1 to 128 bytes and no control characters")
    }
  }
}

/// swift-log's levels as an argument.
package enum LogLevel: String, ExpressibleByArgument, CaseIterable, Sendable {
  case trace, debug, info, notice, warning, error, critical

  /// The same level in swift-log's type.
  package var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
