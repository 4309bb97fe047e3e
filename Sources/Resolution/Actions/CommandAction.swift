import Glibc
import IncidentModel
import Settings
import Subprocess
import SystemPackage

/// Runs a declared executable without a shell.
///
/// It gets a clean environment, no input and a session of its own. Whatever of that session is left when
/// the executable ends, or when its time is over, is ended with it; a daemon that takes a session of its
/// own goes on.
struct CommandAction: Sendable {
  /// Output that is kept at the most, in bytes; the rest is read and dropped.
  static let maxOutput = 64 * 1024
  /// Characters of the output that a report shows.
  static let shownOutput = 400
  /// After a polite request to end, what is left is killed.
  static let grace = Duration.milliseconds(500)

  private enum Part: Sendable {
    case output(OutputHead)
    case timedOut
    case stopped
  }

  let call: CommandCall
  let settings: CommandSettings

  func run(timeout: Duration) async throws(ActionFailure) -> ActionReport {
    guard settings.executable.hasPrefix("/") else {
      throw ActionFailure("the executable of command \(call.command) must be an absolute path in the config")
    }
    guard call.arguments.isEmpty || settings.allowsArguments else {
      throw ActionFailure("the config allows command \(call.command) no arguments from a runbook")
    }
    let arguments = settings.arguments + call.arguments
    guard !arguments.contains(where: { $0.utf8.contains(0) }) else {
      throw ActionFailure("an argument of command \(call.command) has a NUL character")
    }
    let outcome: (status: TerminationStatus, output: OutputHead, timedOut: Bool)
    do {
      let result = try await Subprocess.run(
        configuration(arguments), input: .none, output: .sequence, error: .combinedWithOutput
      ) { execution in
        await Self.attend(execution, timeout: timeout)
      }
      outcome = (result.terminationStatus, result.closureResult.output, result.closureResult.timedOut)
    } catch {
      throw ActionFailure(
        "command \(call.command) did not run: \(PlainLine.of("\(error)", Self.shownOutput))")
    }
    return try report(outcome.status, outcome.output, timedOut: outcome.timedOut, timeout)
  }

  private func configuration(_ arguments: [String]) -> Configuration {
    var options = PlatformOptions()
    options.createSession = true
    // When the lease is lost or the agent ends there is no time for politeness.
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(10))
    ]
    return Configuration(
      executable: .path(FilePath(settings.executable)), arguments: Arguments(arguments),
      environment: .custom(environment),
      workingDirectory: FilePath(settings.workingDirectory ?? "/"), platformOptions: options)
  }

  /// Clean, but for what the command is run for: a command that knows can tell a repeat.
  private var environment: [Environment.Key: String] {
    let trace = WorkTrace.current?.environment ?? [:]
    let all = trace.merging(["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/"]) { $1 }
    return Dictionary(uniqueKeysWithValues: all.map { (Environment.Key(stringLiteral: $0), $1) })
  }

  /// Reads the output until it ends, the time is over or the task is cancelled.
  private static func attend(
    _ execution: Execution<NoInput, SequenceOutput, CombinedErrorOutput>, timeout: Duration
  ) async -> (output: OutputHead, timedOut: Bool) {
    await withTaskGroup(of: Part.self) { group in
      group.addTask {
        var head = OutputHead(limit: maxOutput)
        do {
          for try await chunk in execution.standardOutput {
            chunk.withUnsafeBytes { head.append($0) }
          }
        } catch {
          // The pipe ends so when the process does, or when reading is cancelled.
        }
        return .output(head)
      }
      group.addTask {
        do {
          try await Task.sleep(for: timeout)
          return .timedOut
        } catch {
          return .stopped
        }
      }
      var timedOut = false
      var head = OutputHead(limit: maxOutput)
      while let part = await group.next() {
        switch part {
        case .output(let read):
          head = read
          endSession(of: execution.processIdentifier.value)
          group.cancelAll()
        case .timedOut:
          timedOut = true
          try? execution.send(signal: .terminate, toProcessGroup: true)
          try? await Task.sleep(for: grace)
          try? execution.send(signal: .kill, toProcessGroup: true)
          group.cancelAll()
        case .stopped: continue
        }
      }
      return (head, timedOut)
    }
  }

  /// Ends what a finished executable left in its session.
  ///
  /// Its id can't be another's yet: it is only given up after the body that calls this has returned.
  private static func endSession(of pid: pid_t) {
    var info = siginfo_t()
    let isOver = waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == SIGCHLD
    if isOver { kill(-pid, SIGKILL) }
  }

  private func report(
    _ status: TerminationStatus, _ head: OutputHead, timedOut: Bool, _ timeout: Duration
  ) throws(ActionFailure) -> ActionReport {
    let output = PlainLine.of(String(decoding: head.bytes, as: UTF8.self), Self.shownOutput)
    let said = output.isEmpty ? "" : ": \(output)"
    if timedOut {
      throw ActionFailure(
        "command \(call.command) was not done after \(Figures.short(timeout.inSeconds)) s and was killed\(said)"
      )
    }
    switch status {
    case .exited(0): return ActionReport("command \(call.command) succeeded\(said)")
    case .exited(let code): throw ActionFailure("command \(call.command) ended with status \(code)\(said)")
    case .signaled(let signal):
      throw ActionFailure("command \(call.command) was ended by signal \(signal)\(said)")
    }
  }
}

/// The first bytes of an output; the rest is counted only.
struct OutputHead: Sendable {
  let limit: Int
  private(set) var bytes: [UInt8] = []
  private(set) var dropped = 0

  init(limit: Int) { self.limit = limit }

  mutating func append(_ chunk: UnsafeRawBufferPointer) {
    let room = max(0, limit - bytes.count)
    bytes.append(contentsOf: chunk.prefix(room))
    dropped += max(0, chunk.count - room)
  }
}
