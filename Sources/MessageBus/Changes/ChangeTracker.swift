/// What a subscriber of the changes knows, without sockets.
///
/// The ZeroMQ Guide's Clone pattern (Hintjens 2013, chapter 5): changes are numbered; who starts, sees
/// a gap or another coordinator asks for a snapshot, keeps what comes meanwhile, and applies what of
/// it is later than the snapshot.
package struct ChangeTracker: Sendable {
  /// Changes kept while a snapshot is awaited; the gap that a lost one leaves is seen like any other.
  static let maxWaiting = 1_000

  /// The run of the coordinator that is followed.
  package private(set) var coordinator: String?
  /// The last change that is known.
  package private(set) var sequence: UInt64 = 0
  /// Whether the state is unknown until a snapshot comes.
  package private(set) var needsSnapshot = true
  private var waiting: [Change] = []

  /// Knows nothing yet.
  package init() {}

  /// Takes a published change.
  package mutating func take(_ change: Change) -> ChangeUpdate? {
    if !needsSnapshot {
      if change.coordinator == coordinator {
        if change.sequence <= sequence { return nil }
        if change.sequence == sequence + 1 {
          sequence += 1
          return .changed(change.incident)
        }
      }
      needsSnapshot = true
    }
    waiting.append(change)
    if waiting.count > Self.maxWaiting { waiting.removeFirst() }
    return nil
  }

  /// Takes a snapshot that was asked for because of need, or just to be sure.
  package mutating func take(_ snapshot: Snapshot) -> [ChangeUpdate] {
    let isNews = snapshot.coordinator != coordinator || snapshot.sequence > sequence
    if !needsSnapshot && !isNews { return [] }
    coordinator = snapshot.coordinator
    sequence = snapshot.sequence
    needsSnapshot = false
    var updates = [ChangeUpdate.reset(snapshot.incidents)]
    let later = waiting
    waiting = []
    for change in later {
      if change.coordinator != coordinator {
        // Either it or the snapshot is of an earlier run: ask once more, keeping nothing that could
        // raise the question again.
        needsSnapshot = true
      } else if let update = take(change) {
        updates.append(update)
      }
    }
    return updates
  }
}

/// What a subscriber of the changes is told.
package enum ChangeUpdate: Hashable, Sendable {
  /// Forget what you knew: these are the incidents.
  case reset([IncidentDigest])
  /// One incident changed.
  case changed(IncidentDigest)
}
