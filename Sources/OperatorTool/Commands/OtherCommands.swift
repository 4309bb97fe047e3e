import ArgumentParser
import IncidentModel
import Settings

struct AgentsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agents", abstract: "List the agents that the coordinator knows.")
  @OptionGroup var common: CommonOptions

  func run() async throws { common.show(try await common.client().get("/aiops/agents"), AgentList.lines) }
}

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the coordinator's own state.")
  @OptionGroup var common: CommonOptions

  func run() async throws { common.show(try await common.client().get("/aiops/status"), StatusPage.lines) }
}

struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Work with the configuration.", subcommands: [CheckCommand.self])
}

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Say everything that is wrong with a configuration.",
    discussion: "Environment variables and files that it names are looked up as the agents do; "
      + "nothing is connected to.")

  @Argument(help: "The file (default: aiops.yaml where it is started, else the built-in defaults).")
  var file: String?
  @Option(name: [.customShort("o"), .long], help: "How to show it.") var output = OutputFormat.table

  func run() async throws {
    let context = ToolContext.current
    let settings: SystemSettings
    do throws(SettingsError) {
      settings = try SettingsLoader.load(path: file, environment: context.environment)
    } catch {
      if output == .json { context.out(JSONText.encode(Report(error))) }
      let count = error.problems.count + error.omitted
      throw ToolError(
        message: (output == .json ? "" : error.description + "\n")
          + "\(count) problem\(count == 1 ? "" : "s") in the configuration",
        status: ToolError.configuration)
    }
    if output == .json {
      context.out(JSONText.encode(Report(settings)))
      return
    }
    let name = settings.file ?? "built-in defaults (no aiops.yaml here)"
    context.out("\(Terminal.visible(name)): fine")
    let rows = settings.sources.map { source in
      [
        source.name, source.kindName, Terminal.duration(source.intervalSeconds), source.autonomy.rawValue,
        "\(source.rules.count)",
      ]
    }
    for line in Table.lines(["SOURCE", "TYPE", "INTERVAL", "AUTONOMY", "RULES"], rows) { context.out(line) }
    context.out("runbooks: " + settings.runbooks.map(\.name).joined(separator: ", "))
    context.out("sinks: " + settings.sinks.map(\.name).joined(separator: ", "))
  }

  private struct Report: Encodable {
    struct Problem: Encodable {
      var file: String
      var line: Int?
      var column: Int?
      var path: String
      var message: String
    }

    var valid: Bool
    var file: String?
    var sources: [String] = []
    var runbooks: [String] = []
    var sinks: [String] = []
    var problems: [Problem] = []

    init(_ settings: SystemSettings) {
      valid = true
      file = settings.file
      sources = settings.sources.map(\.name)
      runbooks = settings.runbooks.map(\.name)
      sinks = settings.sinks.map(\.name)
    }

    init(_ error: SettingsError) {
      valid = false
      file = error.problems.first?.file
      problems = error.problems.map {
        Problem(file: $0.file, line: $0.line, column: $0.column, path: $0.path, message: $0.message)
      }
    }
  }
}

extension SourceSettings {
  fileprivate var kindName: String {
    switch kind {
    case .host: "host"
    case .postgres: "postgres"
    case .redis: "redis"
    case .prometheus: "prometheus"
    case .http: "http"
    }
  }
}
