import Glibc
import Threads

/// Where log lines go: a file descriptor, one `write` a line, one line at a time.
package final class LogOutput: Sendable {
  /// Standard error.
  package static let standardError = LogOutput(descriptor: STDERR_FILENO)

  private let descriptor: Int32
  /// Lines that could not be written.
  private let lost = Locked<UInt64>(0)

  /// An output to an open descriptor, which stays the caller's.
  package init(descriptor: Int32) { self.descriptor = descriptor }

  /// How many lines could not be written, e.g. because nobody reads the pipe any more.
  package var lostLines: UInt64 { lost.withLock { $0 } }

  /// Writes a whole line, its newline included.
  func write(_ line: [UInt8]) {
    let descriptor = descriptor
    lost.withLock { lost in
      var rest = line[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if count < 0 && errno == EINTR {
          continue
        } else {
          // Logging must never stop the work, so a line that can't be written is counted and gone.
          lost += 1
          return
        }
      }
    }
  }
}
