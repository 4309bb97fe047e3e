import ArgumentParser
import HTTPBackend

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

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The file with the token that the coordinator asks for (default: $AIOPS_TOKEN or the file that "
        + "$AIOPS_TOKEN_FILE names).", valueName: "file"))
  var tokenFile: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The PEM file with the authority of the coordinators' certificates, for https:// (default: "
        + "$AIOPS_CA_FILE, else what the system trusts).", valueName: "file"))
  var authority: String?

  @Option(name: [.customShort("o"), .long], help: "How to show it.")
  var output = OutputFormat.table

  /// A client of the named coordinators.
  /// - Throws: `ToolError` when the token or the authority can't be read.
  func client() throws(ToolError) -> CoordinatorClient {
    let environment = ToolContext.current.environment
    let named = coordinator.isEmpty ? [environment["AIOPS_COORDINATOR"] ?? ""] : coordinator
    let bases = named.flatMap { $0.split(separator: ",") }.map { String($0.filter { $0 != " " }) }
    let token = try Credentials.token(file: tokenFile, environment: environment)
    if token != nil, let open = bases.first(where: Credentials.readsAlong) {
      ToolContext.current.err(
        "aiopsctl: the token goes to \(Terminal.visible(redactedURL(open))) unencrypted; use https:// there")
    }
    return CoordinatorClient(
      bases: bases.isEmpty ? ["http://127.0.0.1:8080"] : bases, token: token,
      authority: try Credentials.authority(file: authority, environment: environment))
  }

  /// Shows an answer as JSON, or as `lines` make of it.
  func show(_ answer: Answer, _ lines: (JSONValue) -> [String]) {
    switch output {
    case .json: ToolContext.current.out(JSONText.pretty(answer.bytes))
    case .table: for line in lines(answer.value) { ToolContext.current.out(line) }
    }
  }
}
