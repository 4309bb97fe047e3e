import IncidentModel
import Resolution
import Settings
import TestKit
import Testing

@Suite("Running declared executables")
struct CommandActionTests {
  private func bench(
    _ script: String, _ folder: TemporaryFolder, allowsArguments: Bool = false
  ) throws -> Bench {
    let path = try folder.write("#!/bin/sh\n" + script, to: "script.sh")
    var bench = Bench(.host(HostSourceSettings()))
    bench.settings.commands["do"] = CommandSettings(
      executable: "/bin/sh", arguments: [path], allowsArguments: allowsArguments)
    return bench
  }

  private func call(_ arguments: String..., command: String = "do") -> Action {
    .runCommand(CommandCall(command: command, arguments: arguments))
  }

  @Test("its output and its status are told")
  func outcome() async throws {
    try await TemporaryFolder.with { folder in
      let good = try await bench("echo fine; echo too >&2", folder).run(call())
      #expect(good.isSuccess && good.detail == "command do succeeded: fine too", "\(good.detail)")
      let bad = try await bench("echo no; exit 3", folder).run(call())
      #expect(!bad.isSuccess && bad.detail == "command do ended with status 3: no", "\(bad.detail)")
    }
  }

  @Test("arguments pass as they are, without a shell, and only where the config allows them")
  func arguments() async throws {
    try await TemporaryFolder.with { folder in
      let run = try await bench("printf '<%s>' \"$@\"", folder, allowsArguments: true)
        .run(call("$(id)", "; rm -rf /", "a b"))
      #expect(run.detail == "command do succeeded: <$(id)><; rm -rf /><a b>", "\(run.detail)")
      let refused = try await bench("echo ran", folder).run(call("x"))
      #expect(!refused.isSuccess && refused.detail.contains("no arguments"), "\(refused.detail)")
      let undeclared = try await bench("echo ran", folder).run(call(command: "/bin/sh"))
      #expect(!undeclared.isSuccess && undeclared.detail.contains("no command"), "\(undeclared.detail)")
    }
  }

  @Test("nothing of this process's environment is handed on, but what it is run for")
  func environment() async throws {
    try await TemporaryFolder.with { folder in
      let run = try await bench("env -u PWD -u SHLVL -u _ -u OLDPWD | sort | tr '\\n' ' '; pwd", folder).run(
        call())
      #expect(
        run.detail
          == "command do succeeded: AIOPS_FENCE=0 AIOPS_INCIDENT=INC-1A2B3C4D AIOPS_STEP=0 HOME=/ LANG=C.UTF-8 "
          + "PATH=/usr/local/bin:/usr/bin:/bin /",
        "\(run.detail)")
    }
  }

  @Test("megabytes of output are read and dropped")
  func output() async throws {
    try await TemporaryFolder.with { folder in
      let run = try await bench("head -c 20000000 /dev/zero | tr '\\0' x", folder).run(call())
      #expect(run.isSuccess && run.detail.count < 500, "\(run.detail.prefix(200))")
    }
  }

  @Test("at the timeout the whole group goes, even what ignores a polite request")
  func timeout() async throws {
    try await TemporaryFolder.with { folder in
      let pids = folder.path("pids")
      let script = """
        sh -c 'trap "" TERM; echo $$ >> \(pids); while :; do sleep 1; done' &
        echo $$ >> \(pids)
        sleep 60
        """
      let start = ContinuousClock.now
      let run = try await bench(script, folder).run(call(), timeout: .seconds(1))
      #expect(!run.isSuccess && run.detail.contains("was killed"), "\(run.detail)")
      #expect(ContinuousClock.now - start < .seconds(8))
      try await Self.expectGone(pids, count: 2)
    }
  }

  @Test("one that closes its output and goes on is ended all the same")
  func closedOutput() async throws {
    try await TemporaryFolder.with { folder in
      let pids = folder.path("pids")
      let script = "echo $$ >> \(pids); exec >&- 2>&-; sleep 60"
      let run = try await bench(script, folder).run(call(), timeout: .seconds(1))
      #expect(!run.isSuccess, "\(run.detail)")
      try await Self.expectGone(pids, count: 1)
    }
  }

  @Test("what it leaves behind in its session ends with it")
  func leftBehind() async throws {
    try await TemporaryFolder.with { folder in
      let pids = folder.path("pids")
      let run = try await bench("sleep 60 & echo $! >> \(pids); echo done", folder).run(call())
      #expect(run.isSuccess, "\(run.detail)")
      try await Self.expectGone(pids, count: 1)
    }
  }

  @Test("a cancelled task leaves no orphan")
  func cancelled() async throws {
    try await TemporaryFolder.with { folder in
      let pids = folder.path("pids")
      let bench = try bench("echo $$ >> \(pids); sleep 60 & echo $! >> \(pids); wait", folder)
      let task = Task { await bench.run(call(), timeout: .seconds(30)) }
      try await eventually { try contents(of: pids).split(separator: "\n").count == 2 }
      task.cancel()
      #expect(await !task.value.isSuccess)
      try await Self.expectGone(pids, count: 2)
    }
  }

  private static func expectGone(_ file: String, count: Int) async throws {
    let pids = try contents(of: file).split(separator: "\n").compactMap { Int32($0) }
    #expect(pids.count == count)
    try await eventually(timeout: .seconds(3), "the end of \(pids)") { !pids.contains(where: Disk.isAlive) }
  }
}
