/// Why something of this machine cannot be read.
package enum HostError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A file or folder cannot be read, with the system's reason.
  case unreadable(path: String, reason: String)
  /// A file does not hold what it should.
  case unexpected(path: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
    case .unexpected(let path): "\(path) does not hold what was expected"
    }
  }
}
