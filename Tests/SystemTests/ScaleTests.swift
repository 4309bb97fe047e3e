import FoundationEssentials
import Glibc
import HTTPBackend
import IncidentModel
import TestKit
import Testing
import Threads

/// Detectors that share the sources, as real processes.
@Suite("Detectors that share the sources", .serialized, .timeLimit(.minutes(3)))
struct ScaleTests {
  private static let count = 12
  private static let interval = Duration.milliseconds(500)

  /// Websites of which some are broken.
  private static func withSites(
    _ body: (_ config: String, _ broken: Locked<Set<String>>, _ server: ScriptedHTTPServer) async throws ->
      Void
  ) async throws {
    let broken = Locked<Set<String>>([])
    let answer: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { request in
      .reply(broken.withLock { $0.contains(request.path) } ? 500 : 200)
    }
    try await ScriptedHTTPServer.with(answer) { server in
      let sources = (0..<count).map {
        """
          - {name: site-\($0), type: http, url: "\(server.url)/site-\($0)", interval: 500ms, retry: 500ms, timeout: 2s,
             autonomy: observe, rules: {http_up: {threshold: {below: 1, clear: 1, for: 0s}}}}
        """
      }
      try await body("sources:\n" + sources.joined(separator: "\n"), broken, server)
    }
  }

  private struct Agents: Decodable {
    struct Agent: Decodable {
      var name: String
      var shards: [String]?
    }
    var agents: [Agent]
  }

  private struct Status: Decodable {
    struct Shards: Decodable {
      var total: Int
      var watched: Int
      var moving: Int
    }
    var shards: Shards
  }

  /// Who watches what; `nil` while not everything is watched by one of exactly these.
  private static func owners(_ names: [String], _ cluster: Cluster) async throws -> [String: String]? {
    let status = try JSONCoding.decoder().decode(
      Status.self, from: Data(try await cluster.get("/aiops/status").body))
    guard status.shards.total == count, status.shards.watched == count, status.shards.moving == 0 else {
      return nil
    }
    let agents = try JSONCoding.decoder().decode(
      Agents.self, from: Data(try await cluster.get("/aiops/agents").body))
    var owners: [String: String] = [:]
    for agent in agents.agents {
      for shard in agent.shards ?? [] {
        // By two at once: not yet.
        if owners.updateValue(agent.name, forKey: shard) != nil { return nil }
      }
    }
    let isFull = owners.count == count && Set(owners.values).isSubset(of: names)
    return isFull && names.allSatisfy { name in agents.agents.contains { $0.name == name } } ? owners : nil
  }

  private static func settled(
    _ names: [String], _ cluster: Cluster, within timeout: Duration = .seconds(30)
  ) async throws -> [String: String] {
    var found: [String: String]?
    try await eventually(timeout: timeout, "every site being watched by one of \(names)") {
      found = try await owners(names, cluster)
      return found != nil
    }
    return try #require(found)
  }

  @Test("a third takes its share alone, a killed one's go to the others, which clear what it had raised")
  func sharing() async throws {
    try await Self.withSites { config, broken, server in
      try await Cluster.with(config) { cluster in
        try await cluster.startCoordinator()
        let first = try cluster.start(.detector, "d1")
        try cluster.start(.detector, "d2")
        for name in ["d1", "d2"] { try await PipelineTests.joined(name, cluster) }
        let two = try await Self.settled(["d1", "d2"], cluster)
        // Each is asked once an interval, not twice.
        let before = server.requests.count
        try await Task.sleep(for: .seconds(4))
        let asked = server.requests.count - before
        #expect(asked <= Self.count * 9 && asked >= Self.count * 5, "\(asked)")

        try cluster.start(.detector, "d3")
        try await PipelineTests.joined("d3", cluster)
        var three = two
        try await eventually(timeout: .seconds(20), "a share of the third") {
          three = try await Self.owners(["d1", "d2", "d3"], cluster) ?? two
          return three.values.contains("d3")
        }
        three = try await Self.settled(["d1", "d2", "d3"], cluster)
        for (site, owner) in three { #expect(owner == two[site] || owner == "d3", "\(site)") }

        // One of the first one's, else of anybody's.
        let site = three.sorted { $0.key < $1.key }.first { $0.value == "d1" }?.key ?? "site-0"
        broken.withLock { _ = $0.insert("/\(site)") }
        try await cluster.incident(about: "http_up", "there") { $0.affectedSystems == [site] }

        first.kill(SIGKILL)
        let killed = ContinuousClock.now
        let left = try await Self.settled(["d2", "d3"], cluster, within: .seconds(15))
        #expect(ContinuousClock.now - killed < .seconds(8))
        for (site, owner) in left { #expect(owner == three[site] || three[site] == "d1", "\(site)") }

        broken.withLock { $0 = [] }
        try await cluster.incident(about: "http_up", "cleared by another one") { incident in
          incident.timeline.contains { $0.text.contains("all symptoms gone") }
        }
        #expect(try await cluster.incidents().count == 1)
        let metrics = String(decoding: try await cluster.get("/metrics").body, as: UTF8.self)
        #expect(metrics.contains("aiops_shards{state=\"watched\"} \(Self.count)"))
        #expect(metrics.contains("aiops_shard_gap_seconds_count"))
      }
    }
  }

  @Test("a coordinator that is killed and comes back reshuffles nothing, and meanwhile everything is watched")
  func coordinatorKilled() async throws {
    try await Self.withSites { config, _, server in
      try await Cluster.with(config) { cluster in
        let coordinator = try await cluster.startCoordinator()
        for name in ["d1", "d2"] {
          try cluster.start(.detector, name)
          try await PipelineTests.joined(name, cluster)
        }
        let before = try await Self.settled(["d1", "d2"], cluster)
        coordinator.kill(SIGKILL)
        await coordinator.wait()
        let asked = server.requests.count
        try await Task.sleep(for: .seconds(4))
        #expect(server.requests.count - asked >= Self.count * 5)
        try await cluster.startCoordinator()
        for name in ["d1", "d2"] { try await PipelineTests.joined(name, cluster) }
        #expect(try await Self.settled(["d1", "d2"], cluster) == before)
      }
    }
  }
}
