import IncidentModel
import Logging
import MessageBus
import Resolution
import Settings

/// Keeps what a worker states, in order, and can end its lease.
actor RecordingReporter: JobReporter {
  private(set) var statements: [String] = []
  /// The lease is lost with the statement of this number.
  private let lostAt: Int?

  private let onConcluded: @Sendable () async -> Void

  init(lostAt: Int? = nil, onConcluded: @escaping @Sendable () async -> Void = {}) {
    self.lostAt = lostAt
    self.onConcluded = onConcluded
  }

  func exchanged(_ exchange: Exchange, on lease: Lease) throws(LeaseError) {
    try note("exchanged \(exchange.number)")
  }
  func intend(step index: Int, name: String, on lease: Lease) throws(LeaseError) {
    try note("intend \(index) \(name)")
  }
  func concluded(_ outcome: StepOutcome, on lease: Lease) async throws(LeaseError) {
    try note("concluded \(outcome.index) \(outcome.state.rawValue)")
    await onConcluded()
  }
  func note(_ text: String) throws(LeaseError) {
    if statements.count == lostAt { throw .lost(reason: "another has it") }
    statements.append(text)
  }
}

/// Runs nothing and answers as told; notes its runs among the reporter's statements.
struct ScriptedRunner: ActionRunner {
  let reporter: RecordingReporter
  var answer: @Sendable (Action, ActionContext) -> StepRun = { _, _ in .succeeded(detail: "done", undo: nil) }

  func run(_ action: Action, in context: ActionContext) async -> StepRun {
    try? await reporter.note("\(context.purpose == .remedy ? "run" : "undo") \(context.step)")
    return answer(action, context)
  }
}

/// Measures what the test says, round by round; the last one stays.
actor ScriptedMeter: SymptomMeter {
  private var rounds: [SymptomReading]
  private(set) var isClosed = false

  private let span: Duration

  init(_ rounds: [SymptomReading], span: Duration = .zero) {
    self.rounds = rounds
    self.span = span
  }

  func measure(_ signals: [Signal]) -> [SymptomReading] {
    let reading = rounds.count > 1 ? rounds.removeFirst() : rounds[0]
    return signals.map { _ in reading }
  }
  func span(of signals: [Signal]) -> Duration { span }
  func close() { isClosed = true }
}

/// Time that passes only when somebody waits.
final class TestTime: Sendable {
  private let storage = Counter()

  var pace: Pace {
    Pace(
      now: { Make.start + .seconds(30) + self.storage.value }, elapsed: { self.storage.value },
      sleep: { self.storage.add($0) })
  }

  var passed: Duration { storage.value }
}

private final class Counter: Sendable {
  private let milliseconds = LockedInteger()
  var value: Duration { .milliseconds(milliseconds.value) }
  func add(_ duration: Duration) { milliseconds.add(Int(duration.milliseconds)) }
}

enum Catalogue {
  /// A runbook with one step for each action kind given.
  static func runbook(_ steps: [RunbookStep]) -> Runbook {
    Runbook(name: "test", title: "Test", family: .connectionPool, parameters: [:], steps: steps)
  }

  static func limit(_ name: String, megabytes: Double, retries: Int = 0) -> RunbookStep {
    RunbookStep(
      name: name, action: .setMaxMemory, arguments: ["bytes": .literal(.number(megabytes * 1_048_576))],
      timeoutSeconds: 5, retries: retries)
  }

  /// Settings with one source and one runbook, and the remedy that they render.
  static func settings(
    _ steps: [RunbookStep], autonomy: Autonomy = .auto,
    kind: SourceSettings.Kind = .redis(RedisSourceSettings(host: "127.0.0.1", port: 1))
  ) throws -> (SystemSettings, Remedy) {
    var settings = SystemSettings()
    var source = SourceSettings(name: "shop-db", kind: kind)
    source.autonomy = autonomy
    settings.sources = [source]
    settings.runbooks = [runbook(steps)]
    let planned = try settings.runbooks[0].render([:], target: "shop-db")
    return (settings, Remedy(runbook: "test", parameters: [:], steps: planned))
  }
}
