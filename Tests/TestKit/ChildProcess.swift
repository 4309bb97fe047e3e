package import Glibc
import Threads

/// A real executable that a test runs: its output goes to a file, and it never outlives the tests.
package final class ChildProcess: Sendable {
  /// How a process ended.
  package enum Exit: Sendable, Equatable {
    case exited(Int32)
    case signalled(Int32)
  }

  private struct State {
    var exit: Exit?
    var waiters: [CheckedContinuation<Exit, Never>] = []
  }

  /// Its number, which is also that of its process group.
  package let pid: pid_t
  /// The file that has its standard output and standard error.
  package let log: String
  private let state = Locked(State())

  /// Starts an executable.
  ///
  /// - Parameters:
  ///   - executable: a path, or a name that is looked for in PATH and the system's folders.
  ///   - arguments: those after the executable's name.
  ///   - environment: added to this process's.
  ///   - workingDirectory: where it runs.
  ///   - log: the file that takes what it prints; it is appended to.
  ///   - user: another user to run it as, when this process is root's.
  package init(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
    workingDirectory: String = "/", log: String, user: String? = nil
  ) throws {
    var executable = try Self.locate(executable)
    var arguments = arguments
    if let user, getuid() == 0 {
      // Not runuser, which stays between as a process of its own and would get the signals.
      arguments = ["--reuid=\(user)", "--regid=\(user)", "--init-groups", "--", executable] + arguments
      executable = try Self.locate("setpriv")
    }
    self.log = log
    pid = try spawn(
      executable, arguments, environment: Self.environment.merging(environment) { $1 },
      workingDirectory: workingDirectory, input: nil, log: log)
    Reaper.willEnd(group: pid)
    var thread = pthread_t()
    let me = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<ChildProcess>.fromOpaque(argument).takeRetainedValue().reap() }
        return nil
      }, me.toOpaque())
    guard code == 0 else {
      me.release()
      Glibc.kill(-pid, SIGKILL)
      throw TestKitError("no thread can be started")
    }
    pthread_detach(thread)
  }

  /// Whether it has not ended.
  package var isRunning: Bool { state.withLock { $0.exit == nil } }

  /// What it printed so far.
  package var output: String { (try? contents(of: log)) ?? "" }

  /// Sends a signal to the process, or to its whole group; nothing when it has ended.
  package func kill(_ signal: CInt = SIGKILL, group: Bool = false) {
    // Under the lock, so that the number cannot have gone to another process meanwhile.
    state.withLock { if $0.exit == nil { _ = Glibc.kill(group ? -pid : pid, signal) } }
  }

  /// Waits until it has ended, even when the task is cancelled.
  @discardableResult
  package func wait() async -> Exit {
    await withCheckedContinuation { continuation in
      let exit = state.withLock { state in
        if state.exit == nil { state.waiters.append(continuation) }
        return state.exit
      }
      if let exit { continuation.resume(returning: exit) }
    }
  }

  /// Waits until it has ended, and kills it when it has not after `timeout`.
  /// - Returns: how it ended; `nil` when it had to be killed.
  package func wait(timeout: Duration) async -> Exit? {
    let end = ContinuousClock.now + timeout
    while ContinuousClock.now < end {
      if let exit = state.withLock({ $0.exit }) { return exit }
      await pause(.milliseconds(10))
    }
    kill(SIGKILL, group: true)
    await wait()
    return nil
  }

  /// Asks it to end (SIGTERM) and kills it and its group when it has not after `grace`. Works in a cancelled
  /// task too, so it may be in a cleanup.
  @discardableResult
  package func terminate(grace: Duration = .seconds(3), signal: CInt = SIGTERM) async -> Exit {
    kill(signal)
    _ = await wait(timeout: grace)
    // What it started and left behind.
    Glibc.kill(-pid, SIGKILL)
    return await wait()
  }

  private func reap() {
    var status: CInt = 0
    while true {
      // First only look, so that the number stays taken until the state says that it ended.
      var info = siginfo_t()
      let code = waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT)
      if code == 0 || errno != EINTR { break }
    }
    let waiters = state.withLock { state in
      while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
      state.exit = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
      defer { state.waiters = [] }
      return state.waiters.map { ($0, state.exit) }
    }
    Reaper.hasEnded(group: pid)
    for case (let waiter, let exit?) in waiters { waiter.resume(returning: exit) }
  }

  private static let environment: [String: String] = {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return result
  }()

  /// Finds an executable by its name, in the folders of servers too.
  package static func locate(_ name: String) throws -> String {
    if name.contains("/") { return name }
    let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    for folder in path + ["/usr/local/sbin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"] {
      let full = folder + "/" + name
      if access(full, X_OK) == 0 { return full }
    }
    throw TestKitError("\(name) is not installed")
  }
}
