import Diagnosis
import Glibc
import IncidentModel
import RedisBackend
import Settings
import TestKit
import Testing

@Suite("Cache, host and HTTP tools, on real things")
struct OtherToolsTests {
  func investigator(_ kind: SourceSettings.Kind) -> SourceInvestigator {
    SourceInvestigator(
      SourceSettings(name: "shop", kind: kind), toolTimeout: .seconds(5),
      now: { Timestamp(seconds: Double(time(nil))) })
  }

  func cache(_ server: TestRedis, clearable: [String], password: String? = nil) -> SourceInvestigator {
    var settings = RedisSourceSettings(host: "127.0.0.1", port: server.port)
    settings.clearable = clearable
    settings.password = password.map { Secret($0) }
    return investigator(.redis(settings))
  }

  @Test("keys are sampled by prefix with size and expiry, hostile names too")
  func keys() async throws {
    try await TestRedis.withServer(maxMemory: "50mb") { server in
      let connection = server.connection()
      let value = String(repeating: "v", count: 1000)
      for index in 0..<400 { _ = try await connection.command(["SET", "session:\(index)", value]) }
      for index in 0..<50 { _ = try await connection.command(["SET", "cart:\(index)", "1", "EX", "1000"]) }
      for name in ["*", "session:\u{1B}[2J\n", "..", ""] {
        _ = try await connection.command(["SET", name, "1"])
      }
      _ = try await connection.command(bytes: [Array("SET".utf8), [0xFF, 0xFE], Array("1".utf8)])
      let tools = cache(server, clearable: ["session:*", "cart:*"])
      let finding = await tools.run(ToolCall(.cacheLargestKeys), within: .seconds(10))
      guard case .keys(let result)? = finding.result else {
        Issue.record("\(finding.summary)")
        return
      }
      #expect(result.sampled == 455)
      #expect(result.total == 455)
      let group = try #require(result.groups.first)
      #expect(group.prefix == "session:")
      #expect(group.keys == 401)
      #expect(group.withoutExpiry == 401)
      #expect(group.matched == ["session:*": 401])
      #expect(result.groups.first { $0.prefix == "cart:" }?.withoutExpiry == 0)
      #expect(
        result.patterns == [
          PatternMatch(pattern: "session:*", keys: 401), PatternMatch(pattern: "cart:*", keys: 50),
        ])
      #expect(!PlainText.hasControlCharacters(finding.summary))
      guard
        case .cacheMemory(let memory)? = await tools.run(ToolCall(.cacheMemory), within: .seconds(5)).result
      else {
        Issue.record("no memory")
        return
      }
      #expect(memory.maximumBytes == 50 << 20)
      #expect(memory.usedBytes > 400_000)
      #expect(memory.keys == 455)
      #expect(memory.expiringKeys == 50)
      #expect(memory.policy == "noeviction")
      await connection.close()
      await tools.close()
    }
  }

  @Test("a password that is not accepted is a finding, and is not shown")
  func password() async throws {
    try await TestRedis.withServer(password: "right") { server in
      let tools = cache(server, clearable: [], password: "wrong-secret")
      let finding = await tools.run(ToolCall(.cacheMemory), within: .seconds(5))
      #expect(finding.failure?.kind == .forbidden)
      #expect(!finding.summary.contains("wrong-secret"))
      #expect(!finding.query.contains("wrong-secret"))
      await tools.close()
    }
  }

  @Test("a folder over its budget is told by deletable glob and age")
  func folders() async throws {
    try await TemporaryFolder.with { folder in
      for index in 0..<20 {
        let path = try folder.write([UInt8](repeating: 0, count: 10_000), to: "logs/old-\(index).log")
        var times = [
          timeval(tv_sec: time(nil) - 100_000, tv_usec: 0), timeval(tv_sec: time(nil) - 100_000, tv_usec: 0),
        ]
        #expect(utimes(path, &times) == 0)
      }
      try folder.write("new", to: "logs/today.log")
      try folder.write("hidden", to: "logs/.hidden.log")
      try folder.write([UInt8](repeating: 0, count: 5000), to: "logs/deep/data.csv")
      var settings = HostSourceSettings()
      settings.folders = [
        FolderSettings(
          path: folder.path("logs"), budgetBytes: 100_000, deletable: ["*.log"], keepSeconds: 3600)
      ]
      let tools = investigator(.host(settings))
      let finding = await tools.run(ToolCall(.hostLargestFolders), within: .seconds(10))
      guard case .folders(let result)? = finding.result, let use = result.folders.first else {
        Issue.record("\(finding.summary)")
        return
      }
      #expect(use.files == 23)
      #expect(use.bytes == 205_009)
      #expect(!use.isPartial)
      #expect(use.globs[0].files == 21)
      #expect(use.globs[0].oldFiles == 20)
      #expect(use.globs[0].oldBytes == 200_000)
      #expect(use.globs[0].oldestSeconds > 99_000)
      #expect(use.kinds[0].pattern == "*.log")
      #expect(finding.query.contains("find '\(folder.path("logs"))'"))
      await tools.close()
    }
  }

  @Test("a folder that is not there is a finding; mounts and processes of this machine are found")
  func machine() async throws {
    var settings = HostSourceSettings()
    settings.folders = [FolderSettings(path: "/nowhere/at/all")]
    settings.mounts = ["/"]
    let tools = investigator(.host(settings))
    #expect(await tools.run(ToolCall(.hostLargestFolders), within: .seconds(5)).failure != nil)
    guard
      case .mounts(let mounts)? = await tools.run(ToolCall(.hostFullestMounts), within: .seconds(5)).result,
      case .processes(let processes)? = await tools.run(ToolCall(.hostTopProcesses), within: .seconds(8))
        .result
    else {
      Issue.record("the machine could not be read")
      return
    }
    #expect(mounts.mounts.map(\.path) == ["/"])
    #expect(mounts.mounts[0].totalBytes > 0)
    #expect(processes.cores > 0)
    #expect((0...1).contains(processes.busy))
    #expect(processes.memoryTotal > processes.memoryAvailable)
    #expect(!processes.programs.isEmpty)
    #expect(processes.programs.count <= ProcessesResult.maxPrograms)
    await tools.close()
  }

  @Test("a URL's answer is told, without the secrets of the URL")
  func probe() async throws {
    let answer: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response = { _ in
      .reply(503, body: Array("sold out".utf8))
    }
    try await ScriptedHTTPServer.with(answer) { server in
      let url = "http://user:secret@127.0.0.1:\(server.port)/health?token=secret"
      let tools = investigator(.http(HTTPSourceSettings(url: Secret(url))))
      let finding = await tools.run(ToolCall(.httpProbe), within: .seconds(5))
      guard case .answer(let answer)? = finding.result else {
        Issue.record("\(finding.summary)")
        return
      }
      #expect(answer.status == 503)
      #expect(!answer.isExpected)
      #expect(answer.beginning == "sold out")
      #expect(!finding.query.contains("secret"))
      await tools.close()
    }
    let gone = investigator(.http(HTTPSourceSettings(url: Secret("http://127.0.0.1:\(freePort())/"))))
    #expect(await gone.run(ToolCall(.httpProbe), within: .seconds(5)).failure?.kind == .refused)
    await gone.close()
  }

  @Test("a tool of another kind of source is refused")
  func otherKind() async {
    let tools = investigator(.host(HostSourceSettings()))
    #expect(await tools.run(ToolCall(.cacheMemory), within: .seconds(5)).failure?.kind == .notApplicable)
  }
}
