import HTTPBackend
import IncidentModel
import TestKit
import Testing

/// The real executables with tokens and TLS.
@Suite("A coordinator with tokens and TLS", .serialized, .timeLimit(.minutes(2)))
struct GuardedClusterTests {
  @Test("lets in who has a token and trusts its certificate, and tells the others what to do")
  func guarded() async throws {
    try await TemporaryFolder.with("guarded") { files in
      let authority = try await TestAuthority(in: files)
      let pair = try await authority.issue("server")
      let config = """
        security:
          tokens: \(files.path("tokens.json"))
          tls: {certificate: \(pair.certificate), key: \(pair.key), authority: \(authority.certificate)}
        sources: []
        """
      try await Cluster.with(config) { cluster in
        func aiopsctl(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> (
          status: ChildProcess.Exit, output: String
        ) {
          let process = try ChildProcess(
            try builtExecutable("aiopsctl"), arguments,
            environment: environment.merging(["AIOPS_COORDINATOR": "https://127.0.0.1:\(cluster.httpPort)"]) {
              $1
            },
            workingDirectory: files.path, log: files.path("tool-\(UInt32.random(in: 0 ... .max)).log"))
          return (await process.wait(), process.output)
        }
        for (name, role) in [("eve", "viewer"), ("ann", "operator")] {
          let made = try await aiopsctl(["tokens", "new", name, "--role", role, "--out", "\(name).token"])
          #expect(made.status == .exited(0), "\(made.output)")
        }
        try cluster.start(.coordinator)
        let trust = ["AIOPS_CA_FILE": authority.certificate]
        try await eventually(timeout: .seconds(20), "its readiness") {
          let run = try await aiopsctl(["status", "--token-file", files.path("eve.token")], trust)
          return run.status == .exited(0) && run.output.contains("leading")
        }
        let nobody = try await aiopsctl(["status"], trust)
        #expect(nobody.status == .exited(1) && nobody.output.contains("--token-file"), "\(nobody.output)")
        let stranger = try await aiopsctl(["status", "--token-file", files.path("eve.token")])
        #expect(
          stranger.status == .exited(69) && stranger.output.contains("--authority"), "\(stranger.output)")
        let viewer = try await aiopsctl(
          ["incidents", "ack", "00000001", "--token-file", files.path("eve.token")], trust)
        #expect(viewer.status == .exited(1) && viewer.output.contains("role operator"), "\(viewer.output)")
        let person = try await aiopsctl(
          ["incidents", "ack", "00000001"],
          trust.merging(["AIOPS_TOKEN_FILE": files.path("ann.token")]) { $1 })
        #expect(person.output.contains("Incident not found"), "\(person.output)")
        _ = try await aiopsctl(["tokens", "revoke", "eve"])
        try await eventually(timeout: .seconds(10), "the end of a token") {
          let run = try await aiopsctl(["agents", "--token-file", files.path("eve.token")], trust)
          return run.status == .exited(1) && run.output.contains("revoked")
        }
      }
    }
  }

  @Test("does not start beyond this machine without tokens and TLS, and says what is missing")
  func beyond() async throws {
    try await TemporaryFolder.with("beyond") { folder in
      for (security, missing) in [
        ("", "security.tokens and security.tls"), ("security: {tokens: t.json}", "needs security.tls"),
      ] {
        let config = try folder.write("coordinator: {http: \"0.0.0.0:0\"}\n\(security)\n", to: "aiops.yaml")
        let process = try ChildProcess(
          try builtExecutable("aiops-coordinator"), ["--config", config], workingDirectory: folder.path,
          log: folder.path("\(missing.count).log"))
        #expect(await process.wait(timeout: .seconds(10)) == .exited(78))
        #expect(
          process.output.contains("aiops.yaml:1:") && process.output.contains(missing), "\(process.output)")
      }
    }
  }
}
