import FoundationEssentials
import Glibc
package import HTTPBackend
package import IncidentModel
import Threads

/// The real executables as processes around coordinators that share one journal.
package final class Fleet: Sendable {
  /// Where a coordinator listens.
  package struct Place: Sendable {
    package let name: String
    package let busPort: Int
    package let changesPort: Int
    package let httpPort: Int
    /// Its configuration file.
    package let config: String

    /// Where agents connect.
    package var bus: String { "tcp://127.0.0.1:\(busPort)" }
    /// The base URL of its API.
    package var url: String { "http://127.0.0.1:\(httpPort)" }
  }

  /// The parts of `/aiops/status` that are looked at.
  package struct Status: Decodable, Sendable {
    package var instance: String
    package var role: String
    package var epoch: UInt64
    package var ready: Bool
    package var sequence: UInt64
    package var queues: [String: Int]
  }

  package let folder: TemporaryFolder
  package let coordinators: [Place]
  /// The agents' configuration file.
  package let config: String
  private let http = HTTPClient(userAgent: "fleet")
  private let processes = Locked<[String: ChildProcess]>([:])

  /// A fleet of which nothing runs yet.
  ///
  /// - Parameters:
  ///   - folder: where files and logs go.
  ///   - count: how many coordinators.
  ///   - store: what `coordinator.store` says.
  ///   - lease: what `coordinator.lease` says.
  ///   - more: the rest of everybody's configuration.
  package init(
    folder: TemporaryFolder, coordinators count: Int, store: String, lease: String = "3s", more: String
  ) throws {
    self.folder = folder
    var places: [Place] = []
    for index in 0..<count {
      let (bus, changes, port) = (freePort(), freePort(), freePort())
      let name = "coordinator-\(Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(index))))"
      let file = try folder.write(
        """
        coordinator:
          bus: tcp://127.0.0.1:\(bus)
          changes: tcp://127.0.0.1:\(changes)
          http: 127.0.0.1:\(port)
          store: \(store)
          lease: \(lease)
          heartbeat: 500ms
        \(more)
        """, to: "\(name).yaml")
      places.append(Place(name: name, busPort: bus, changesPort: changes, httpPort: port, config: file))
    }
    coordinators = places
    config = try Self.agentConfig(places.map(\.bus), more, as: "agents.yaml", in: folder)
  }

  /// Writes a configuration for agents that reach the coordinators at these buses.
  package static func agentConfig(
    _ buses: [String], _ more: String, as name: String, in folder: TemporaryFolder
  ) throws -> String {
    let list = buses.map { "\"\($0)\"" }.joined(separator: ", ")
    return try folder.write("coordinators: [\(list)]\n\(more)\n", to: name)
  }

  // MARK: Processes

  /// Starts an agent; whatever ran under its name must have ended.
  /// - Parameters:
  ///   - config: another configuration than everybody's.
  ///   - launcher: what starts it in its place, e.g. `ip netns exec NAME`.
  @discardableResult
  package func start(
    _ kind: AgentKind, _ name: String, config other: String? = nil, launcher: [String] = []
  ) throws -> ChildProcess {
    let command =
      launcher + [try builtExecutable("aiops-\(kind.rawValue)"), "--config", other ?? config, "--name", name]
    let process = try ChildProcess(
      command[0], Array(command.dropFirst()), workingDirectory: folder.path, log: folder.path("\(name).log"))
    processes.withLock { $0[name] = process }
    return process
  }

  /// Starts one of the coordinators.
  @discardableResult
  package func startCoordinator(_ index: Int) throws -> ChildProcess {
    try start(.coordinator, coordinators[index].name, config: coordinators[index].config)
  }

  /// The latest process of that name.
  package func process(_ name: String) -> ChildProcess? { processes.withLock { $0[name] } }

  /// Kills a process, as nothing else ends one, and waits until it is gone.
  package func kill(_ name: String) async {
    guard let process = process(name) else { return }
    process.kill(SIGKILL)
    await process.wait()
  }

  /// Ends everything.
  package func stop() async {
    let all = processes.withLock { Array($0.values) }
    for process in all {
      process.kill(SIGCONT)
      process.kill(SIGTERM)
    }
    for process in all { await process.terminate() }
    http.shutdown()
  }

  /// The last lines of everybody's log, for an error's text.
  package func lastWords(_ count: Int = 3_000) -> String {
    processes.withLock { $0 }.sorted { $0.key < $1.key }
      .map { "\($0.key):\n\($0.value.output.suffix(count))" }.joined(separator: "\n")
  }

  // MARK: The API

  /// What a coordinator answers.
  package func get(
    _ path: String, of index: Int, timeout: Duration = .seconds(5)
  ) async throws -> HTTPResponse {
    try await http.send(HTTPRequest(url: coordinators[index].url + path, timeout: timeout))
  }

  /// What a coordinator answers to JSON.
  package func post(
    _ path: String, _ body: String, to index: Int, timeout: Duration = .seconds(10)
  ) async throws -> HTTPResponse {
    try await http.send(
      HTTPRequest(
        method: "POST", url: coordinators[index].url + path, headers: [("Content-Type", "application/json")],
        body: Array(body.utf8), timeout: timeout))
  }

  /// A coordinator's state; `nil` when it does not say.
  package func status(of index: Int, timeout: Duration = .seconds(1)) async -> Status? {
    guard let answer = try? await get("/aiops/status", of: index, timeout: timeout), answer.status == 200
    else { return nil }
    return try? JSONCoding.decoder().decode(Status.self, from: Data(answer.body))
  }

  /// The coordinator that says that it leads, under the highest epoch if several say so.
  package func leader() async -> (index: Int, epoch: UInt64)? {
    var found: (index: Int, epoch: UInt64)?
    for index in coordinators.indices {
      guard let status = await status(of: index), status.role == "leading" else { continue }
      if found.map({ status.epoch > $0.epoch }) ?? true { found = (index, status.epoch) }
    }
    return found
  }

  /// Waits until a coordinator is ready, as leader or as standby.
  package func ready(_ index: Int, within timeout: Duration = .seconds(30)) async throws {
    let name = coordinators[index].name
    try await eventually(timeout: timeout, "\(name)'s readiness") {
      guard self.process(name)?.isRunning != false else { throw TestKitError("it ended") }
      return try await self.get("/readyz", of: index, timeout: .seconds(1)).status == 200
    }
  }
}
