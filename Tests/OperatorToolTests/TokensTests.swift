import AccessTokens
import Foundation
import IncidentModel
import OperatorTool
import TestKit
import Testing

@Suite("aiopsctl and tokens")
struct TokensTests {
  @Test("makes a token that is printed once and stored as a hash, lists it, and revokes it")
  func lifecycle() async throws {
    try await TemporaryFolder.with { folder in
      let file = folder.path("tokens.json")
      func tokens(_ arguments: String...) async -> ToolRun {
        await aiopsctl(["tokens"] + arguments + ["--file", file])
      }
      let made = await tokens("new", "ann", "--role", "operator", "--expires", "90d")
      #expect(made.status == 0 && made.out.count == 1, "\(made.text)")
      let token = try #require(AccessToken(made.out[0]))
      #expect(made.err.joined().contains("role operator, until 2"))
      #expect(!made.err.joined().contains(token.exposed))
      let stored = try contents(of: file)
      #expect(!stored.contains(token.exposed.dropFirst(6)) && stored.contains(token.hash.hexadecimal))
      let record = try #require(try TokenFile.read(file).record(of: token))
      #expect(record.role == .operator && record.name == "ann")
      let lifetime = try #require(record.expires) - record.created
      #expect(lifetime == .seconds(90 * 86_400))
      #expect((FileManager.default.attributes(file)) == 0o600)

      #expect(await tokens("new", "bob", "--role", "viewer").status == 0)
      let list = await tokens("list")
      #expect(list.out.count == 3 && list.out[0].hasPrefix("NAME  ROLE"), "\(list.text)")
      #expect(list.out[1].hasPrefix("ann   operator") && list.out[2].hasSuffix("never"))
      #expect(!list.text.contains(token.hash.hexadecimal.prefix(8)))
      let json = await tokens("list", "-o", "json")
      #expect(json.text.contains("\"expired\" : false") && !json.text.contains("sha256"))

      #expect(await tokens("revoke", "ann").status == 0)
      #expect(try TokenFile.read(file).record(of: token) == nil)
      #expect(try TokenFile.read(file).records.map(\.name) == ["bob"])
    }
  }

  @Test("--out writes the token into a new file that only its owner may read, and never over another one")
  func out() async throws {
    try await TemporaryFolder.with { folder in
      let file = folder.path("tokens.json")
      let out = folder.path("ann.token")
      let make = ["tokens", "new", "ann", "--role", "admin", "--file", file, "--out", out]
      let made = await aiopsctl(make)
      #expect(made.status == 0 && made.out.isEmpty, "\(made.text)")
      let text = try contents(of: out)
      let token = try #require(AccessToken(String(text.dropLast())))
      #expect(try TokenFile.read(file).record(of: token)?.role == .admin)
      #expect(FileManager.default.attributes(out) == 0o600)
      let again = await aiopsctl(make)
      #expect(again.status == 1 && again.text.contains("is there already"))
      #expect(try contents(of: out) == text)
      // A name that is taken leaves no file behind.
      let other = folder.path("other.token")
      let taken = await aiopsctl(["tokens", "new", "ann", "--role", "admin", "--file", file, "--out", other])
      #expect(taken.status == 1 && taken.text.contains("already"))
      #expect(!FileManager.default.fileExists(atPath: other))
    }
  }

  @Test("what is wrong is said, and changes nothing")
  func wrong() async throws {
    try await TemporaryFolder.with { folder in
      let file = folder.path("tokens.json")
      for (arguments, status, expected) in [
        (["new", "a b", "--role", "viewer"], Int32(64), "1 to 64 letters"),
        (["new", "ann"], 64, "--role"), (["new", "ann", "--role", "root"], 64, "viewer"),
        (["new", "ann", "--role", "viewer", "--expires", "soon"], 64, "--expires"),
        (["new", "ann", "--role", "viewer", "--expires", "1s"], 64, "1m to 3650d"),
        (["revoke", "ann"], 1, "no such file"), (["list"], 1, "no such file"),
      ] {
        let run = await aiopsctl(["tokens"] + arguments + ["--file", file])
        #expect(run.status == status && run.text.contains(expected), "\(arguments): \(run.text)")
        #expect(!FileManager.default.fileExists(atPath: file))
      }
      try folder.write("{}", to: "tokens.json")
      let broken = await aiopsctl(["tokens", "new", "ann", "--role", "viewer", "--file", file])
      #expect(broken.status == 1 && broken.text.contains("not a file of tokens"), "\(broken.text)")
      #expect(try contents(of: file) == "{}")
    }
  }

  private static let token = "aiops_" + String(repeating: "k", count: 43)

  @Test(
    "shows the token that --token-file, AIOPS_TOKEN or AIOPS_TOKEN_FILE gives, in this order, with everything"
  )
  func shown() async throws {
    try await TemporaryFolder.with { folder in
      let file = try folder.write(Self.token.replacing("k", with: "f") + "\n", to: "a.token")
      for (arguments, environment, expected) in [
        ([], [:], nil), ([], ["AIOPS_TOKEN": Self.token], Self.token),
        ([], ["AIOPS_TOKEN_FILE": file], Self.token.replacing("k", with: "f")),
        ([], ["AIOPS_TOKEN_FILE": file, "AIOPS_TOKEN": Self.token], Self.token),
        (["--token-file", file], ["AIOPS_TOKEN": Self.token], Self.token.replacing("k", with: "f")),
      ] as [([String], [String: String], String?)] {
        for command in [["agents"], ["incidents", "ack", "00000001"], ["incidents", "watch"]] {
          let (_, requests) = try await aiopsctl(command + arguments, environment: environment) { request in
            request.path == "/aiops/stream" ? .json(404, "{}") : .ok("{\"agents\":[]}")
          }
          #expect(
            requests.first?.headers["authorization"] == expected.map { "Bearer \($0)" }, "\(command)")
        }
      }
      for (environment, expected) in [
        (["AIOPS_TOKEN": "hunter2"], "AIOPS_TOKEN holds no token"),
        (["AIOPS_TOKEN_FILE": "/none"], "AIOPS_TOKEN_FILE: /none: there is no such file"),
        (["AIOPS_CA_FILE": "/none"], "AIOPS_CA_FILE: /none: there is no such file"),
        (["AIOPS_CA_FILE": file], "holds no certificate"),
      ] {
        let run = await aiopsctl(["agents"], environment: environment)
        #expect(
          run.status == 64 && run.text.contains(expected) && !run.text.contains("hunter2"), "\(run.text)")
      }
    }
  }

  @Test("says so when a token leaves this machine unencrypted")
  func clear() async throws {
    // 0.0.0.0 stands for another machine: it is not known to be this one.
    let port = freePort()
    for (url, warns) in [
      ("http://0.0.0.0:\(port)", true), ("https://0.0.0.0:\(port)", false),
      ("http://127.0.0.1:\(port)", false), ("http://localhost:\(port)", false),
    ] {
      let run = await aiopsctl(
        ["agents"], environment: ["AIOPS_COORDINATOR": url, "AIOPS_TOKEN": Self.token])
      #expect(run.status == 69 && run.text.contains("unencrypted") == warns, "\(run.text)")
    }
  }

  @Test("who is not let in is told what to do")
  func refused() async throws {
    func run(_ status: Int, _ environment: [String: String]) async throws -> ToolRun {
      try await aiopsctl(["agents"], environment: environment) { _ in
        .json(status, "{\"detail\":\"No.\",\"status\":\(status)}")
      }.run
    }
    let none = try await run(401, [:])
    #expect(none.status == 1 && none.text.contains("AIOPS_TOKEN_FILE") && none.text.contains("tokens new"))
    let bad = try await run(401, ["AIOPS_TOKEN": Self.token])
    #expect(bad.text.contains("see to the token") && !bad.text.contains(Self.token))
    let small = try await run(403, ["AIOPS_TOKEN": Self.token])
    #expect(small.text.contains("a token with that role"))
  }

  @Test("a certificate that is not trusted is named, with what to do")
  func untrusted() async throws {
    try await TemporaryFolder.with { folder in
      let authority = try await TestAuthority(in: folder)
      let pair = try await authority.issue("server")
      let port = freePort()
      let server = try ChildProcess(
        "openssl",
        ["s_server", "-accept", "127.0.0.1:\(port)", "-cert", pair.certificate, "-key", pair.key, "-www"],
        log: folder.path("server.log"))
      let environment = ["AIOPS_COORDINATOR": "https://127.0.0.1:\(port)"]
      var run = ToolRun(status: 0, out: [], err: [])
      try await eventually("the server") {
        run = await aiopsctl(["agents"], environment: environment)
        return !run.text.contains("cannot reach")
      }
      #expect(run.status == 69 && run.text.contains("--authority FILE or AIOPS_CA_FILE"), "\(run.text)")
      let trusted = await aiopsctl(
        ["agents", "--authority", authority.certificate], environment: environment)
      #expect(trusted.text.contains("no JSON"), "\(trusted.text)")
      await server.terminate()
    }
  }
}

extension FileManager {
  /// The permissions of a file.
  fileprivate func attributes(_ path: String) -> Int? {
    (try? attributesOfItem(atPath: path))?[.posixPermissions] as? Int
  }
}
