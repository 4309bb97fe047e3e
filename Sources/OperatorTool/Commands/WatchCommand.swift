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
    let client = try common.client()
    if let id, untilEnd {
      // It may have ended before anybody watched.
      let now = try await client.get("/aiops/incidents/\(id.id)")
      if Watcher.isEnd(now.value["status"]?.text) {
        ToolContext.current.out("\(id.id) is \(now.value["status"]?.shown ?? "") already.")
        return
      }
    }
    let watcher = Watcher(
      only: id?.id, untilEnd: untilEnd, output: common.output, context: ToolContext.current)
    try await watch(watcher, client)
  }

  /// Follows the stream of changes; comes back to it when the connection is lost.
  private func watch(_ watcher: Watcher, _ client: CoordinatorClient) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while try await client.follow(watcher) {
          watcher.connectionLost()
          watcher.context.err("aiopsctl: the connection was lost; trying again")
          try await Task.sleep(for: .milliseconds(watcher.retryMilliseconds))
        }
      }
      if untilEnd, let id {
        group.addTask {
          // What ended before the stream stood, or among changes that were missed, comes with no event.
          for await _ in watcher.gaps {
            let now = try? await client.get("/aiops/incidents/\(id.id)")
            if let incident = now?.value, watcher.end(with: incident, now?.bytes ?? []) { return }
          }
        }
      }
      try await group.next()
      group.cancelAll()
    }
  }
}

/// What is done with the events of the stream. On the HTTP client's thread, so under a lock.
final class Watcher: Sendable {
  private struct State {
    var parser = EventParser()
    var isDone = false
    var hasConnected = false
    /// Whether the connection has brought anything yet.
    var isFresh = true
    var failedFirst = 0
  }

  private let state = Locked(State())
  private let only: IncidentID?
  private let untilEnd: Bool
  private let output: OutputFormat
  /// Yields when changes may have been missed: after every connection, and at every reset.
  let gaps: AsyncStream<Void>
  private let gapInput: AsyncStream<Void>.Continuation
  let context: ToolContext

  init(only: IncidentID?, untilEnd: Bool, output: OutputFormat, context: ToolContext) {
    self.only = only
    self.untilEnd = untilEnd
    self.output = output
    self.context = context
    (gaps, gapInput) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
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

  /// A connection is about to be made.
  func connecting() { state.withLock { $0.isFresh = true } }

  /// Whether another coordinator may be tried before any has answered.
  func mayTryAnother(of count: Int) -> Bool {
    state.withLock { state in
      state.failedFirst += 1
      return state.failedFirst < count
    }
  }

  /// Forgets what came of an event whose end never came.
  func connectionLost() { state.withLock { $0.parser.restart() } }

  /// Takes bytes of the stream; `false` ends it.
  func take(_ bytes: [UInt8]) -> Bool {
    let (events, isFresh) = state.withLock { state in
      defer { state.isFresh = false }
      state.hasConnected = true
      return (state.parser.take(bytes), state.isFresh)
    }
    if isFresh { gapInput.yield() }
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
      if untilEnd, Self.isEnd(incident["status"]?.text) {
        // Unless it was shown already, from the incident itself.
        if claimEnd() { show(incident, Array(event.data.utf8)) }
      } else {
        show(incident, Array(event.data.utf8))
      }
    case "reset":
      context.err("aiopsctl: changes were missed; aiopsctl incidents list shows how things stand")
      gapInput.yield()
    default: break
    }
  }

  /// Ends the watch when the incident has ended.
  /// - Returns: whether it has.
  func end(with incident: JSONValue, _ bytes: [UInt8]) -> Bool {
    guard Self.isEnd(incident["status"]?.text) else { return false }
    if claimEnd() { show(incident, bytes) }
    return true
  }

  private func claimEnd() -> Bool {
    state.withLock { state in
      defer { state.isDone = true }
      return !state.isDone
    }
  }

  private func show(_ incident: JSONValue, _ bytes: [UInt8]) {
    switch output {
    case .json: context.out(JSONText.safe(bytes))
    case .table: context.out(IncidentList.changeLine(incident))
    }
  }
}
