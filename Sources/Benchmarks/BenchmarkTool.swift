import ArgumentParser
import IncidentModel

/// `aiops-bench`: measures the real system beside what people would use instead.
package enum BenchmarkTool {
  /// Runs one command line.
  /// - Parameter arguments: without the program's name.
  /// - Returns: the exit status: 0 done, 1 failed, 64 wrong usage.
  package static func run(_ arguments: [String]) async -> Int32 {
    do {
      var command = try BenchmarkCommand.parseAsRoot(arguments)
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      return 0
    } catch {
      let status = BenchmarkCommand.exitCode(for: error).rawValue
      let text = BenchmarkCommand.fullMessage(for: error)
      if !text.isEmpty {
        // The help that somebody asked for is the command's output; everything else is a complaint.
        say(text, asError: status != 0)
      }
      return status
    }
  }
}

/// The root of the commands.
struct BenchmarkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aiops-bench",
    abstract: "Measure the system, and see what it bears.",
    version: AIOpsVersion.current,
    subcommands: [
      SimulateCommand.self, IngestCommand.self, OverloadCommand.self, MemoryCommand.self,
      FailoverCommand.self, ScaleCommand.self, ChaosCommand.self, RelayCommand.self,
    ])
}
