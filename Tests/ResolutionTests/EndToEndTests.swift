import IncidentModel
import Logging
import PostgresBackend
import Resolution
import Settings
import TestKit
import Testing

/// An application that leaks connections idle in transaction.
private actor Leak {
  private let server: TestPostgres
  private var connections: [PostgresConnection] = []

  init(_ server: TestPostgres) { self.server = server }

  /// Opens sessions until so many are there; those that were ended are opened again.
  func fill(_ count: Int) async {
    while connections.count < count {
      connections.append(server.connection(application: "checkout", user: "app_user"))
    }
    for connection in connections {
      // In a transaction already: that only warns. Ended: the next query connects anew.
      if (try? await connection.query("BEGIN")) == nil { _ = try? await connection.query("BEGIN") }
    }
  }

  func close() async { for connection in connections { await connection.close() } }
}

@Suite("A remedy from the lease to the verdict, on a real server")
struct EndToEndTests {
  private static let application = ParameterValue.text("checkout")

  private func settings(_ url: String) -> SystemSettings {
    var source = SourceSettings(name: "shop-db", kind: .postgres(PostgresSourceSettings(url: Secret(url))))
    source.autonomy = .auto
    source.intervalSeconds = 1
    source.timeoutSeconds = 3
    var settings = SystemSettings()
    settings.sources = [source]
    settings.runbooks = RunbookCatalogue.builtIn
    return settings
  }

  private func perform(
    _ settings: SystemSettings, before: Double, reporter: RecordingReporter = RecordingReporter()
  ) async throws -> JobResult {
    let parameters: [String: ParameterValue] = ["application": Self.application, "older_than": .number(0)]
    let runbook = try #require(settings.runbook(named: "free-leaked-connections"))
    let remedy = Remedy(
      runbook: runbook.name, parameters: parameters, steps: try runbook.render(parameters, target: "shop-db"))
    var bounds = RecoveryWatch.Bounds()
    bounds.window = .seconds(2)
    bounds.interval = .milliseconds(200)
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let runner = CatalogueRunner(settings: settings, delivery: RecordingDelivery())
    let worker = ResolutionWorker(settings: settings, runner: runner, bounds: bounds, logger: logger) {
      CollectionMeter(settings: settings)
    }
    let result = try await worker.perform(
      Make.job(Make.incident([Make.signal(value: before)], remedy: remedy)), reporter: reporter)
    runner.shutdown()
    return result
  }

  @Test("a leak is ended, its symptom seen gone, and a healthy application keeps its connection")
  func recovered() async throws {
    try await TestPostgres.withServer(maxConnections: 20) { server in
      try await server.execute("CREATE ROLE app_user LOGIN")
      let healthy = server.connection(application: "storefront")
      let pid = try await healthy.query("SELECT pg_backend_pid() AS pid").int(0, "pid")
      let leak = Leak(server)
      await leak.fill(16)
      let reporter = RecordingReporter()
      let result = try await perform(settings(server.url()), before: 85, reporter: reporter)
      guard case .remedied(let verification, let message) = result else {
        Issue.record("\(result)")
        return
      }
      #expect(verification.verdict == .recovered, "\(verification.detail)")
      #expect(message.contains("ended 16 of 16 sessions of application checkout"), "\(message)")
      #expect(await reporter.statements == ["intend 0 end leaked sessions", "concluded 0 succeeded"])
      #expect(try await healthy.query("SELECT pg_backend_pid() AS pid").int(0, "pid") == pid)
      await leak.close()
      await healthy.close()
    }
  }

  @Test("a leak that comes back is not recovered")
  func notRecovered() async throws {
    try await TestPostgres.withServer(maxConnections: 20) { server in
      try await server.execute("CREATE ROLE app_user LOGIN")
      let leak = Leak(server)
      await leak.fill(16)
      let refill = Task {
        while !Task.isCancelled {
          await leak.fill(16)
          try? await Task.sleep(for: .milliseconds(10))
        }
      }
      let result = try await perform(settings(server.url()), before: 85)
      refill.cancel()
      await refill.value
      guard case .remedied(let verification, let message) = result else {
        Issue.record("\(result)")
        return
      }
      #expect(verification.verdict == .notRecovered, "\(verification.detail)")
      #expect(message.contains("needs a person") && message.contains("Tried: ended"), "\(message)")
      await leak.close()
    }
  }

  @Test("a server that goes away after the steps leaves it unknown")
  func unknown() async throws {
    try await TestPostgres.withServer(maxConnections: 20) { server in
      try await server.execute("CREATE ROLE app_user LOGIN")
      let leak = Leak(server)
      await leak.fill(16)
      let reporter = RecordingReporter { await server.halt() }
      let result = try await perform(settings(server.url()), before: 85, reporter: reporter)
      guard case .remedied(let verification, _) = result else {
        Issue.record("\(result)")
        return
      }
      #expect(verification.verdict == .unknown, "\(verification.detail)")
      await leak.close()
    }
  }

  @Test("a server that is away from the start is a failure that names it")
  func away() async throws {
    let result = try await perform(settings("postgres://postgres@127.0.0.1:1/postgres"), before: 85)
    guard case .failed(let reason) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(reason.contains("step 1 \"end leaked sessions\" failed"), "\(reason)")
  }
}
