/// Why a journal can't be examined. Every message says what to do.
package enum AuditError: Error, Sendable, Equatable {
  /// There is nothing at that place.
  case missing(location: String)
  /// Something else is there.
  case notAJournal(location: String)
  /// An older version made it, and no coordinator of this one has opened it yet.
  case notChained(location: String)
  /// A newer version made it.
  case newer(location: String)
  /// It can't be read at the moment.
  case unreachable(location: String, detail: String)
  /// It can't be read.
  case unreadable(location: String, detail: String)
}

extension AuditError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let location):
      "there is no journal at \(location); name the coordinator's configuration with --config, or the journal "
        + "with --store"
    case .notAJournal(let location): "\(location) is not a journal of this system"
    case .notChained(let location):
      "the journal \(location) is of an older version and has no chain; start a coordinator of this version once, "
        + "which makes it"
    case .newer(let location):
      "a newer version wrote the journal \(location); use the aiopsctl of that version"
    case .unreachable(let location, let detail): "the journal \(location) can't be reached: \(detail)"
    case .unreadable(let location, let detail): "the journal \(location) can't be read: \(detail)"
    }
  }
}
