import FoundationEssentials
import Glibc
import Logging

/// The file in which an agent says that it lives and whether a coordinator hears it, for whoever supervises the
/// process; `aiopsctl health` reads it.
///
/// An agent listens nowhere, so it can't be asked. The word comes from the loop that serves the bus: when that
/// hangs, the file grows old, whatever the process's other threads still do.
package enum HealthFile {
  /// The environment's variable with the path.
  package static let variable = "AIOPS_HEALTH_FILE"
  /// The word is written this often.
  package static let interval = Duration.seconds(2)

  /// What an agent says of itself.
  package enum Word: String, Sendable {
    /// A coordinator that leads heard it lately.
    case connected
    /// It looks for one.
    case searching
  }

  /// The service that keeps the file, where the environment names one.
  /// - Parameters:
  ///   - agent: whose health it is.
  ///   - environment: the process's own.
  ///   - isConnected: asked on the loop that must not hang.
  package static func services(
    _ agent: Agent, environment: [String: String] = ProcessInfo.processInfo.environment,
    isConnected: @escaping @Sendable () async -> Bool
  ) -> [AgentService] {
    guard let path = environment[variable], !path.isEmpty else { return [] }
    let logger = agent.logger
    return [
      AgentService("health") {
        defer { unlink(path) }
        var hasFailed = false
        while !Task.isCancelled {
          let word: Word = await isConnected() ? .connected : .searching
          if let reason = write(word, to: path) {
            if !hasFailed {
              logger.error(
                "the health file can't be written", metadata: ["path": "\(path)", "reason": "\(reason)"])
            }
            hasFailed = true
          } else {
            hasFailed = false
          }
          try await Task.sleep(for: interval)
        }
      }
    ]
  }

  /// Puts a word into the file, whole; the answer is what went wrong.
  package static func write(_ word: Word, to path: String) -> String? {
    let new = path + ".new"
    let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard file >= 0 else { return String(cString: strerror(errno)) }
    let bytes = Array((word.rawValue + "\n").utf8)
    let isWritten = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == bytes.count
    let reason = String(cString: strerror(errno))
    close(file)
    guard isWritten, rename(new, path) == 0 else {
      return isWritten ? String(cString: strerror(errno)) : reason
    }
    return nil
  }
}
