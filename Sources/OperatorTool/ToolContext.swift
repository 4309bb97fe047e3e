import FoundationEssentials
import Glibc

/// What a run of the tool sees of the world, so that a test can give its own.
package struct ToolContext: Sendable {
  /// `AIOPS_COORDINATOR`, `USER` and what the configuration names.
  package var environment: [String: String]
  /// Takes whole lines for standard output.
  package var out: @Sendable (String) -> Void
  /// Takes whole lines for standard error.
  package var err: @Sendable (String) -> Void

  /// A context; see the fields.
  package init(
    environment: [String: String], out: @escaping @Sendable (String) -> Void,
    err: @escaping @Sendable (String) -> Void
  ) {
    self.environment = environment
    self.out = out
    self.err = err
  }

  /// The process's own.
  package static let process = ToolContext(
    environment: ProcessInfo.processInfo.environment,
    out: { write($0, to: STDOUT_FILENO) }, err: { write($0, to: STDERR_FILENO) })

  @TaskLocal static var current = ToolContext.process

  // Unbuffered, so that what is watched through a pipe comes as it happens.
  private static func write(_ line: String, to descriptor: Int32) {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }
}

/// Why a command failed, and the exit status that says so.
struct ToolError: Error, Equatable {
  /// `EX_UNAVAILABLE` of sysexits.h: nobody answers.
  static let unavailable: Int32 = 69
  /// `EX_CONFIG`: the configuration is wrong.
  static let configuration: Int32 = 78

  var message: String
  var status: Int32 = 1
}
