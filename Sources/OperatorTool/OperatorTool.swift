import ArgumentParser
import IncidentModel

/// `aiopsctl`: what people use to see incidents and to say their word.
package enum OperatorTool {
  /// Runs one command line.
  ///
  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - context: where it reads its environment and writes.
  /// - Returns: the exit status: 0 done, 1 refused or failed, 64 wrong usage, 69 no coordinator, 78
  ///   wrong configuration.
  package static func run(_ arguments: [String], context: ToolContext = .process) async -> Int32 {
    await ToolContext.$current.withValue(context) {
      do {
        var command = try ControlCommand.parseAsRoot(arguments)
        if var asynchronous = command as? any AsyncParsableCommand {
          try await asynchronous.run()
        } else {
          try command.run()
        }
        return 0
      } catch let error as ToolError {
        context.err("aiopsctl: " + error.message)
        return error.status
      } catch {
        let text = ControlCommand.fullMessage(for: error)
        let status = ControlCommand.exitCode(for: error).rawValue
        if !text.isEmpty { status == 0 ? context.out(text) : context.err(text) }
        return status
      }
    }
  }
}

/// The root of the commands.
struct ControlCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aiopsctl",
    abstract: "See incidents and say your word on them.",
    discussion: """
      The coordinator is asked at --coordinator, else at $AIOPS_COORDINATOR, else at \
      http://127.0.0.1:8080. Of several, separated by commas, the first that answers is asked; one that \
      stands by answers too, and passes on what only the leader may take.
      Where it asks for a token, give it by $AIOPS_TOKEN, $AIOPS_TOKEN_FILE or --token-file, never on the command \
      line itself. For https:// with an authority of your own: --authority or $AIOPS_CA_FILE.
      Exit status: 0 done, 1 refused or failed, 64 wrong usage, 69 no coordinator, 78 wrong configuration.
      """,
    version: AIOpsVersion.current,
    subcommands: [
      IncidentsCommand.self, AgentsCommand.self, StatusCommand.self, HealthCommand.self, KeysCommand.self,
      TokensCommand.self, AuditCommand.self, ConfigCommand.self,
    ])
}
