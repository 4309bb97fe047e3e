import FoundationEssentials
import Glibc
import HTTPBackend
import IncidentModel
import TestKit
import Threads

/// The real executables as processes around one configuration file.
final class Cluster: Sendable {
  let folder: TemporaryFolder
  let config: String
  let busPort = freePort()
  let changesPort = freePort()
  let httpPort = freePort()
  /// What every process finds in its environment besides this one's.
  let environment: [String: String]
  private let http = HTTPClient()
  private let processes = Locked<[ChildProcess]>([])

  /// A cluster whose configuration ends with `sources` and what else there is; nothing is started.
  init(_ more: String, escalation: String = "", environment: [String: String] = [:]) throws {
    self.environment = environment
    folder = try TemporaryFolder("cluster")
    let levels = escalation.isEmpty ? "" : "escalation: \(escalation)\n"
    config = try folder.write(
      """
      coordinator:
        bus: tcp://127.0.0.1:\(busPort)
        changes: tcp://127.0.0.1:\(changesPort)
        http: 127.0.0.1:\(httpPort)
        store: \(folder.path("journal.db"))
        lease: 3s
        heartbeat: 500ms
      \(levels)\(more)
      """, to: "aiops.yaml")
  }

  /// Runs `body` with a cluster, and ends all its processes afterwards.
  static func with<Result>(
    _ more: String, escalation: String = "", environment: [String: String] = [:],
    isolation: isolated (any Actor)? = #isolation, _ body: (Cluster) async throws -> Result
  ) async throws -> Result {
    let cluster = try Cluster(more, escalation: escalation, environment: environment)
    do {
      let result = try await body(cluster)
      await cluster.stop()
      return result
    } catch {
      let logs = cluster.processes.withLock { $0 }.map { "\($0.log):\n\($0.output.suffix(3_000))" }
      await cluster.stop()
      throw TestKitError("\(error)\n\(logs.joined(separator: "\n"))")
    }
  }

  /// Starts an agent, e.g. `detector` under the name `d1`.
  @discardableResult
  func start(
    _ kind: AgentKind, _ name: String? = nil, config other: String? = nil,
    environment own: [String: String] = [:]
  ) throws -> ChildProcess {
    let name = name ?? kind.rawValue
    let process = try ChildProcess(
      try builtExecutable("aiops-\(kind.rawValue)"), ["--config", other ?? config, "--name", name],
      environment: environment.merging(own) { $1 }, workingDirectory: folder.path,
      log: folder.path("\(name).log"))
    processes.withLock { $0.append(process) }
    return process
  }

  /// What the processes printed so far, by their log's path.
  var logs: [String: String] {
    Dictionary(processes.withLock { $0 }.map { ($0.log, $0.output) }) { first, _ in first }
  }

  /// Starts a coordinator and waits until it is ready.
  @discardableResult
  func startCoordinator() async throws -> ChildProcess {
    let process = try start(.coordinator)
    try await eventually(timeout: .seconds(20), "the coordinator's readiness") {
      try await self.get("/readyz").status == 200
    }
    return process
  }

  func stop() async {
    for process in processes.withLock({ $0 }) {
      process.kill(SIGCONT)
      await process.terminate()
    }
    http.shutdown()
    folder.remove()
  }

  // MARK: The API

  func get(_ path: String, headers: [(String, String)] = []) async throws -> HTTPResponse {
    try await http.send(
      HTTPRequest(
        method: "GET", url: "http://127.0.0.1:\(httpPort)\(path)", headers: headers, timeout: .seconds(5)))
  }

  @discardableResult
  func post(
    _ path: String, _ body: String, type: String = "application/json", headers: [(String, String)] = []
  ) async throws -> HTTPResponse {
    try await http.send(
      HTTPRequest(
        method: "POST", url: "http://127.0.0.1:\(httpPort)\(path)",
        headers: [("Content-Type", type)] + headers,
        body: Array(body.utf8), timeout: .seconds(10)))
  }

  /// The parts of an incident that the tests look at.
  struct View: Decodable, Sendable {
    struct Step: Decodable, Sendable {
      var name: String
      var state: String
      var attempts: Int
      var detail: String
    }
    struct Entry: Decodable, Sendable {
      var kind: String
      var text: String
    }
    var id: String
    var status: IncidentStatus
    var severity: Severity
    var rootCause: String?
    var autoResolved: Bool
    var escalatedTo: String?
    var escalationReason: String?
    var count: Int
    var steps: [Step]
    var timeline: [Entry]
    var affectedSystems: [String]
  }

  private struct List: Decodable {
    struct Item: Decodable { var id: String }
    var incidents: [Item]
  }

  /// Every incident, newest first.
  func incidents(_ query: String = "") async throws -> [View] {
    let list = try JSONCoding.decoder().decode(
      List.self, from: Data(try await get("/aiops/incidents\(query)").body))
    var views: [View] = []
    for item in list.incidents { views.append(try await incident(item.id)) }
    return views
  }

  func incident(_ id: String) async throws -> View {
    try JSONCoding.decoder().decode(View.self, from: Data(try await get("/aiops/incidents/\(id)").body))
  }

  /// Waits until the first incident about `metric` fulfils `condition`.
  @discardableResult
  func incident(
    about metric: String, within timeout: Duration = .seconds(40), _ what: String,
    _ condition: (View) -> Bool
  ) async throws -> View {
    var found: View?
    do {
      try await eventually(timeout: timeout, "an incident about \(metric) that is \(what)") {
        found = try await incidents().last { $0.timeline.first?.text.contains(metric) == true }
        return found.map(condition) ?? false
      }
    } catch {
      let timeline = found?.timeline.map { "  \($0.kind): \($0.text)" }.joined(separator: "\n") ?? "none"
      throw TestKitError("\(error)\nit is \(found?.status.rawValue ?? "not there")\n\(timeline)")
    }
    guard let found else { throw TestKitError("no incident about \(metric)") }
    return found
  }
}
