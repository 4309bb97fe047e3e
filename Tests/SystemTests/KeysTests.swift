import BusKeys
import FoundationEssentials
import Glibc
import HTTPBackend
import IncidentModel
import TestKit
import Testing

/// The real executables with keys on the bus.
@Suite("A cluster with keys", .serialized, .timeLimit(.minutes(2)))
struct KeysTests {
  private static let security = """
    security:
      coordinator_key: keys/coordinator.pub
      allowed: allowed
    sources: [{name: host, type: host, interval: 1s}]
    """

  private static func ctl(_ arguments: [String], in folder: TemporaryFolder) async throws -> String {
    let log = folder.path("ctl-\(UInt64.random(in: .min ... .max)).log")
    let process = try ChildProcess(
      try builtExecutable("aiopsctl"), arguments, workingDirectory: folder.path, log: log)
    let exit = await process.wait(timeout: .seconds(20))
    guard exit == .exited(0) else {
      throw TestKitError("\(arguments) ended with \(String(describing: exit)): \(process.output)")
    }
    return process.output
  }

  private static func start(_ kind: AgentKind, key: String?, _ cluster: Cluster) throws -> ChildProcess {
    let environment = key.map { ["AIOPS_KEY_FILE": cluster.folder.path("keys/\($0).key")] } ?? [:]
    return try cluster.start(kind, key ?? "keyless", environment: environment)
  }

  private struct Agents: Decodable {
    struct Agent: Decodable {
      var name: String
      var identity: String?
    }
    var agents: [Agent]
  }

  private static func identities(_ cluster: Cluster) async throws -> [String] {
    let answer = try await cluster.get("/aiops/agents")
    return try JSONCoding.decoder().decode(Agents.self, from: Data(answer.body)).agents.compactMap(\.identity)
      .sorted()
  }

  @Test("agents are known by their keys; one that is revoked is out within seconds, the others stay")
  func cluster() async throws {
    try await Cluster.with(Self.security) { cluster in
      let folder = cluster.folder
      for name in ["coordinator", "d1", "d2", "stranger"] {
        _ = try await Self.ctl(["keys", "new", name], in: folder)
      }
      for name in ["d1", "d2"] {
        _ = try await Self.ctl(["keys", "allow", "keys/\(name).pub", "--folder", "allowed"], in: folder)
      }
      var processes = [try Self.start(.coordinator, key: "coordinator", cluster)]
      try await eventually(timeout: .seconds(20), "readiness") {
        try await cluster.get("/readyz").status == 200
      }
      processes.append(try Self.start(.detector, key: "d1", cluster))
      processes.append(try Self.start(.diagnoser, key: "d2", cluster))
      let stranger = try Self.start(.detector, key: "stranger", cluster)
      processes.append(stranger)
      try await eventually(timeout: .seconds(20), "both are in") {
        try await Self.identities(cluster) == ["d1", "d2"]
      }
      try await eventually(timeout: .seconds(20), "the stranger is refused and told why") {
        let metrics = try await cluster.get("/metrics").text
        return metrics.contains("aiops_bus_handshakes_refused_total{reason=\"unknown_key\"}")
          && !metrics.contains("aiops_bus_handshakes_refused_total{reason=\"unknown_key\"} 0\n")
          && stranger.output.contains("refuses this agent's key")
      }
      _ = try await Self.ctl(["keys", "revoke", "d2", "--folder", "allowed"], in: folder)
      try await eventually(timeout: .seconds(5), "the revoked one is out") {
        try await Self.identities(cluster) == ["d1"]
      }
      _ = try await Self.ctl(["keys", "allow", "keys/stranger.pub", "--folder", "allowed"], in: folder)
      try await eventually(timeout: .seconds(10), "the stranger is one no more") {
        try await Self.identities(cluster) == ["d1", "stranger"]
      }
      // No secret is in any log.
      for name in ["coordinator", "d1", "d2", "stranger"] {
        let secret = try KeyFile.readPair(folder.path("keys/\(name).key")).secretKey.exposed
        for process in processes { #expect(!process.output.isEmpty && !process.output.contains(secret)) }
      }
    }
  }

  @Test("a process that lacks its part of the keys does not start, and says which")
  func refusals() async throws {
    try await Cluster.with(Self.security) { cluster in
      _ = try await Self.ctl(["keys", "new", "coordinator"], in: cluster.folder)
      for kind in AgentKind.allCases {
        let process = try cluster.start(kind)
        #expect(await process.wait(timeout: .seconds(10)) == .exited(78), "\(process.output)")
        #expect(process.output.contains("aiops.yaml:") && process.output.contains("security.key: is missing"))
      }
      let folderless = try Self.start(.coordinator, key: "coordinator", cluster)
      #expect(await folderless.wait(timeout: .seconds(10)) == .exited(78))
      #expect(folderless.output.contains("security.allowed"))
    }
  }
}
