import ArgumentParser
import IncidentModel
import Settings

/// What a person's word on an incident takes.
struct WordOptions: ParsableArguments {
  @OptionGroup var common: CommonOptions
  @Argument(help: "E.g. INC-1A2B3C4D.") var id: IncidentArgument
  @Option(
    name: .long,
    help: "Who says so (default: $USER); with a token its name is always said too.") var by: String?
  @Option(name: .long, help: "Why, for the timeline.") var note: String?

  /// Says it, and shows what became of the incident.
  func say(_ verb: String, done: String, for duration: String? = nil) async throws {
    let environment = ToolContext.current.environment
    let who = by ?? environment["USER"].flatMap { $0.isEmpty ? nil : $0 } ?? "operator"
    let answer = try await common.client().post(
      "/aiops/incidents/\(id.id)/\(verb)", Word(by: who, note: note, for: duration))
    common.show(answer) { incident in
      let status = incident["status"]?.shown ?? "unknown"
      return ["\(id.id) \(done) by \(Terminal.visible(who)); it is \(status) now."]
    }
  }

  private struct Word: Encodable {
    var by: String
    var note: String?
    var `for`: String?
  }
}

struct AcknowledgeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ack", abstract: "Say that you look after an incident; its escalation stops.",
    aliases: ["acknowledge"])
  @OptionGroup var word: WordOptions
  func run() async throws { try await word.say("acknowledge", done: "acknowledged") }
}

struct SnoozeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snooze",
    abstract: "Let an escalated incident tell nobody for a while; then its escalation begins anew.")
  @OptionGroup var word: WordOptions
  @Option(name: .long, help: "How long, 1m to 7d, e.g. 30m or 2h.") var `for`: String

  mutating func validate() throws {
    let limits = PersonVerb.snoozes
    guard let seconds = Units.seconds(`for`),
      (limits.lowerBound.inSeconds...limits.upperBound.inSeconds).contains(seconds)
    else { throw ValidationError("--for must be a duration from 1m to 7d, such as 30m or 2h") }
  }

  func run() async throws {
    try await word.say("snooze", done: "snoozed for \(Terminal.visible(`for`))", for: `for`)
  }
}

struct ApproveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Let the proposed remedy run.")
  @OptionGroup var word: WordOptions
  func run() async throws { try await word.say("approve", done: "approved") }
}

struct ResolveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resolve", abstract: "Say that you resolved an incident.")
  @OptionGroup var word: WordOptions
  func run() async throws { try await word.say("resolve", done: "resolved") }
}

struct FalsePositiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "false-positive",
    abstract: "Say that there was no trouble; the like stays quiet for a while.")
  @OptionGroup var word: WordOptions
  func run() async throws { try await word.say("false-positive", done: "marked as a false positive") }
}
