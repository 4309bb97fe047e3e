import IncidentModel
import OrderedCollections

extension Engine {
  /// Takes a detector's statement; one that was seen before changes nothing.
  mutating func take(_ signal: Signal) {
    guard !state.remembered.contains(signal.id) else { return }
    _ = place(signal, by: signal.detector)
  }

  /// Takes an outside monitor's statements; every posting counts.
  mutating func take(_ alerts: [AIopsAlert], posting: String, token: String?) -> EngineReply {
    var placements: [AlertPlacement] = []
    for (index, alert) in alerts.enumerated() {
      let signal = alert.signal(id: "\(posting)-\(index)")
      let actor = token.map { "\(signal.detector) (token \($0))" } ?? signal.detector
      placements.append(place(signal, by: actor))
    }
    return .alerts(placements)
  }

  /// Gives a signal its place: in an open incident, in a new one, or in none.
  private mutating func place(_ signal: Signal, by actor: String) -> AlertPlacement {
    if let id = openIncident(for: signal) {
      let before = state.records.incident(id).map { Gravity($0) }
      emit(.signalled(signal: signal), on: id, by: actor)
      updateSettling(id)
      if let before { raiseAgain(id, before, signal) }
      return AlertPlacement(outcome: signal.state == .cleared ? .cleared : .counted, incident: id)
    }
    if signal.state == .cleared {
      emit(.noted(signal: signal, reason: "no open incident"), by: actor)
      return AlertPlacement(outcome: .ignored, incident: nil)
    }
    if isQuiet(signal.fingerprint) {
      emit(.noted(signal: signal, reason: "marked as false positive"), by: actor)
      return AlertPlacement(outcome: .ignored, incident: nil)
    }
    // Only for a while, because the two times are of different clocks.
    if let ended = state.endedByFingerprint[signal.fingerprint], signal.observedAt <= ended,
      now - ended <= policy.lateSignalWindow
    {
      emit(.noted(signal: signal, reason: "seen before the incident ended"), by: actor)
      return AlertPlacement(outcome: .ignored, incident: nil)
    }
    let id = state.numbers.next(openedBy: signal, at: now)
    emit(.opened(signal: signal, autonomy: policy.autonomy(for: signal.target)), on: id, by: actor)
    emit(.queued(job: .diagnose, deadline: now + policy.diagnosisLimit), on: id)
    return AlertPlacement(outcome: .opened, incident: id)
  }

  /// The open incident that a signal belongs to: of its series, or of its target and family lately.
  private func openIncident(for signal: Signal) -> IncidentID? {
    if let id = state.openByFingerprint[signal.fingerprint] { return id }
    guard signal.state == .raised, let group = GroupKey(signal), let id = state.openByGroup[group],
      let record = state.records[id], now - record.lastSignalAt <= policy.correlationWindow,
      // A false positive speaks of its own series only; so does its silence.
      !isQuiet(signal.fingerprint)
    else { return nil }
    return id
  }

  /// Tells people again when what was handed to them became worse or more.
  private mutating func raiseAgain(_ id: IncidentID, _ before: Gravity, _ signal: Signal) {
    guard signal.state == .raised, before.status == .escalated,
      let after = state.records.incident(id).map({ Gravity($0) })
    else { return }
    if after.severity > before.severity {
      escalate(id, reason: "it became \(after.severity.rawValue) since it was handed over: \(signal.metric)")
    } else if after.symptoms > before.symptoms {
      escalate(id, reason: "\(signal.metric) came up since it was handed over")
    }
  }

  /// Whether a series was marked as a false positive lately.
  private func isQuiet(_ fingerprint: Fingerprint) -> Bool {
    state.quiet[fingerprint].map { now < $0.until } ?? false
  }

  /// Begins or ends the wait for symptoms that went away by themselves.
  private mutating func updateSettling(_ id: IncidentID) {
    guard let record = state.records[id] else { return }
    let gone = record.isAllClear
    if gone, record.settlesAt == nil {
      emit(.settling(until: now + policy.settle), on: id)
    } else if !gone, record.settlesAt != nil {
      emit(.unsettled, on: id)
    }
  }
}

/// How bad an incident is: what a signal may make worse. Not the incident, of which a copy would be held
/// while it changes.
private struct Gravity {
  let status: IncidentStatus
  let severity: Severity
  let symptoms: Int

  init(_ incident: Incident) {
    status = incident.status
    severity = incident.severity
    // Queries of one source that can't be asked are one trouble, whichever detector finds it when.
    let failed = incident.symptoms.count { $0.latest.failedQuery != nil }
    symptoms = incident.symptoms.count - max(failed - 1, 0)
  }
}
