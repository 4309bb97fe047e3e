import Diagnosis
import IncidentModel
import Logging
import MessageBus
import PostgresBackend
import Settings
import TestKit
import Testing
import Threads

/// Remembers what was stated, and loses the lease at a chosen exchange.
final class RecordingReporter: JobReporter {
  private let stated = Locked<[Exchange]>([])
  private let losesAt: Int?

  init(losesAt: Int? = nil) { self.losesAt = losesAt }

  var exchanges: [Exchange] { stated.withLock { $0 } }

  func exchanged(_ exchange: Exchange, on lease: Lease) async throws(LeaseError) {
    if exchange.number == losesAt { throw .lost(reason: "another has it") }
    stated.withLock { $0.append(exchange) }
  }
  func intend(step index: Int, name: String, on lease: Lease) async throws(LeaseError) {
    Issue.record("a diagnoser never acts")
  }
  func concluded(_ outcome: StepOutcome, on lease: Lease) async throws(LeaseError) {
    Issue.record("a diagnoser never acts")
  }
}

/// Answers as it is told, and counts how often it was closed.
final class ScriptedInvestigator: Investigator {
  let closed = Locked(0)
  private let answer: @Sendable (ToolCall) async -> Finding

  init(_ answer: @escaping @Sendable (ToolCall) async -> Finding) { self.answer = answer }

  func run(_ call: ToolCall, within limit: Duration) async -> Finding {
    var finding = await answer(call)
    finding.call = call
    return finding
  }
  func close() async { closed.withLock { $0 += 1 } }
}

/// Never has enough.
struct CuriousAssistant: Assistant {
  func next(_ dossier: Dossier) -> AssistantTurn {
    .ask(question: "and\nthen?", tool: ToolCall(.postgresLimits))
  }
}

@Suite("The diagnosis worker")
struct WorkerTests {
  var settings: SystemSettings {
    var settings = SystemSettings()
    settings.runbooks = RunbookCatalogue.builtIn
    settings.sources = [
      SourceSettings(name: "shop", kind: .postgres(PostgresSourceSettings(url: Secret("postgres://nowhere"))))
    ]
    return settings
  }

  func job(_ signal: Signal) -> Job {
    let incident = Case.incident(signal)
    return Job(lease: Lease(incident: incident.id, kind: .diagnose, token: 1), incident: incident, attempt: 1)
  }

  func worker(
    _ settings: SystemSettings, _ investigator: ScriptedInvestigator,
    assistant: any Assistant = BuiltInAssistant(),
    limits: DiagnosisLimits = DiagnosisLimits()
  ) -> DiagnosisWorker {
    DiagnosisWorker(
      settings: settings, assistant: assistant, limits: limits, investigator: { _ in investigator },
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  }

  @Test("every exchange is stated in order with question, tool, query and finding")
  func transcript() async throws {
    let investigator = ScriptedInvestigator { call in
      call.tool == .postgresSessions
        ? Case.found(call.tool, Case.sessions(Case.group("checkout", "idle in transaction", 37)))
        : Case.failed(call.tool, .timedOut)
    }
    let reporter = RecordingReporter()
    let result = try await worker(settings, investigator).perform(
      job(Case.signal("database_connection_usage")), reporter: reporter)
    guard case .diagnosed(let diagnosis) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(diagnosis.remedy?.text("application") == "checkout")
    #expect(reporter.exchanges.map(\.number) == [1, 2])
    #expect(reporter.exchanges.map(\.tool) == ["postgres.sessions", "postgres.longest_transactions"])
    #expect(reporter.exchanges[0].query == "the query of postgres.sessions")
    #expect(reporter.exchanges[0].finding.hasPrefix("37 of 40 connections in use"))
    #expect(reporter.exchanges[1].finding.hasPrefix("could not be asked"))
    #expect(investigator.closed.withLock { $0 } == 1)
  }

  @Test("an assistant that never concludes is stopped after five exchanges, as unknown")
  func curious() async throws {
    let investigator = ScriptedInvestigator { Case.failed($0.tool, .other) }
    let reporter = RecordingReporter()
    let result = try await worker(settings, investigator, assistant: CuriousAssistant()).perform(
      job(Case.signal("database_connection_usage")), reporter: reporter)
    #expect(reporter.exchanges.count == Exchange.limit)
    #expect(reporter.exchanges[0].question == "and\\nthen?")
    guard case .diagnosed(let diagnosis) = result else { return }
    #expect(diagnosis.rootCause == Diagnosis.unknownCause)
    #expect(diagnosis.hypotheses[0].evidence.count == Exchange.limit)
  }

  @Test("when time is up it concludes with what it has")
  func timeIsUp() async throws {
    var limits = DiagnosisLimits()
    limits.total = .milliseconds(1)
    let investigator = ScriptedInvestigator { call in
      try? await Task.sleep(for: .milliseconds(5))
      return Case.found(call.tool, Case.sessions(Case.group("checkout", "idle in transaction", 37)))
    }
    let reporter = RecordingReporter()
    let result = try await worker(settings, investigator, limits: limits).perform(
      job(Case.signal("database_connection_usage")), reporter: reporter)
    #expect(reporter.exchanges.count <= 1)
    guard case .diagnosed = result else {
      Issue.record("\(result)")
      return
    }
  }

  @Test("a lost lease ends the work at once, and gives the connections back")
  func lostLease() async {
    let investigator = ScriptedInvestigator { Case.failed($0.tool, .noConnectionLeft) }
    await #expect(throws: LeaseError.lost(reason: "another has it")) {
      try await worker(settings, investigator).perform(
        job(Case.signal("database_connection_usage")), reporter: RecordingReporter(losesAt: 1))
    }
    #expect(investigator.closed.withLock { $0 } == 1)
  }

  @Test("trouble of another machine is not explained by what this one shows")
  func otherMachine() async throws {
    var settings = settings
    settings.sources = [SourceSettings(name: "shop", kind: .host(HostSourceSettings()))]
    let investigator = ScriptedInvestigator { Case.failed($0.tool, .other) }
    let signal = Case.signal("host_disk_usage", source: "host", labels: [Label.host: "web-1"])
    for host in ["web-1", "web-2"] {
      let worker = DiagnosisWorker(
        settings: settings, host: host, investigator: { _ in investigator },
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      let reporter = RecordingReporter()
      switch try await worker.perform(job(signal), reporter: reporter) {
      case .failed(let reason):
        #expect(host == "web-2" && reason.contains("web-1") && reason.contains("web-2"))
        #expect(reporter.exchanges.isEmpty)
      case let result: #expect(host == "web-1", "\(result)")
      }
    }
  }

  @Test("a target that the config does not know is unknown, and says what to add where")
  func unknownTarget() async throws {
    var signal = Case.signal("database_connection_usage")
    signal.labels[Label.target] = "warehouse\n"
    let investigator = ScriptedInvestigator { Case.failed($0.tool, .other) }
    let result = try await worker(settings, investigator).perform(job(signal), reporter: RecordingReporter())
    guard case .diagnosed(let diagnosis) = result else { return }
    #expect(diagnosis.rootCause == Diagnosis.unknownCause)
    #expect(diagnosis.recommendations[0].hasPrefix("Add a source named warehouse\\n to sources"))
    #expect(diagnosis.recommendations[0].hasSuffix("it has shop"))
    #expect(diagnosis.recommendations.suffix(2) == ProblemFamily.unknownRemedies)
    signal.labels[Label.target] = nil
    let nameless = try await worker(settings, investigator).perform(
      job(signal), reporter: RecordingReporter())
    guard case .diagnosed(let other) = nameless else { return }
    #expect(other.recommendations[0].contains("resource"))
  }

  @Test("a job of another kind is refused")
  func otherKind() async throws {
    var job = job(Case.signal("database_connection_usage"))
    job.lease.kind = .resolve
    let result = try await worker(settings, ScriptedInvestigator { Case.failed($0.tool, .other) })
      .perform(job, reporter: RecordingReporter())
    guard case .failed = result else {
      Issue.record("\(result)")
      return
    }
  }

  @Test(
    "a real leak on a real server: seen young, seen again settled, named, and only the leak would be ended")
  func endToEnd() async throws {
    try await TestPostgres.withServer(maxConnections: 30) { server in
      try await server.execute(
        "CREATE ROLE checkout LOGIN; CREATE ROLE storefront LOGIN; CREATE ROLE aiops LOGIN IN ROLE pg_monitor"
      )
      var leaks: [PostgresConnection] = []
      for _ in 0..<21 {
        let leak = server.connection(application: "checkout", user: "checkout")
        _ = try await leak.query("BEGIN; SELECT 42")
        leaks.append(leak)
      }
      let storefront = server.connection(application: "storefront", user: "storefront")
      _ = try await storefront.query("SELECT 1")
      let innocent = server.connection(application: "checkout", user: "checkout")
      _ = try await innocent.query("SELECT 1")
      var settings = settings
      settings.sources = [
        SourceSettings(
          name: "shop", kind: .postgres(PostgresSourceSettings(url: Secret(server.url(user: "aiops")))))
      ]
      let reporter = RecordingReporter()
      let worker = DiagnosisWorker(
        settings: settings, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      let result = try await worker.perform(
        job(Case.signal("database_connection_usage", 76, above: 70, clear: 60)), reporter: reporter)
      guard case .diagnosed(let diagnosis) = result else {
        Issue.record("\(result)")
        return
      }
      #expect(
        diagnosis.rootCause.hasPrefix(
          "21 of 23 connections are idle in transaction, held by application checkout"))
      #expect(diagnosis.confidence > 0.9)
      let remedy = try #require(diagnosis.remedy)
      #expect(remedy.runbook == "free-leaked-connections")
      #expect(remedy.number("older_than") == 5)
      #expect(
        reporter.exchanges.map(\.tool)
          == ["postgres.sessions", "postgres.sessions", "postgres.longest_transactions"])
      // The query of the evidence can be run again as it stands.
      let again = try await server.execute(reporter.exchanges[0].query)
      #expect(again.count > 0)
      guard case .terminateBackends(let filter) = remedy.steps[0].action else { return }
      let hit = try await server.execute(
        """
        SELECT application_name, count(*) AS n FROM pg_stat_activity WHERE state = $1
          AND application_name = $2 AND clock_timestamp() - state_change > make_interval(secs => $3::float8)
        GROUP BY 1
        """, [filter.state, filter.application, "\(filter.olderThanSeconds)"])
      #expect(hit.rows == [["checkout", "21"]])
      for one in leaks + [storefront, innocent] { await one.close() }
      let left = try await server.execute(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'aiops-diagnoser'")
      #expect(left.isEmpty)
    }
  }
}
