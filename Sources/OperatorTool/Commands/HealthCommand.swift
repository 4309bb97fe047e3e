import ArgumentParser
import Glibc

/// For supervisors: whether the process beside it is well.
struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health", abstract: "Say by the exit status whether a coordinator or an agent is well.",
    discussion: """
      A coordinator is asked: ready means that it can take signals, or stands by for one that does. An agent \
      listens nowhere; it writes into the file that its AIOPS_HEALTH_FILE names every two seconds, and is ready \
      while that is fresh and a coordinator hears it. With --alive only hanging and being gone is ill: that is \
      what a supervisor should end a process for.
      """)

  @OptionGroup var common: CommonOptions
  @Option(
    help: ArgumentHelp(
      "An agent's file (default: $AIOPS_HEALTH_FILE; without that the coordinator is asked).",
      valueName: "path"))
  var file: String?
  @Option(help: ArgumentHelp("The file must not be older.", valueName: "seconds"))
  var within = 15.0
  @Flag(help: "Whether it lives, not whether it can work.")
  var alive = false

  func validate() throws {
    guard within > 0, within <= 86_400 else { throw ValidationError("--within must be 1 to 86400 seconds") }
  }

  func run() async throws {
    let context = ToolContext.current
    if let path = file ?? context.environment["AIOPS_HEALTH_FILE"], !path.isEmpty {
      context.out(try readFile(path))
    } else {
      let answer = try await common.client().get(alive ? "/healthz" : "/readyz")
      context.out(answer.value["status"]?.text.map { Terminal.visible($0) } ?? "ok")
    }
  }

  /// The agent's word, when it is fresh and good enough.
  private func readFile(_ path: String) throws(ToolError) -> String {
    let shown = Terminal.visible(path)
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw ToolError(message: "\(shown): \(String(cString: strerror(errno))); the agent does not run")
    }
    defer { close(file) }
    var status = stat()
    var now = timespec()
    guard fstat(file, &status) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0 else {
      throw ToolError(message: "\(shown): \(String(cString: strerror(errno)))")
    }
    let age = Double(now.tv_sec - status.st_mtim.tv_sec)
    // One from the future says nothing: the clock was set back.
    guard abs(age) <= within else {
      throw ToolError(message: "\(shown) is \(Int(age)) s old; the agent hangs or is gone")
    }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(file, &bytes, bytes.count)
    let word = String(decoding: bytes.prefix(max(0, count)).prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
    guard alive || word == "connected" else {
      throw ToolError(message: "the agent lives, but no coordinator hears it (\(word.isEmpty ? "?" : word))")
    }
    return word
  }
}
