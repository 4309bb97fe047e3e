import ArgumentParser

/// How results are shown.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json
}

/// The options of every command.
struct CommonOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The coordinator's URL; of several, separated by commas or given one by one, the first that answers "
        + "(default: $AIOPS_COORDINATOR or http://127.0.0.1:8080).", valueName: "url"))
  var coordinator: [String] = []

  @Option(name: [.customShort("o"), .long], help: "How to show it.")
  var output = OutputFormat.table

  /// A client of the named coordinators.
  var client: CoordinatorClient {
    let named =
      coordinator.isEmpty ? [ToolContext.current.environment["AIOPS_COORDINATOR"] ?? ""] : coordinator
    let bases = named.flatMap { $0.split(separator: ",") }.map { String($0.filter { $0 != " " }) }
    return CoordinatorClient(bases: bases.isEmpty ? ["http://127.0.0.1:8080"] : bases)
  }

  /// Shows an answer as JSON, or as `lines` make of it.
  func show(_ answer: Answer, _ lines: (JSONValue) -> [String]) {
    switch output {
    case .json: ToolContext.current.out(JSONText.pretty(answer.bytes))
    case .table: for line in lines(answer.value) { ToolContext.current.out(line) }
    }
  }
}
