import ArgumentParser
import IncidentModel

struct IncidentsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "incidents", abstract: "List, show, watch and decide incidents.",
    subcommands: [
      ListCommand.self, ShowCommand.self, WatchCommand.self, AcknowledgeCommand.self, SnoozeCommand.self,
      ApproveCommand.self, ResolveCommand.self, FalsePositiveCommand.self,
    ], defaultSubcommand: ListCommand.self)
}

extension IncidentStatus: ExpressibleByArgument {}
extension Severity: ExpressibleByArgument {}

/// An incident's id as people type it: in any case, with or without `INC-`.
struct IncidentArgument: ExpressibleByArgument {
  let id: IncidentID

  init?(argument: String) {
    let text = argument.uppercased()
    guard let id = IncidentID(text.hasPrefix("INC-") ? text : "INC-" + text) else { return nil }
    self.id = id
  }
}

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List incidents, the newest first; only open ones unless told otherwise.")

  @OptionGroup var common: CommonOptions
  @Option(name: .long, help: "Only these; may be given several times.") var status: [IncidentStatus] = []
  @Option(name: .long, help: "Only these; may be given several times.") var severity: [Severity] = []
  @Flag(name: .long, help: "Closed incidents too.") var all = false
  @Option(name: .long, help: "How many at the most, 1 to 500.") var limit = 100

  mutating func validate() throws {
    guard (1...500).contains(limit) else { throw ValidationError("--limit must be 1 to 500") }
    if all && !status.isEmpty { throw ValidationError("give --all or --status, not both") }
  }

  func run() async throws {
    let statuses = all ? [] : status.isEmpty ? IncidentStatus.allCases.filter(\.isOpen) : status
    var query = ["page_size=\(limit)"]
    if !statuses.isEmpty { query.append("status=" + statuses.map(\.rawValue).joined(separator: ",")) }
    if !severity.isEmpty { query.append("severity=" + severity.map(\.rawValue).joined(separator: ",")) }
    let answer = try await common.client().get("/aiops/incidents?" + query.joined(separator: "&"))
    let nothing = all || !status.isEmpty || !severity.isEmpty ? "No such incidents." : "No open incidents."
    common.show(answer) { IncidentList.lines($0, nothing: nothing) }
  }
}

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show an incident with its diagnosis, evidence, steps and timeline.")

  @OptionGroup var common: CommonOptions
  @Argument(help: "E.g. INC-1A2B3C4D.") var id: IncidentArgument

  func run() async throws {
    common.show(try await common.client().get("/aiops/incidents/\(id.id)"), IncidentPage.lines)
  }
}
