import Collection
import Detection
import IncidentModel
import Logging
import MessageBus
import Settings
import Testing

/// Takes signals down.
private actor Notebook: SignalSink {
  private(set) var signals: [Signal] = []
  func submit(_ signals: [Signal]) { self.signals += signals }
  func of(_ target: String) -> [Signal] { signals.filter { $0.target == target } }
}

/// A source that does as it is told.
private actor Puppet: Collector {
  enum Answer: Sendable {
    case value(Double)
    case failure(String)
    /// Does not come back, and does not heed its cancellation, until it is released.
    case hang
  }

  private let name: String
  private var answer: Answer
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private(set) var asked: [Timestamp] = []
  private(set) var isClosed = false

  init(_ name: String, _ answer: Answer) {
    self.name = name
    self.answer = answer
  }

  func set(_ answer: Answer) { self.answer = answer }

  func release() {
    for continuation in waiting { continuation.resume() }
    waiting = []
  }

  func collect(at now: Timestamp) async throws(CollectionError) -> [Sample] {
    asked.append(now)
    switch answer {
    case .value(let value):
      return [
        Sample(
          name: "usage", labels: [Label.target: name], value: value, unit: "percent", source: "host",
          timestamp: now)
      ]
    case .failure(let message): throw .unreachable(message)
    case .hang:
      await withCheckedContinuation { waiting.append($0) }
      return []
    }
  }

  func close() { isClosed = true }
}

@Suite("Detector service", .timeLimit(.minutes(1)))
struct DetectorServiceTests {
  private let clock = TestClock()
  private let notebook = Notebook()

  private func service(
    _ puppets: [String: Puppet], every seconds: Double = 30, saysFirstGood: Bool = false
  ) throws -> DetectorService {
    let clock = clock
    return try DetectorService(
      sources: puppets.keys.sorted().map { source($0, every: seconds, rules: [threshold(80)]) },
      name: "d1", instance: "run", sink: notebook, saysFirstGood: saysFirstGood, clock: clock,
      now: { noon + clock.now.offset }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      collectors: { puppets[$0.name] ?? Puppet($0.name, .failure("unknown")) })
  }

  /// Goes on to a moment, and waits until everybody sleeps again until those that are expected.
  private func go(to seconds: Double, thenAsleepUntil dues: [Double]) async {
    clock.advance(to: .milliseconds(Int64((seconds * 1000).rounded())))
    #expect(await clock.sleepers(until: dues), "at \(seconds): asleep until \(clock.dues)")
  }

  @Test("sources are measured on a grid that does not drift, each with a small fixed offset")
  func grid() async throws {
    let puppets = ["a": Puppet("a", .value(1)), "b": Puppet("b", .value(1))]
    let service = try service(puppets, every: 40)
    let task = Task { await service.run() }
    await go(to: 0, thenAsleepUntil: [0.02, 40, 60])
    await go(to: 0.02, thenAsleepUntil: [40, 40.02])
    await go(to: 40, thenAsleepUntil: [40.02, 80])
    await go(to: 40.02, thenAsleepUntil: [80, 80.02])
    await go(to: 80, thenAsleepUntil: [80.02, 120])
    #expect(await puppets["a"]?.asked == [.at(0), .at(40), .at(80)])
    #expect(await puppets["b"]?.asked == [.at(0.02), .at(40.02)])
    #expect(await notebook.signals.isEmpty)
    task.cancel()
    await task.value
    #expect(await puppets["a"]?.isClosed == true)
  }

  @Test("a failing source is a signal, waits its retry, is cleared at the next success, and disturbs nobody")
  func failing() async throws {
    let puppets = ["a": Puppet("a", .failure("connection refused")), "b": Puppet("b", .value(90))]
    let service = try service(puppets)
    let task = Task { await service.run() }
    // 60 twice: the retry of `a` and the minute of the statistics.
    await go(to: 0, thenAsleepUntil: [0.02, 60, 60])
    await go(to: 0.02, thenAsleepUntil: [30.02, 60, 60])
    await go(to: 30.02, thenAsleepUntil: [60, 60, 60.02])
    #expect(await puppets["a"]?.asked == [.at(0)])
    let failed = await notebook.of("a")
    #expect(failed.map(\.metric) == ["source_up"])
    #expect(failed.first?.rule.text.contains("connection refused") == true)
    #expect(await notebook.of("b").map(\.metric) == ["usage"])
    await puppets["a"]?.set(.value(1))
    // After the success its usual rhythm again, from there on.
    await go(to: 60, thenAsleepUntil: [60.02, 90, 120])
    #expect(await notebook.of("a").map(\.state) == [.raised, .cleared])
    await go(to: 60.02, thenAsleepUntil: [90, 90.02])
    await go(to: 90, thenAsleepUntil: [90.02, 120, 120])
    #expect(await puppets["a"]?.asked == [.at(0), .at(60), .at(90)])
    task.cancel()
    await task.value
  }

  @Test(
    "a source that hangs and ignores cancellation fails by its timeout, is asked only once, and delays nobody"
  )
  func hanging() async throws {
    let puppets = ["a": Puppet("a", .hang), "b": Puppet("b", .value(1))]
    let service = try service(puppets, every: 40)
    let task = Task { await service.run() }
    await go(to: 0, thenAsleepUntil: [0.02, 10.25, 60])
    await go(to: 0.02, thenAsleepUntil: [10.25, 40.02])
    await go(to: 10.25, thenAsleepUntil: [40.02, 70.25])
    await go(to: 40.02, thenAsleepUntil: [70.25, 80.02])
    await go(to: 70.25, thenAsleepUntil: [80.02, 130.25])
    await go(to: 80.02, thenAsleepUntil: [120.02, 130.25])
    #expect(await puppets["b"]?.asked == [.at(0.02), .at(40.02), .at(80.02)])
    #expect(await puppets["a"]?.asked == [.at(0)])
    #expect(
      await notebook.of("a").map(\.rule.text) == [
        "no answer within 10 s", "the measurement before still hangs",
      ])
    await puppets["a"]?.set(.value(1))
    await puppets["a"]?.release()
    // It comes back at some moment before the next try or the one after that.
    let isBack = await eventually {
      if let next = clock.dues.first { clock.advance(to: next) }
      return await notebook.of("a").last?.state == .cleared
    }
    #expect(isBack)
    task.cancel()
    await task.value
  }

  @Test("it stops soon, even while a source hangs")
  func stops() async throws {
    let puppets = ["a": Puppet("a", .hang), "b": Puppet("b", .value(1))]
    let service = try service(puppets)
    let task = Task { await service.run() }
    await go(to: 0, thenAsleepUntil: [0.02, 10.25, 60])
    let start = ContinuousClock.now
    task.cancel()
    await task.value
    // A second, and more on a busy machine.
    #expect(ContinuousClock.now - start < .seconds(3))
    // Being stopped is no failure of the source.
    #expect(await notebook.signals.isEmpty)
    await puppets["a"]?.release()
  }

  @Test("after a start what is in order is said to be cleared, for an earlier run may have raised it")
  func restarted() async throws {
    let puppets = ["a": Puppet("a", .value(1))]
    let service = try service(puppets, saysFirstGood: true)
    let task = Task { await service.run() }
    await go(to: 0, thenAsleepUntil: [30, 60])
    await go(to: 30, thenAsleepUntil: [60, 60])
    let said = await notebook.signals
    #expect(said.map(\.metric) == ["source_up", "usage"])
    #expect(said.allSatisfy { $0.state == .cleared && $0.observedAt == .at(0) })
    task.cancel()
    await task.value
  }

  @Test("a look at every source tells the samples, the rules and who failed")
  func once() async throws {
    let puppets = [
      "a": Puppet("a", .value(93.456)), "b": Puppet("b", .failure("refused\nby \u{1B}[31mhost")),
    ]
    let sources = ["a", "b"].map { source($0, rules: [threshold(80)]) }
    let report = await OnceReport.take(sources, at: noon) {
      puppets[$0.name] ?? Puppet($0.name, .failure("unknown"))
    }
    #expect(!report.isComplete)
    let lines = report.table.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[1].hasPrefix("a       usage"))
    #expect(lines[1].contains("93.46  percent  BREACHES above 80 percent"))
    #expect(lines[2].contains("refused by  [31mhost"))
    #expect(await puppets["a"]?.isClosed == true)
    await puppets["b"]?.set(.value(1))
    #expect(await OnceReport.take([sources[0]], at: noon) { _ in Puppet("a", .value(1)) }.isComplete)
  }
}
