package import IncidentModel

/// What happened to the signals that wait for a coordinator.
package enum SpoolChange: Hashable, Sendable {
  /// A signal waits now.
  case added(Signal)
  /// The signal of this id no longer waits: it was accepted, replaced or lost.
  case removed(id: String)
}

/// Keeps waiting signals where they outlive the process.
///
/// Used by one link at a time, and never asked to wait long: what cannot be kept is counted, and waits in
/// memory as without a storage.
package protocol SpoolStorage {
  /// The signals that waited when the last process ended, oldest first.
  func restored() -> [Signal]
  /// Keeps up with what happened.
  func apply(_ changes: [SpoolChange])
  /// How it is.
  var status: SpoolStatus { get }
}

/// How a ``SpoolStorage`` is.
package struct SpoolStatus: Hashable, Sendable {
  /// Bytes on the disk.
  package var bytes = 0
  /// Signals that could not be kept; they wait in memory alone.
  package var unkept = 0
}

/// Why a spool cannot be used. The text says what to do about it.
package enum SpoolError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The folder or a file in it cannot be used.
  case unusable(path: String, reason: String)
  /// Every place in the folder is taken.
  case full(path: String, detectors: Int)

  package var description: String {
    switch self {
    case .unusable(let path, let reason):
      "the spool \(path) can't be used: \(reason); set detector.spool to a folder that this user may write to"
    case .full(let path, let detectors):
      "the spool \(path) is used by \(detectors) detectors already; set detector.spool to another folder"
    }
  }
}
