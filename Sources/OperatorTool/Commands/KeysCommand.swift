import ArgumentParser
import BusKeys

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Make, allow and revoke the keys by which agents and coordinators know each other.",
    discussion: """
      Every agent has a pair of its own; coordinators share one. A coordinator lets in whose public key lies in its \
      folder of allowed keys (security.allowed), and reads that folder again every second: nothing is restarted.
      """,
    subcommands: [NewKeyCommand.self, AllowKeyCommand.self, RevokeKeyCommand.self, ListKeysCommand.self])
}

struct NewKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Make a new key pair: NAME.key, which is secret, and NAME.pub.")
  @Argument(help: "Who it is for; the name in logs, agents and the journal.") var name: String
  @Option(help: "Where to put it; made if it is not there.") var folder = "keys"

  func run() throws {
    let pair = try keys { () throws(KeyError) in try KeyStore.make(name, in: folder) }
    let base = Terminal.visible(folder + "/" + name)
    let out = ToolContext.current.out
    out("public key  \(pair.publicKey.text)")
    out(
      "secret      \(base).key (mode 0600; leave it with \(name), and name it in security.key or $AIOPS_KEY_FILE)"
    )
    out("public      \(base).pub")
    out(
      "Next, for an agent:   aiopsctl keys allow \(base).pub --kind KIND --folder FOLDER   (each coordinator's security.allowed)"
    )
    out("for the coordinators: name \(base).pub in security.coordinator_key of every agent")
  }
}

struct AllowKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allow", abstract: "Let an agent's key connect to the coordinators that read a folder.")
  @Argument(help: "The agent's NAME.pub.") var file: String
  @Option(help: "What it may be and do: \(KeyKind.choices). Anything, unless given.") var kind: KeyKind?
  @Option(help: "The folder of allowed keys; made if it is not there.") var folder: String

  func run() throws {
    let result = try keys { () throws(KeyError) in try KeyStore.allow(file, as: kind, in: folder) }
    let role = kind.map { " as a \($0.rawValue)" } ?? ""
    let state = result.wasThere ? "was allowed already" : "may connect within seconds"
    ToolContext.current.out("\(result.name) \(state)\(role): \(result.key.text)")
  }
}

extension KeyKind: ExpressibleByArgument {}

struct RevokeKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Cut an agent off, and never let its key in again.",
    discussion: """
      Every connection to the coordinators is ended once, so that each agent shows its key again; what was on its \
      way is sent again. Work that the revoked agent holds goes to others.
      """)
  @Argument(help: "The name that the folder gives the key.") var name: String
  @Option(help: "The folder of allowed keys.") var folder: String

  func run() throws {
    let file = try keys { () throws(KeyError) in try KeyStore.revoke(name, in: folder) }
    ToolContext.current.out(
      "\(name) is cut off within seconds; \(Terminal.visible(file)) keeps its key out for good")
  }
}

struct ListKeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List who may connect, who was revoked, and files that are malformed.")
  @Option(help: "The folder of allowed keys.") var folder: String
  @Option(name: [.customShort("o"), .long], help: "How to show it.") var output = OutputFormat.table

  private struct Row: Encodable {
    var name: String
    var key: String
    var state: String
    var kind: String?
  }

  private struct Report: Encodable {
    var keys: [Row]
    var problems: [String]
  }

  func run() throws {
    guard KeyFolder(folder).exists else {
      throw ToolError(message: "\(Terminal.visible(folder)): there is no such folder")
    }
    let content = try keys { () throws(KeyError) in try KeyFolder(folder).read() }
    let rows =
      content.keys.names.map {
        Row(name: $0.value, key: $0.key.text, state: "allowed", kind: content.keys.kinds[$0.key]?.rawValue)
      }
      + content.keys.revoked.map { Row(name: $0.value, key: $0.key.text, state: "revoked") }
    let sorted = rows.sorted { ($0.name, $0.state, $0.key) < ($1.name, $1.state, $1.key) }
    let problems = content.problems.map(\.description)
    let context = ToolContext.current
    if output == .json {
      context.out(JSONText.encode(Report(keys: sorted, problems: problems)))
    } else {
      let cells = sorted.map { [Terminal.visible($0.name), $0.state, $0.kind ?? "any", $0.key] }
      for line in Table.lines(["NAME", "STATE", "KIND", "KEY"], cells) { context.out(line) }
    }
    guard problems.isEmpty else {
      throw ToolError(
        message: "these files let nobody in:\n" + problems.map(Terminal.visible).joined(separator: "\n"))
    }
  }
}

/// Runs what works on key files; what is wrong with them ends the command.
private func keys<Result>(_ body: () throws(KeyError) -> Result) throws(ToolError) -> Result {
  do throws(KeyError) { return try body() } catch {
    throw ToolError(message: Terminal.visible(error.description))
  }
}
