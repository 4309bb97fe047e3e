import DequeModule
import HeapModule
import IncidentModel
import OrderedCollections

extension EngineState {
  /// Takes one event of the journal into the state. Nothing else changes what the journal speaks of.
  mutating func apply(_ event: EngineEvent, policy: EnginePolicy) {
    sequence = event.sequence
    switch event.fact {
    case .opened(let signal, let autonomy):
      applyOpened(event, signal: signal, autonomy: autonomy)
      remember(signal, limit: policy.maxRemembered)
    case .signalled(let signal):
      remember(signal, limit: policy.maxRemembered)
      track(signal, for: event.incident)
    case .noted(let signal, _):
      remember(signal, limit: policy.maxRemembered)
      if signal.state == .cleared { quiet[signal.fingerprint] = nil }
    case .announced(let announcement): announcements[announcement.key] = announcement
    case .announcementTold(let key, let sink): told[key, default: []].insert(sink)
    case .announcementSettled(let key, _):
      announcements[key] = nil
      told[key] = nil
    default: break
    }
    guard let id = event.incident, var record = records.removeValue(forKey: id) else { return }
    // The record was taken out so that it is changed in place, not copied.
    let wasOpen = record.incident.status.isOpen
    record.apply(event)
    if case .leased(let lease, _, let instance, _, _) = event.fact {
      lastToken = max(lastToken, lease.token)
      workers[instance]?.tokens.insert(lease.token)
    }
    noteRun(event, record, policy)
    updateWaiting(id, record, event)
    if wasOpen, !record.incident.status.isOpen { close(id, record, event) }
    schedule(id, &record)
    records[id] = record
    if wasOpen, !record.incident.status.isOpen { evict(policy.maxEnded) }
  }

  private mutating func applyOpened(_ event: EngineEvent, signal: Signal, autonomy: Autonomy) {
    guard let id = event.incident else { return }
    numbers.note(id)
    let group = signal.target.flatMap { target in
      ProblemFamily(metric: signal.metric).map { GroupKey(target: target, family: $0) }
    }
    records[id] = IncidentRecord(
      incident: Incident(id: id, openedBy: signal, autonomy: autonomy, at: event.at),
      group: group, lastSignalAt: event.at)
    if let group { openByGroup[group] = id }
    quiet[signal.fingerprint] = nil
    openByFingerprint[signal.fingerprint] = id
  }

  private mutating func track(_ signal: Signal, for id: IncidentID?) {
    guard let id, let record = records[id], record.incident.status.isOpen else { return }
    let known = record.incident.symptoms.contains { $0.latest.fingerprint == signal.fingerprint }
    if known || record.incident.symptoms.count < Incident.maxSymptoms {
      openByFingerprint[signal.fingerprint] = id
    }
  }

  private mutating func remember(_ signal: Signal, limit: Int) {
    remembered.append(signal.id)
    // In lots, because taking from the front moves the rest.
    if remembered.count > limit + limit / 4 { remembered.removeFirst(remembered.count - limit) }
  }

  /// Keeps the breaker's account: a remedy that starts without a person's approval.
  private mutating func noteRun(_ event: EngineEvent, _ record: IncidentRecord, _ policy: EnginePolicy) {
    guard case .queued(job: .resolve, _) = event.fact, record.incident.approved == nil,
      let runbook = record.incident.diagnosis?.remedy?.runbook
    else { return }
    for symptom in record.incident.symptoms {
      let key = RunKey(fingerprint: symptom.latest.fingerprint, runbook: runbook)
      runs[key, default: []].removeAll { $0 < event.at - policy.breakerWindow }
      runs[key, default: []].append(event.at)
    }
    if runs.count > 20_000 { runs.removeFirst(5_000) }
  }

  private mutating func updateWaiting(_ id: IncidentID, _ record: IncidentRecord, _ event: EngineEvent) {
    switch event.fact {
    case .queued, .leased, .leaseLost, .jobEnded, .resolved, .escalated, .markedFalsePositive: break
    default: return
    }
    for kind in JobKind.allCases {
      if record.job?.kind == kind, record.job?.lease == nil {
        waiting[kind, default: []].append(id)
      } else {
        waiting[kind]?.remove(id)
      }
    }
    if case .leaseLost(let token, _) = event.fact { forget(token: token) }
    if case .jobEnded(let token?, _) = event.fact { forget(token: token) }
  }

  private mutating func forget(token: UInt64) {
    for instance in workers.keys { workers[instance]?.tokens.remove(token) }
  }

  private mutating func close(_ id: IncidentID, _ record: IncidentRecord, _ event: EngineEvent) {
    for symptom in record.incident.symptoms {
      let fingerprint = symptom.latest.fingerprint
      if openByFingerprint[fingerprint] == id { openByFingerprint[fingerprint] = nil }
      endedByFingerprint[fingerprint] = nil
      endedByFingerprint[fingerprint] = event.at
      if case .markedFalsePositive(_, let until) = event.fact { quiet[fingerprint] = until }
    }
    if let group = record.group, openByGroup[group] == id { openByGroup[group] = nil }
    if endedByFingerprint.count > 125_000 { endedByFingerprint.removeFirst(25_000) }
    if quiet.count > 125_000 { quiet.removeFirst(25_000) }
    ended.append(id)
  }

  private mutating func evict(_ limit: Int) {
    while ended.count > limit, let oldest = ended.popFirst() { records[oldest] = nil }
  }

  /// Puts the record's next deadline into the queue unless an earlier entry is there already.
  mutating func schedule(_ id: IncidentID, _ record: inout IncidentRecord) {
    guard let at = record.nextDeadline?.at else { return }
    if let queued = record.queuedDeadline, queued <= at { return }
    record.queuedDeadline = at
    deadlines.insert(Deadline(at: at, incident: id))
  }
}
