package import IncidentModel

extension Incident {
  /// The incident that these events make; `nil` unless they begin with its opening.
  /// - Parameter events: the events of one incident, in order. Where some after the opening are missing, what they
  ///   alone told is missing in the incident too.
  package static func replayed(from events: [EngineEvent]) -> Incident? {
    guard let first = events.first, let id = first.incident,
      case .opened(let signal, let autonomy) = first.fact
    else { return nil }
    var record = IncidentRecord(
      incident: Incident(id: id, openedBy: signal, autonomy: autonomy, at: first.at), group: nil,
      opening: first.sequence, lastSignalAt: first.at)
    for event in events where event.incident == id { record.apply(event) }
    return record.incident
  }
}
