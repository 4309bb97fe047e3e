import IncidentModel

extension IncidentRecord {
  /// A record for an incident that has just been opened; its signal is applied with the event.
  init(incident: Incident, group: GroupKey?, opening: UInt64, lastSignalAt: Timestamp) {
    self.incident = incident
    self.group = group
    self.opening = opening
    self.lastSignalAt = lastSignalAt
  }

  /// Takes one event of this incident into the record.
  mutating func apply(_ event: EngineEvent) {
    incident.updatedAt = event.at
    applyToMachinery(event)
    applyToIncident(event)
    if case .signalled(let signal) = event.fact, incident.symptoms.count >= Incident.maxSymptoms,
      !hasSymptom(signal.fingerprint)
    {
      overflow.take(signal)
    }
    if let entry = event.timelineEntry { incident.append(entry) }
  }

  /// Jobs, leases and deadlines.
  private mutating func applyToMachinery(_ event: EngineEvent) {
    switch event.fact {
    case .queued(let kind, let deadline):
      job = PendingJob(kind: kind, deadline: deadline, queuedAt: event.at, attempts: 0, lease: nil)
      approvalDeadline = nil
    case .leased(let lease, let worker, let instance, let attempt, let expires):
      job?.attempts = attempt
      job?.lease = ActiveLease(
        lease: lease, worker: worker, instance: instance, expires: expires, since: event.at)
      verifiable = Set(incident.symptoms.map(\.fingerprint))
    case .leaseLost: job?.lease = nil
    case .jobEnded(let token, _):
      job = nil
      if let token { finishedToken = token }
    case .approvalRequested(let deadline): approvalDeadline = deadline
    case .stepIntended(let index, _, let token): intents[index] = token
    case .settling(let until): settlesAt = until
    case .unsettled: settlesAt = nil
    case .escalated:
      approvalDeadline = nil
      answerEnd = nil
    case .climbed(let level, let round, let name, let next):
      escalation = EscalationProgress(
        pointer: EscalationPointer(step: level, round: round), next: next, nextName: name)
    case .snoozed(let until, _, let name): answerEnd = AnswerEnd(at: until, name: name)
    case .acknowledged(_, let until, let name):
      answerEnd = until.map { AnswerEnd(at: $0, name: name ?? "") }
    case .snoozeEnded, .acknowledgementLapsed, .approved: answerEnd = nil
    case .resolved, .markedFalsePositive:
      job = nil
      approvalDeadline = nil
      settlesAt = nil
      escalation = nil
      answerEnd = nil
      intents = [:]
    case .opened, .signalled: lastSignalAt = event.at
    default: break
    }
  }

  /// What people see.
  private mutating func applyToIncident(_ event: EngineEvent) {
    switch event.fact {
    case .opened(let signal, _), .signalled(let signal): incident.take(signal)
    case .leased(let lease, _, _, _, _):
      switch (lease.kind, incident.status) {
      case (.diagnose, .detected): incident.status = .investigating
      case (.resolve, .identified), (.resolve, .escalated): incident.status = .resolving
      default: break
      }
    case .exchanged(let exchange): incident.dialogue.append(exchange)
    case .diagnosed(let diagnosis): incident.take(diagnosis)
    case .approvalRequested: incident.awaitingApproval = true
    case .approved:
      incident.awaitingApproval = false
      incident.approved = PersonMark(by: event.actor, at: event.at)
      // Whoever approves a remedy late takes the incident back from the people it was handed to.
      if incident.status == .escalated { incident.status = .identified }
      incident.snoozedUntil = nil
    case .acknowledged:
      incident.acknowledged = PersonMark(by: event.actor, at: event.at)
      incident.snoozedUntil = nil
    case .acknowledgementLapsed: incident.acknowledged = nil
    case .snoozed(let until, _, _):
      incident.snoozedUntil = until
      // After it nobody looks after the incident, whoever did before.
      incident.acknowledged = nil
    case .snoozeEnded: incident.snoozedUntil = nil
    case .stepIntended(let index, let name, _): incident.intend(index, name, at: event.at)
    case .stepConcluded(let outcome): incident.conclude(outcome, at: event.at)
    case .verified(let verification): incident.verification = verification
    case .resolved(let auto, _):
      incident.status = .resolved
      incident.resolvedAt = event.at
      incident.autoResolved = auto
      incident.awaitingApproval = false
      incident.snoozedUntil = nil
    case .escalated(let reason):
      incident.status = .escalated
      incident.escalationReason = reason
      // Whoever acknowledged something earlier has not seen this; who and when stays in the timeline.
      incident.acknowledged = nil
      incident.snoozedUntil = nil
    case .announced(let announcement) where announcement.kind == .escalation:
      incident.escalatedTo = announcement.audience
    case .markedFalsePositive:
      incident.status = .falsePositive
      incident.resolvedAt = event.at
      incident.awaitingApproval = false
      incident.snoozedUntil = nil
    default: break
    }
  }
}

extension Incident {
  /// Takes a diagnosis into cause, steps and status.
  mutating func take(_ diagnosis: Diagnosis) {
    self.diagnosis = diagnosis
    rootCause = diagnosis.rootCause
    let planned =
      diagnosis.remedy?.steps.map { "\($0.name): \($0.action.kind.rawValue) on \($0.target)" } ?? []
    resolutionSteps = planned + diagnosis.recommendations
    if status == .detected || status == .investigating { status = .identified }
  }

  /// Marks a step as about to run.
  mutating func intend(_ index: Int, _ name: String, at now: Timestamp) {
    if let place = steps.firstIndex(where: { $0.index == index }) {
      steps[place].state = .intended
      steps[place].attempts += 1
      steps[place].startedAt = now
      steps[place].endedAt = nil
    } else {
      steps.append(
        StepRecord(index: index, name: name, state: .intended, detail: "", attempts: 1, startedAt: now))
    }
  }

  /// Marks a step's fate.
  mutating func conclude(_ outcome: StepOutcome, at now: Timestamp) {
    guard let place = steps.firstIndex(where: { $0.index == outcome.index }) else { return }
    steps[place].state = outcome.state
    steps[place].detail = outcome.detail
    steps[place].undo = outcome.undo
    steps[place].endedAt = now
  }
}
