import Glibc
import PostgresBackend
import TestKit
import Testing

@Suite("Servers for tests")
struct ServersTests {
  @Test("what a process of tests started dies with it, and its folders go")
  func reaper() async throws {
    try await TemporaryFolder.with("reaper") { folder in
      try folder.write("x", to: "doomed/file")
      let child = try ChildProcess("sleep", ["60"], log: folder.path("log"))
      let other = try ChildProcess("sleep", ["60"], log: folder.path("log"))
      let words =
        "+group \(child.pid)\n+group \(other.pid)\n-group 1\n-group \(other.pid)\n+folder \(folder.path("doomed"))\n"
      let script = try folder.write(Reaper.script, to: "script")
      try folder.write(words, to: "words")
      let reaper = try ChildProcess(
        "sh", ["-c", "sh \(script) < \(folder.path("words"))"], log: folder.path("log"))
      #expect(await child.wait(timeout: .seconds(10)) == .signalled(SIGKILL))
      #expect(await reaper.wait(timeout: .seconds(10)) == .exited(0))
      #expect(other.isRunning)
      #expect(access(folder.path("doomed"), F_OK) != 0)
      #expect(await other.terminate() == .signalled(SIGTERM))
    }
  }

  @Test("a child's output and end are known")
  func child() async throws {
    try await TemporaryFolder.with("child") { folder in
      let child = try ChildProcess(
        "sh", ["-c", "echo $GREETING; pwd; exit 3"], environment: ["GREETING": "hello"],
        workingDirectory: folder.path,
        log: folder.path("log"))
      #expect(await child.wait() == .exited(3))
      #expect(child.output == "hello\n\(folder.path)\n")
      #expect(!child.isRunning)
      #expect(throws: TestKitError.self) { try ChildProcess("no-such-program", log: folder.path("log")) }
    }
  }

  @Test("a child that does not listen is killed, in a cancelled task too")
  func stubborn() async throws {
    try await TemporaryFolder.with("stubborn") { folder in
      let child = try ChildProcess(
        "sh", ["-c", "trap '' TERM; echo ready; while true; do sleep 1; done"], log: folder.path("log"))
      try await eventually { child.output == "ready\n" }
      let task = Task {
        try? await Task.sleep(for: .seconds(60))
        return await child.terminate(grace: .milliseconds(100))
      }
      task.cancel()
      #expect(await task.value == .signalled(SIGKILL))
    }
  }

  @Test("a server is stopped and removed when its test is cancelled")
  func cancelled() async throws {
    let (folders, feed) = AsyncStream.makeStream(of: (String, pid_t).self)
    let task = Task {
      try await TestPostgres.withServer(maxConnections: 10) { server in
        feed.yield((server.folder.path, server.pid))
        try await Task.sleep(for: .seconds(60))
      }
    }
    var started: (path: String, pid: pid_t)?
    for await server in folders {
      started = server
      break
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    let server = try #require(started)
    #expect(access(server.path, F_OK) != 0)
    #expect(kill(server.pid, 0) != 0)
  }
}
