import DequeModule
import HeapModule
import IncidentModel
import OrderedCollections

extension EngineState {
  /// Takes one event of the journal into the state. Nothing else changes what the journal speaks of.
  mutating func apply(_ event: EngineEvent, policy: EnginePolicy) {
    sequence = event.sequence
    var event = event
    switch event.fact {
    case .opened(let signal, let autonomy):
      let signal = names.pooled(signal)
      event.fact = .opened(signal: signal, autonomy: autonomy)
      applyOpened(event, signal: signal, autonomy: autonomy)
      remembered.remember(signal.id, at: event.at, limit: policy.maxRemembered)
    case .signalled(let signal):
      let signal = names.pooled(signal)
      event.fact = .signalled(signal: signal)
      remembered.remember(signal.id, at: event.at, limit: policy.maxRemembered)
    case .noted(let signal, _):
      remembered.remember(signal.id, at: event.at, limit: policy.maxRemembered)
      if signal.state == .cleared {
        quiet[signal.fingerprint] = nil
        release(signal.fingerprint)
      }
    case .announced(let announcement): announcements[announcement.key] = announcement
    case .announcementTold(let key, let sink): told[key, default: []].insert(sink)
    case .announcementSettled(let key, _):
      announcements[key] = nil
      told[key] = nil
    case .access(let record): access.apply(record, at: event.at)
    case .archived(let before, let opened, let salt, let numbering, let token):
      numbers.resume(opened: opened, salt: salt, numbering: numbering ?? .scattered)
      lastToken = max(lastToken, token)
      forget(before: before, at: event.at, policy: policy)
    default: break
    }
    guard let id = event.incident, let entry = records.unique(id) else { return }
    let wasOpen = entry.record.incident.status.isOpen
    entry.record.apply(event)
    if case .signalled(let signal) = event.fact { track(signal, id, entry) }
    if case .leased(let lease, _, let instance, _, _) = event.fact {
      lastToken = max(lastToken, lease.token)
      workers[instance]?.tokens.insert(lease.token)
    }
    noteRun(event, entry, policy)
    updateWaiting(id, entry, event)
    let hasEnded = wasOpen && !entry.record.incident.status.isOpen
    if hasEnded {
      close(id, entry.record, event)
      entry.record.overflow = Overflow()
    }
    schedule(id, &entry.record)
    if hasEnded { evict(policy.maxEnded) }
  }

  private mutating func applyOpened(_ event: EngineEvent, signal: Signal, autonomy: Autonomy) {
    guard let id = event.incident else { return }
    numbers.note(id)
    let group = GroupKey(signal)
    records[id] = IncidentRecord(
      incident: Incident(id: id, openedBy: signal, autonomy: autonomy, at: event.at),
      group: group, opening: event.sequence, lastSignalAt: event.at)
    if let group { openByGroup[group] = id }
    quiet[signal.fingerprint] = nil
    release(signal.fingerprint)
    openByFingerprint[signal.fingerprint] = id
  }

  /// Notes whose a series is: an incident's while it is a symptom or in trouble.
  private mutating func track(_ signal: Signal, _ id: IncidentID, _ entry: IncidentTable.Entry) {
    let fingerprint = signal.fingerprint
    let isKnown = openByFingerprint[fingerprint] == id
    if isKnown && signal.state == .raised { return }
    guard entry.record.incident.status.isOpen else { return }
    if entry.record.hasSymptom(fingerprint) || entry.record.overflow.contains(fingerprint) {
      openByFingerprint[fingerprint] = id
    } else if isKnown {
      openByFingerprint[fingerprint] = nil
    }
  }

  /// Takes a series beyond the symptoms from the incident that had it. Only journals from before such series were
  /// kept have facts by which it goes to another, or is cleared in none.
  private mutating func release(_ fingerprint: Fingerprint) {
    guard let id = openByFingerprint[fingerprint], let entry = records.unique(id),
      entry.record.overflow.drop(fingerprint)
    else { return }
    openByFingerprint[fingerprint] = nil
  }

  /// Keeps the breaker's account: a remedy that starts without a person's approval.
  private mutating func noteRun(
    _ event: EngineEvent, _ entry: IncidentTable.Entry, _ policy: EnginePolicy
  ) {
    guard case .queued(job: .resolve, _) = event.fact, entry.record.incident.approved == nil,
      let runbook = entry.record.incident.diagnosis?.remedy?.runbook
    else { return }
    for symptom in entry.record.incident.symptoms {
      let key = RunKey(fingerprint: symptom.fingerprint, runbook: runbook)
      let recent = runs.removeValue(forKey: key)?.filter { $0 >= event.at - policy.breakerWindow }
      runs[key] = (recent ?? []) + [event.at]
    }
    if runs.count > 20_000 { runs.removeFirst(5_000) }
  }

  private mutating func updateWaiting(
    _ id: IncidentID, _ entry: IncidentTable.Entry, _ event: EngineEvent
  ) {
    switch event.fact {
    case .queued, .leased, .leaseLost, .jobEnded, .resolved, .escalated, .markedFalsePositive: break
    default: return
    }
    if entry.record.job?.lease != nil { leased.insert(id) } else { leased.remove(id) }
    for kind in JobKind.allCases {
      if entry.record.job?.kind == kind, entry.record.job?.lease == nil {
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
    for fingerprint in record.incident.symptoms.map(\.fingerprint) + record.overflow.fingerprints {
      if openByFingerprint[fingerprint] == id { openByFingerprint[fingerprint] = nil }
      endedByFingerprint[fingerprint] = nil
      endedByFingerprint[fingerprint] = event.at
      if case .markedFalsePositive(_, let until) = event.fact {
        quiet[fingerprint] = nil
        quiet[fingerprint] = QuietSeries(until: until, since: event.at)
      }
    }
    if let group = record.group, openByGroup[group] == id { openByGroup[group] = nil }
    if endedByFingerprint.count > Self.maxEndedSeries { endedByFingerprint.removeFirst(Self.endedSeriesLot) }
    if quiet.count > Self.maxEndedSeries { quiet.removeFirst(Self.endedSeriesLot) }
    ended.append(id)
  }

  private mutating func evict(_ limit: Int) {
    while ended.count > limit, let oldest = ended.popFirst() { records[oldest] = nil }
  }

  /// Puts the record's next deadline into the queue unless an earlier entry is there already.
  mutating func schedule(_ id: IncidentID, _ record: inout IncidentRecord) {
    guard let at = record.nextMoment else { return }
    if let queued = record.queuedDeadline, queued <= at { return }
    record.queuedDeadline = at
    deadlines.insert(Deadline(at: at, incident: id))
  }
}
