import ArgumentParser
import HTTPBackend
import IncidentModel
import Threads

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Show changes as they happen, until Ctrl-C.",
    discussion: "With -o json every change is one JSON object a line. A lost connection is taken up again "
      + "where it broke.")

  @OptionGroup var common: CommonOptions
  @Argument(help: "Only this incident, e.g. INC-1A2B3C4D.") var id: IncidentArgument?
  @Flag(name: .long, help: "End when the incident is resolved, escalated or a false positive.")
  var untilEnd = false

  mutating func validate() throws {
    if untilEnd && id == nil { throw ValidationError("--until-end needs an incident's id") }
  }

  func run() async throws {
    if let id, untilEnd {
      // It may have ended before anybody watched.
      let now = try await common.client.get("/aiops/incidents/\(id.id)")
      if Watcher.isEnd(now.value["status"]?.text) {
        ToolContext.current.out("\(id.id) is \(now.value["status"]?.shown ?? "") already.")
        return
      }
    }
    let watcher = Watcher(
      only: id?.id, untilEnd: untilEnd, output: common.output, context: ToolContext.current)
    try await common.client.watch(watcher)
  }
}

/// What is done with the events of the stream. On the HTTP client's thread, so under a lock.
final class Watcher: Sendable {
  private struct State {
    var parser = EventParser()
    var isDone = false
    var hasConnected = false
  }

  private let state = Locked(State())
  private let only: IncidentID?
  private let untilEnd: Bool
  private let output: OutputFormat
  let context: ToolContext

  init(only: IncidentID?, untilEnd: Bool, output: OutputFormat, context: ToolContext) {
    self.only = only
    self.untilEnd = untilEnd
    self.output = output
    self.context = context
  }

  /// Statuses at which the machines have done what they could.
  static func isEnd(_ status: String?) -> Bool {
    ["resolved", "escalated", "false_positive"].contains(status)
  }

  var isDone: Bool { state.withLock { $0.isDone } }
  var hasConnected: Bool { state.withLock { $0.hasConnected } }
  /// Where to go on after a connection was lost.
  var lastEventID: String? { state.withLock { $0.parser.lastEventID } }
  /// How long the server asks to wait before coming back, bounded.
  var retryMilliseconds: Int { state.withLock { min(max($0.parser.retryMilliseconds ?? 1000, 100), 10_000) } }

  /// Forgets what came of an event whose end never came.
  func connectionLost() { state.withLock { $0.parser.restart() } }

  /// Takes bytes of the stream; `false` ends it.
  func take(_ bytes: [UInt8]) -> Bool {
    let events = state.withLock { state in
      state.hasConnected = true
      return state.parser.take(bytes)
    }
    for event in events where !isDone { handle(event) }
    return !isDone
  }

  private func handle(_ event: ServerEvent) {
    switch event.name {
    case "incident":
      guard let value = JSONValue(Array(event.data.utf8)), let incident = value["incident"] else {
        context.err("aiopsctl: an event that is not understood was left out")
        return
      }
      if let only, incident["id"]?.text != only.text { return }
      switch output {
      case .json: context.out(JSONText.safe(Array(event.data.utf8)))
      case .table: context.out(IncidentList.changeLine(incident))
      }
      if untilEnd, Self.isEnd(incident["status"]?.text) { state.withLock { $0.isDone = true } }
    case "reset":
      context.err("aiopsctl: changes were missed; aiopsctl incidents list shows how things stand")
    default: break
    }
  }
}
