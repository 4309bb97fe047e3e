import Diagnosis
import Glibc
import IncidentModel
import Logging
import PostgresBackend
import RedisBackend
import Settings
import TestKit
import Testing

/// Signal in, diagnosis out, with everything real but the coordinator.
@Suite("The worker on real sources")
struct EndToEndTests {
  func diagnose(_ signal: Signal, _ kind: SourceSettings.Kind) async throws -> (Diagnosis, [Exchange]) {
    var settings = SystemSettings()
    settings.runbooks = RunbookCatalogue.builtIn
    settings.sources = [SourceSettings(name: "shop", kind: kind)]
    let worker = DiagnosisWorker(
      settings: settings, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    let incident = Case.incident(signal)
    let job = Job(
      lease: Lease(incident: incident.id, kind: .diagnose, token: 1), incident: incident, attempt: 1)
    let reporter = RecordingReporter()
    guard case .diagnosed(let diagnosis) = try await worker.perform(job, reporter: reporter) else {
      throw TestKitError("no diagnosis")
    }
    return (diagnosis, reporter.exchanges)
  }

  @Test("a cache full of sessions that never expire: the declared pattern that is theirs, not the carts'")
  func cache() async throws {
    try await TestRedis.withServer(maxMemory: "4mb") { server in
      let connection = server.connection()
      for index in 0..<200 { _ = try await connection.command(["SET", "cart:\(index)", "1 apple"]) }
      let value = String(repeating: "s", count: 1000)
      for index in 0..<3500 { _ = try? await connection.command(["SET", "session:\(index)", value]) }
      await connection.close()
      var settings = RedisSourceSettings(host: "127.0.0.1", port: server.port)
      settings.clearable = ["session:*", "*"]
      let (diagnosis, exchanges) = try await diagnose(
        Case.signal("cache_memory_usage", 95, above: 90, clear: 85, source: "redis"), .redis(settings))
      #expect(exchanges.map(\.tool) == ["cache.memory", "cache.largest_keys"])
      #expect(diagnosis.rootCause.hasPrefix("Keys that begin with session: take"))
      #expect(diagnosis.remedy?.runbook == "clear-cache-keys")
      #expect(diagnosis.remedy?.text("pattern") == "session:*")
    }
  }

  @Test("a folder over its budget: the old files that the config lets go, and no others")
  func folder() async throws {
    try await TemporaryFolder.with { folder in
      let old = time(nil) - 200_000
      for index in 0..<19 {
        let path = try folder.write([UInt8](repeating: 0, count: 50_000), to: "shop-\(index).log")
        var times = [timeval(tv_sec: old, tv_usec: 0), timeval(tv_sec: old, tv_usec: 0)]
        #expect(utimes(path, &times) == 0)
      }
      try folder.write("sold", to: "today.log")
      try folder.write("who", to: "customers.csv")
      var settings = HostSourceSettings()
      settings.folders = [FolderSettings(path: folder.path, budgetBytes: 1_000_000, deletable: ["*.log"])]
      let (diagnosis, exchanges) = try await diagnose(
        Case.signal(
          "host_folder_usage", 95, above: 90, clear: 85, source: "host", labels: ["folder": folder.path]),
        .host(settings))
      #expect(exchanges.map(\.tool) == ["host.fullest_mounts", "host.largest_folders"])
      #expect(diagnosis.rootCause.contains("20 files *.log"))
      #expect(diagnosis.rootCause.contains("of which 19 may be deleted"))
      let remedy = try #require(diagnosis.remedy, "\(diagnosis.recommendations)")
      #expect(remedy.runbook == "clean-folder")
      #expect(remedy.number("older_than") == 86_400)
      #expect(remedy.number("limit") == 21)
    }
  }

  @Test("slow statements of one application that comes anew for each: canceled, and its role limited")
  func slowStatements() async throws {
    try await TestPostgres.withServer { server in
      try await server.execute(
        "CREATE ROLE reports LOGIN; CREATE ROLE storefront LOGIN; CREATE ROLE aiops LOGIN IN ROLE pg_monitor")
      let storefront = server.connection(application: "storefront", user: "storefront")
      _ = try await storefront.query("SELECT 1")
      let (diagnosis, exchanges) = try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 1...4 {
          group.addTask {
            // As many columns, so many different statements.
            let columns = (1...index).map { "\($0) AS c\($0)" }.joined(separator: ", ")
            while !Task.isCancelled {
              let session = server.connection(application: "reports", user: "reports")
              _ = try? await session.query("SELECT \(columns) FROM (SELECT pg_sleep(1.3)) AS disk")
              await session.close()
            }
          }
        }
        try await eventually("the reports run, and each is in the record") {
          let recorded = try await server.execute(
            """
            SELECT DISTINCT s.queryid FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
            WHERE r.rolname = 'reports' AND s.max_exec_time > 1000
            """
          ).count
          let running = try await server.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'reports' AND state = 'active'"
          ).count
          return recorded == 4 && running == 4
        }
        let found = try await diagnose(
          Case.signal("database_slow_queries", 14, above: 10, clear: 9.5, unit: "count"),
          .postgres(PostgresSourceSettings(url: Secret(server.url(user: "aiops")))))
        group.cancelAll()
        return found
      }
      #expect(exchanges.count <= 3)
      #expect(exchanges.last?.tool == "postgres.sessions")
      #expect(diagnosis.rootCause.contains("application reports's as role reports"))
      let remedy = try #require(diagnosis.remedy, "\(diagnosis)")
      #expect(remedy.runbook == "cancel-slow-queries")
      #expect(remedy.text("role") == "reports")
      #expect(remedy.number("older_than") == 1)
      #expect(remedy.number("statement_timeout") == 1)
      await storefront.close()
    }
  }

  @Test("a server that is down is said to be down, with both tries in the transcript")
  func down() async throws {
    let (diagnosis, exchanges) = try await diagnose(
      Case.signal("source_up", 0, above: 1, unit: "bool"),
      .postgres(PostgresSourceSettings(url: Secret("postgres://nobody:secret@127.0.0.1:\(freePort())/shop"))))
    #expect(exchanges.count == 2)
    #expect(diagnosis.rootCause.hasPrefix("Nothing answers at the address of shop"))
    #expect(!"\(diagnosis) \(exchanges)".contains("secret"))
    #expect(diagnosis.remedy == nil)
  }
}
