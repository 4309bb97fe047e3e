package import IncidentModel
import OrderedCollections

/// A series that is quiet because people called its incident a false positive.
struct QuietSeries: Sendable, Equatable {
  /// Until when.
  var until: Timestamp
  /// Since when.
  var since: Timestamp
}

/// What the store may move to its archive after an `archived` fact.
package struct ArchivePoint: Sendable, Equatable {
  /// The fact's place in the journal: nothing from there on is moved.
  package var sequence: UInt64
  /// Incidents that ended before this moment are moved, and what stands alone and is older.
  package var before: Timestamp
  /// Incidents that stay although they ended: somebody is still to be told of them.
  package var keeping: [IncidentID]

  /// A point; see the fields.
  package init(sequence: UInt64, before: Timestamp, keeping: [IncidentID]) {
    self.sequence = sequence
    self.before = before
    self.keeping = keeping
  }
}

extension Engine {
  /// Forgets what is over since before a moment, so that the journal's records of it are needed no more.
  ///
  /// The moment is never so late that anything was forgotten which the policy still goes by.
  mutating func archive(before wanted: Timestamp) -> EngineReply {
    let memory = max(
      policy.falsePositiveQuiet, policy.breakerWindow, policy.lateSignalWindow, policy.correlationWindow)
    let before = min(wanted, now - memory)
    emit(
      .archived(
        before: before, opened: state.numbers.opened, salt: state.numbers.salt,
        numbering: state.numbers.numbering, lastToken: state.lastToken))
    let keeping = Set(state.announcements.values.map(\.incident)).sorted()
    return .archived(ArchivePoint(sequence: state.sequence, before: before, keeping: keeping))
  }
}

extension Fact {
  /// Whether it ends its incident for good.
  package var endsIncident: Bool {
    switch self {
    case .resolved, .markedFalsePositive: true
    default: false
    }
  }

  /// Whether it belongs to no incident, and matters no more once it is older than an `archived` fact's moment.
  package var isLoose: Bool {
    switch self {
    case .noted, .archived: true
    // Who may connect is told by these alone, however old they are; they are as few as people's acts.
    case .access(let record): record.kind == .connected || record.kind == .refused
    default: false
    }
  }
}

extension EngineState {
  /// Takes an `archived` fact: everything becomes as it would be had what may be archived never been there.
  ///
  /// Tables are cut to what both a journal with those records and one without them give, and brought into an
  /// order that comes of the records which stay.
  mutating func forget(before cutoff: Timestamp, at now: Timestamp, policy: EnginePolicy) {
    while let oldest = ended.first, let end = records[oldest]?.incident.resolvedAt, end < cutoff {
      ended.removeFirst()
      records[oldest] = nil
    }
    endedByFingerprint.removeAll { $0.value < cutoff }
    endedByFingerprint.trim(to: Self.maxEndedSeries - Self.endedSeriesLot)
    quiet.removeAll { $0.value.since < cutoff }
    quiet.trim(to: Self.maxEndedSeries - Self.endedSeriesLot)
    remembered.forget(before: cutoff, limit: policy.maxRemembered)
    access.forget(before: cutoff)
    let oldestRun = max(cutoff, now - policy.breakerWindow)
    for key in runs.keys { runs[key]?.removeAll { $0 < oldestRun } }
    runs.removeAll { $0.value.isEmpty }
    openByGroup = [:]
    for record in records.values where record.incident.status.isOpen {
      guard let group = record.group else { continue }
      if let other = openByGroup[group].flatMap({ records[$0] }), other.opening > record.opening { continue }
      openByGroup[group] = record.incident.id
    }
  }
}

extension OrderedDictionary {
  /// Drops the oldest entries beyond a count.
  mutating func trim(to limit: Int) {
    if count > limit { removeFirst(count - limit) }
  }
}
