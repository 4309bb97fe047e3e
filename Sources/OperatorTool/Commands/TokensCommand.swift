import AccessTokens
import ArgumentParser
import FoundationEssentials
import Glibc
import IncidentModel
import Settings

struct TokensCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokens", abstract: "Make, revoke and list the tokens of the HTTP API.",
    discussion: """
      They are kept in the file that the coordinators' security.tokens names, as hashes: a token is printed once, \
      when it is made, and never again. Coordinators read the file again when it changes.
      Roles: a viewer reads; an operator also acts on incidents and posts alerts; an admin may do everything.
      """,
    subcommands: [NewTokenCommand.self, RevokeTokenCommand.self, ListTokensCommand.self])
}

extension AccessRole: ExpressibleByArgument {}

struct TokenFileOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The file with the hashed tokens.", valueName: "path"))
  var file = "tokens.json"
}

struct NewTokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Make a token and print it, once.",
    discussion: "The token goes to standard output, or with --out into a new file that only you may read; "
      + "aiopsctl takes it by AIOPS_TOKEN, AIOPS_TOKEN_FILE or --token-file.")

  @Argument(help: "Its name, which the journal gives as who acted, e.g. ann or alertmanager.") var name:
    String
  @Option(name: .long, help: "What it may do: viewer, operator or admin.") var role: AccessRole
  @Option(name: .long, help: "After how long it is worth nothing, e.g. 90d or 12h (default: never).")
  var expires: String?
  @Option(name: .long, help: ArgumentHelp("Writes the token into this new file.", valueName: "path"))
  var out: String?
  @OptionGroup var tokens: TokenFileOptions

  mutating func validate() throws {
    if !TokenList.isName(name) {
      throw ValidationError("a token's name has 1 to 64 letters, digits, \"-\", \"_\" and \".\"")
    }
    if let expires, lifetime == nil {
      throw ValidationError(
        "--expires \(Terminal.visible(expires)) must be a duration from 1m to 3650d, such as 90d or 12h")
    }
  }

  /// In seconds.
  private var lifetime: Double? {
    expires.flatMap(Units.seconds).flatMap { (60...315_360_000).contains($0) ? $0 : nil }
  }

  func run() async throws {
    var random = SystemRandomNumberGenerator()
    let token = AccessToken(using: &random)
    let now = Timestamp(seconds: Date().timeIntervalSince1970)
    let record = TokenRecord(
      name: name, role: role, hash: token.hash, created: now,
      expires: lifetime.map { now + .milliseconds(Int64($0 * 1000)) })
    // First, because nobody has a use for a token that is known and can't be written down.
    if let out { try NewSecretFile.write(token.exposed + "\n", to: out) }
    do throws(TokenFileError) {
      try TokenFile.update(tokens.file, mustExist: false) { list throws(TokenFileError) in
        try list.add(record)
      }
    } catch {
      if let out { unlink(out) }
      throw ToolError(message: Terminal.visible("\(error)"))
    }
    let end = record.expires.map { ", until \($0.rfc3339)" } ?? ""
    let context = ToolContext.current
    context.err("aiopsctl: the token \(name) with the role \(role.rawValue)\(end); it is shown only now")
    if out == nil { context.out(token.exposed) }
  }
}

struct RevokeTokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Make a token worth nothing, within seconds.")
  @Argument(help: "Its name.") var name: String
  @OptionGroup var tokens: TokenFileOptions

  func run() async throws {
    do throws(TokenFileError) {
      try TokenFile.update(tokens.file, mustExist: true) { list throws(TokenFileError) in
        try list.revoke(name)
      }
    } catch {
      throw ToolError(message: Terminal.visible("\(error)"))
    }
    ToolContext.current.out("The token \(Terminal.visible(name)) is revoked.")
  }
}

struct ListTokensCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the tokens, with what they may do and until when.")
  @OptionGroup var tokens: TokenFileOptions
  @Option(name: [.customShort("o"), .long], help: "How to show it.") var output = OutputFormat.table

  func run() async throws {
    let list: TokenList
    do throws(TokenFileError) {
      list = try TokenFile.read(tokens.file)
    } catch {
      throw ToolError(message: Terminal.visible("\(error)"))
    }
    let now = Timestamp(seconds: Date().timeIntervalSince1970)
    let context = ToolContext.current
    if output == .json {
      context.out(JSONText.encode(Report(tokens: list.records.map { Report.Token($0, now) })))
      return
    }
    if list.records.isEmpty {
      context.out("No tokens; make one with aiopsctl tokens new.")
      return
    }
    let rows = list.records.map { record in
      [
        record.name, record.role.rawValue, Self.time(record.created),
        record.expires.map { Self.time($0) + (record.isExpired(at: now) ? " (expired)" : "") } ?? "never",
      ]
    }
    for line in Table.lines(["NAME", "ROLE", "CREATED", "EXPIRES"], rows) { context.out(line) }
  }

  private static func time(_ moment: Timestamp) -> String { Terminal.time(.text(moment.rfc3339)) }

  /// What the file has, without the hashes: nobody needs them.
  private struct Report: Encodable {
    struct Token: Encodable {
      var name: String
      var role: String
      var created: Timestamp
      var expires: Timestamp?
      var expired: Bool

      init(_ record: TokenRecord, _ now: Timestamp) {
        name = record.name
        role = record.role.rawValue
        created = record.created
        expires = record.expires
        expired = record.isExpired(at: now)
      }
    }

    var tokens: [Token]
  }
}

/// A file with a secret that only its owner may read, and that was not there before.
enum NewSecretFile {
  static func write(_ text: String, to path: String) throws(ToolError) {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else {
      let reason = errno == EEXIST ? "is there already; name a new file" : String(cString: strerror(errno))
      throw ToolError(message: "\(Terminal.visible(path)): \(reason)")
    }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      unlink(path)
      throw ToolError(message: "\(Terminal.visible(path)) can't be written")
    }
  }
}
