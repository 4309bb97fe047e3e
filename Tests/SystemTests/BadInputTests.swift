import Glibc
import HTTPBackend
import IncidentModel
import TestKit
import Testing

@Suite("Bad input gets a clear error, and everything goes on", .serialized, .timeLimit(.minutes(2)))
struct BadInputTests {
  @Test(
    "a wrong configuration is refused with file, line and key",
    arguments: [
      (
        "sources:\n  - name: x\n    type: postgres\n    url: postgres://127.0.0.1/x\n    interval: soon\n",
        "interval"
      ),
      ("sources:\n  - name: x\n    type: host\n    intervall: 5s\n", "did you mean"),
      ("coordinator: [1, 2]\n", "coordinator"),
      ("coordinator:\n  http: 0.0.0.0:80\n", "loopback"),
      ("sources: [\n", "aiops.yaml:"),
    ])
  func config(text: String, mention: String) async throws {
    try await TemporaryFolder.with { folder in
      let path = try folder.write(text, to: "aiops.yaml")
      for kind in [AgentKind.coordinator, .detector, .diagnoser, .resolver] {
        let process = try ChildProcess(
          try builtExecutable("aiops-\(kind.rawValue)"), ["--config", path], workingDirectory: folder.path,
          log: folder.path("\(kind.rawValue).log"))
        #expect(await process.wait(timeout: .seconds(10)) == .exited(78))
        #expect(process.output.contains("aiops.yaml:"), "\(process.output)")
        #expect(process.output.contains(mention), "\(process.output)")
      }
    }
  }

  @Test("a missing configuration is refused by name")
  func missing() async throws {
    try await TemporaryFolder.with { folder in
      let process = try ChildProcess(
        try builtExecutable("aiops-detector"), ["--config", folder.path("nowhere.yaml")],
        workingDirectory: folder.path, log: folder.path("log"))
      #expect(await process.wait(timeout: .seconds(10)) == .exited(78))
      #expect(process.output.contains("nowhere.yaml"))
    }
  }

  @Test("the images' one file is the program whose name it is started under; without one it says so")
  func oneFile() async throws {
    try await TemporaryFolder.with { folder in
      let file = try builtExecutable("aiops")
      for kind in AgentKind.allCases {
        let name = "aiops-\(kind.rawValue)"
        #expect(symlink(file, folder.path(name)) == 0)
        let process = try ChildProcess(folder.path(name), ["--help"], log: folder.path(name + ".log"))
        #expect(await process.wait(timeout: .seconds(10)) == .exited(0))
        #expect(process.output.contains("USAGE: \(name)"), "\(process.output)")
      }
      #expect(symlink(file, folder.path("aiopsctl")) == 0)
      let tool = try ChildProcess(folder.path("aiopsctl"), ["keys", "--help"], log: folder.path("tool.log"))
      #expect(await tool.wait(timeout: .seconds(10)) == .exited(0))
      let bare = try ChildProcess(file, [], log: folder.path("bare.log"))
      #expect(await bare.wait(timeout: .seconds(10)) == .exited(64))
      #expect(bare.output.contains("by a link: aiops-coordinator"))
    }
  }

  @Test("every agent answers --help and --version, and stops cleanly within two seconds when asked")
  func manners() async throws {
    try await Cluster.with("sources: []") { cluster in
      try await cluster.startCoordinator()
      for kind in AgentKind.allCases {
        for flag in ["--help", "--version"] {
          let process = try ChildProcess(
            try builtExecutable("aiops-\(kind.rawValue)"), [flag], log: cluster.folder.path("\(kind)\(flag)"))
          #expect(await process.wait(timeout: .seconds(10)) == .exited(0))
          #expect(process.output.contains(flag == "--version" ? AIOpsVersion.current : "--config"))
        }
      }
      for kind in [AgentKind.detector, .diagnoser, .resolver] {
        for signal in [SIGTERM, SIGINT] {
          let process = try cluster.start(kind, "\(kind.rawValue)-\(signal)")
          try await PipelineTests.joined("\(kind.rawValue)-\(signal)", cluster)
          let begin = ContinuousClock.now
          process.kill(signal)
          #expect(await process.wait(timeout: .seconds(5)) == .exited(0), "\(process.output)")
          #expect(ContinuousClock.now - begin < .seconds(2))
        }
      }
    }
  }

  @Test("an unreachable database is an incident of its own, and the other sources go on")
  func unreachable() async throws {
    let sources = """
      sources:
        - {name: gone-db, type: postgres, url: "postgres://nobody@127.0.0.1:\(freePort())/x", interval: 500ms, retry: 1s}
        - {name: gone-web, type: http, url: "http://127.0.0.1:\(freePort())/", interval: 500ms, retry: 1s, rules: {http_up: {threshold: {below: 1, for: 0}}}}
      """
    try await Cluster.with(sources) { cluster in
      try await cluster.startCoordinator()
      for kind in [AgentKind.detector, .diagnoser] { try cluster.start(kind) }
      let incident = try await cluster.incident(about: "source_up", "escalated") { $0.status == .escalated }
      #expect(incident.affectedSystems == ["gone-db"])
      try await cluster.incident(about: "http_up", "there") { _ in true }
    }
  }

  @Test("wrong alerts get 4xx with the field's name; a hundred right ones make one incident")
  func alerts() async throws {
    try await Cluster.with("sources: []") { cluster in
      try await cluster.startCoordinator()
      let wrong: [(String, String)] = [
        (#"{"alert_id":"x"}"#, "metric_name"), (PipelineTests.alert(value: "NaN"), ""),
        (PipelineTests.alert(value: "1e999"), ""), (PipelineTests.alert(value: "\"many\""), "current_value"),
        ("{", ""), ("[]]", ""), ("", ""), ("[\(PipelineTests.alert()), 7]", "alerts[1]"),
        (PipelineTests.alert(String(repeating: "x", count: 1 << 20)), ""),
      ]
      for (body, field) in wrong {
        let answer = try await cluster.post("/aiops/alerts", body)
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect((400..<500).contains(answer.status), "\(body.prefix(80)) → \(answer.status) \(text)")
        #expect(text.contains(field), "\(text)")
        #expect(text.contains("\"status\""), "\(text)")
      }
      #expect(try await cluster.incidents().isEmpty)
      for _ in 0..<100 {
        let answer = try await cluster.post("/aiops/alerts", PipelineTests.alert())
        #expect((200..<300).contains(answer.status))
      }
      let all = try await cluster.incidents()
      #expect(all.count == 1)
      #expect(all.first?.count == 100)
    }
  }

  @Test("garbage on the bus ports disturbs nobody")
  func garbage() async throws {
    try await Cluster.with("sources: []") { cluster in
      let coordinator = try await cluster.startCoordinator()
      try cluster.start(.diagnoser)
      try await PipelineTests.joined("diagnoser", cluster)
      var random = SeededRandom(seed: 42)
      for port in [cluster.busPort, cluster.changesPort] {
        for round in 0..<20 {
          // Some begin as ZeroMQ peers do.
          let greeting: [UInt8] = round.isMultiple(of: 2) ? [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3] : []
          let bytes = greeting + (0..<4_096).map { _ in UInt8.random(in: .min ... .max, using: &random) }
          sendBytes(bytes, port: port)
        }
      }
      try cluster.start(.resolver)
      try await PipelineTests.joined("resolver", cluster)
      try await PipelineTests.joined("diagnoser", cluster)
      #expect(coordinator.isRunning)
    }
  }

  /// Writes bytes to a loopback port and hangs up; whether the other side takes them is its own business.
  private func sendBytes(_ bytes: [UInt8], port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { return }
    _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }
}
