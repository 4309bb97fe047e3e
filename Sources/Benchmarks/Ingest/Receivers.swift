import Glibc
import HTTPBackend
import TestKit

/// Where a coordinator keeps its journal.
enum BenchmarkStore: String, CaseIterable, Sendable {
  case sqlite, postgres

  /// What it does before it acknowledges.
  var promise: String {
    switch self {
    case .sqlite: "in SQLite, synced to disk (synchronous=FULL)"
    case .postgres: "in PostgreSQL 15, synced to disk (fsync and synchronous_commit on)"
    }
  }
}

/// A real `aiops-coordinator` in a process of its own, with a folder of its own.
struct CoordinatorProcess: Sendable {
  let process: ChildProcess
  let busPort: Int
  let httpPort: Int
  private let folder: TemporaryFolder

  /// Where agents connect.
  var bus: String { "tcp://127.0.0.1:\(busPort)" }

  /// Starts one and waits until it is ready.
  /// - Parameters:
  ///   - executable: the program.
  ///   - store: what `coordinator.store` says; `nil` for a file in the folder.
  ///   - folder: where it works; it is removed with ``stop()``.
  static func start(_ executable: String, store: String? = nil) async throws -> CoordinatorProcess {
    let folder = try TemporaryFolder("bench")
    let (bus, changes, http) = (freePort(), freePort(), freePort())
    let config = try folder.write(
      """
      coordinator:
        bus: tcp://127.0.0.1:\(bus)
        changes: tcp://127.0.0.1:\(changes)
        http: 127.0.0.1:\(http)
        store: \(store ?? folder.path("aiops.db"))
      """, to: "aiops.yaml")
    let process = try ChildProcess(
      executable, ["--config", config], workingDirectory: folder.path, log: folder.path("log"))
    let new = CoordinatorProcess(process: process, busPort: bus, httpPort: http, folder: folder)
    do {
      try await waitForAnswer(process, "http://127.0.0.1:\(http)/readyz", "the coordinator")
    } catch {
      await new.stop()
      throw error
    }
    return new
  }

  /// Ends it and removes its folder.
  func stop() async {
    await process.terminate(grace: .seconds(10))
    folder.remove()
  }
}

/// Debian's Alertmanager, with one route that tells nobody.
struct AlertmanagerProcess: Sendable {
  let process: ChildProcess
  let port: Int
  private let folder: TemporaryFolder

  /// Starts one and waits until it is ready.
  static func start() async throws -> AlertmanagerProcess {
    let executable: String
    do { executable = try ChildProcess.locate("prometheus-alertmanager") } catch {
      throw BenchmarkError(
        "prometheus-alertmanager is not installed: apt-get install -y --no-install-recommends "
          + "prometheus-alertmanager, or measure without it: --skip-alertmanager")
    }
    let folder = try TemporaryFolder("alertmanager")
    let port = freePort()
    let config = try folder.write(
      "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", to: "config.yml")
    let process = try ChildProcess(
      executable,
      [
        "--config.file=\(config)", "--storage.path=\(folder.path("data"))",
        "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=", "--log.level=error",
      ], workingDirectory: folder.path, log: folder.path("log"))
    let new = AlertmanagerProcess(process: process, port: port, folder: folder)
    do {
      try await waitForAnswer(process, "http://127.0.0.1:\(port)/-/ready", "Alertmanager")
    } catch {
      await new.stop()
      throw error
    }
    return new
  }

  /// Ends it and removes its folder.
  func stop() async {
    await process.terminate(grace: .seconds(2))
    folder.remove()
  }
}

/// Waits until a server that was just started answers with 200.
private func waitForAnswer(_ process: ChildProcess, _ url: String, _ name: String) async throws {
  let client = HTTPClient()
  defer { client.shutdown() }
  try await eventually(timeout: .seconds(30), name) {
    guard process.isRunning else { throw BenchmarkError("it ended: \(process.output.suffix(1000))") }
    return try await client.send(HTTPRequest(url: url, timeout: .seconds(2))).status == 200
  }
}
