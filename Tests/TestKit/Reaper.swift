import CLinux
import Glibc
import Threads

/// Ends what this process started, even when this process is killed.
///
/// A small shell reads the numbers of process groups and the paths of folders from a pipe. When the pipe
/// ends, because this process did, whatever the way, it kills the groups and removes the folders.
/// PR_SET_PDEATHSIG would not do: it is about the thread that forked, and a change of user clears it.
package enum Reaper {
  /// What the shell runs.
  package static let script = """
    trap '' INT TERM HUP
    groups=' '; folders=' '
    while read -r word what; do
      case $word in
        +group) groups="$groups$what " ;;
        -group) case $groups in *" $what "*) groups="${groups%% $what *} ${groups#* $what }" ;; esac ;;
        +folder) folders="$folders$what " ;;
      esac
    done
    for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
    sleep 0.2
    for folder in $folders; do rm -rf -- "$folder"; done
    """

  /// The end of the pipe that this process writes to; -1 when there is no reaper.
  private static let pipe: Locked<CInt> = {
    var ends: [CInt] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { return Locked(-1) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let pid = try? spawn(
      "/bin/sh", ["-c", script], environment: [:], workingDirectory: "/", input: ends[0], log: "/dev/null")
    close(ends[0])
    return Locked(pid == nil ? -1 : ends[1])
  }()

  static func willEnd(group: pid_t) { say("+group \(group)") }
  static func hasEnded(group: pid_t) { say("-group \(group)") }
  /// The path must have no blanks; those of ``TemporaryFolder`` have none.
  static func willRemove(folder: String) { say("+folder \(folder)") }

  private static func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // Far less than PIPE_BUF, so it goes in one piece.
    pipe.withLock { if $0 >= 0 { _ = write($0, bytes, bytes.count) } }
  }
}

/// What could not be started or did not come up.
package struct TestKitError: Error, CustomStringConvertible {
  package var description: String

  /// An error with words for whoever reads the test's output.
  package init(_ description: String) { self.description = description }
}

/// Starts an executable in a process group of its own, with every descriptor but 0, 1 and 2 closed.
func spawn(
  _ executable: String, _ arguments: [String], environment: [String: String], workingDirectory: String,
  input: CInt?, log: String
) throws -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  if let input {
    posix_spawn_file_actions_adddup2(&actions, input, 0)
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  }
  posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
  posix_spawn_file_actions_adddup2(&actions, 1, 2)
  clinux_spawn_confine(&actions, workingDirectory)
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
  posix_spawnattr_setpgroup(&attributes, 0)
  var signals = sigset_t()
  sigemptyset(&signals)
  posix_spawnattr_setsigmask(&attributes, &signals)
  sigfillset(&signals)
  posix_spawnattr_setsigdefault(&attributes, &signals)
  var argv = ([executable] + arguments).map { strdup($0) } + [nil]
  var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
  defer { for copy in argv + envp { free(copy) } }
  var pid: pid_t = 0
  let code = posix_spawn(&pid, executable, &actions, &attributes, &argv, &envp)
  guard code == 0 else {
    throw TestKitError("\(executable) cannot be started: \(String(cString: strerror(code)))")
  }
  return pid
}
