import IncidentModel
import OrderedCollections

extension Engine {
  /// Takes one exchange of a dialogue; the same one twice is one.
  mutating func exchanged(_ exchange: Exchange, _ lease: Lease, _ instance: String) -> EngineReply {
    guard holds(lease, instance), let record = state.records[lease.incident] else { return staleness(lease) }
    if record.incident.dialogue.contains(exchange) { return .granted }
    // An earlier worker's dialogue stays in the incident; this worker's own has a limit.
    guard (1...Exchange.limit).contains(exchange.number),
      record.incident.dialogue.count < Exchange.limit * policy.maxAttempts
    else { return .refused(reason: "a dialogue has at most \(Exchange.limit) exchanges") }
    emit(.exchanged(exchange: exchange), on: lease.incident, by: workerName(lease.incident))
    return .granted
  }

  /// Decides whether a step may run. What is not idempotent is granted once.
  mutating func intend(_ step: Int, _ name: String, _ lease: Lease, _ instance: String) -> EngineReply {
    guard holds(lease, instance), lease.kind == .resolve, let record = state.records[lease.incident] else {
      return staleness(lease)
    }
    guard let plan = record.incident.diagnosis?.remedy?.steps, plan.indices.contains(step) else {
      return .refused(reason: "the remedy has no step \(step &+ 1)")
    }
    guard mayAct(record.incident) else {
      return .refused(
        reason:
          "\(lease.incident) is not approved, and its source is set to \(record.incident.autonomy.rawValue)")
    }
    if let done = record.incident.steps.first(where: { $0.index == step }) {
      switch done.state {
      case .succeeded: return .refused(reason: "step \(step + 1) was done before")
      case .rolledBack: return .refused(reason: "step \(step + 1) was put back")
      case .intended where record.intents[step] == lease.token: return .granted
      case .intended where !plan[step].idempotent:
        return .refused(
          reason: "step \(step + 1) may have run already and must not run twice; a person decides")
      case .failed where !plan[step].idempotent:
        return .refused(reason: "step \(step + 1) failed and must not run twice; a person decides")
      case .failed where done.attempts - policy.maxAttempts > plan[step].retries:
        return .refused(reason: "step \(step + 1) failed \(done.attempts) times")
      case .intended, .failed: break
      }
    }
    emit(
      .stepIntended(index: step, name: plan[step].name, token: lease.token), on: lease.incident,
      by: workerName(lease.incident))
    return .granted
  }

  /// Whether a remedy may run at all.
  func mayAct(_ incident: Incident) -> Bool {
    switch incident.autonomy {
    case .auto: true
    case .suggest: incident.approved != nil
    case .observe: false
    }
  }

  /// Takes a step's fate; the same one twice is one.
  mutating func concluded(_ outcome: StepOutcome, _ lease: Lease, _ instance: String) -> EngineReply {
    guard holds(lease, instance), let record = state.records[lease.incident] else { return staleness(lease) }
    guard let step = record.incident.steps.first(where: { $0.index == outcome.index }) else {
      return .refused(reason: "step \(outcome.index &+ 1) was never meant to run")
    }
    if step.state == outcome.state, step.detail == outcome.detail { return .granted }
    let fits =
      switch (step.state, outcome.state) {
      case (.intended, .succeeded), (.intended, .failed), (.succeeded, .rolledBack), (.failed, .rolledBack):
        true
      default: false
      }
    guard fits else {
      return .refused(
        reason:
          "step \(outcome.index + 1) is \(step.state.rawValue) and can't become \(outcome.state.rawValue)")
    }
    emit(.stepConcluded(outcome: outcome), on: lease.incident, by: workerName(lease.incident))
    return .granted
  }

  /// Takes a job's end; the same one twice is one.
  mutating func finished(_ result: JobResult, _ lease: Lease, _ instance: String) -> EngineReply {
    let id = lease.incident
    if let record = state.records[id], record.finishedToken == lease.token { return .granted }
    guard holds(lease, instance) else { return staleness(lease) }
    let worker = workerName(id)
    if let active = state.records[id]?.job?.lease { noteEnd(of: active) }
    switch (lease.kind, result) {
    case (.diagnose, .diagnosed(let diagnosis)) where !diagnosis.hypotheses.isEmpty:
      emit(.diagnosed(diagnosis: diagnosis), on: id, by: worker)
      emit(.jobEnded(token: lease.token, reason: "diagnosed by \(worker)"), on: id, by: worker)
      follow(diagnosis, id)
    case (.resolve, .remedied(let verification, let message)):
      emit(.verified(verification: verification), on: id, by: worker)
      emit(.jobEnded(token: lease.token, reason: "remedy ended"), on: id, by: worker)
      conclude(id, verification, message)
    case (_, .failed(let reason)):
      emit(
        .jobEnded(token: lease.token, reason: "\(lease.kind.rawValue) failed: \(reason)"), on: id, by: worker)
      escalate(id, reason: lease.kind == .diagnose ? "the investigation failed: \(reason)" : reason)
    default:
      return .refused(reason: "that is no result of a job to \(lease.kind.rawValue)")
    }
    return .granted
  }

  /// Goes on from a diagnosis as far as the source's autonomy allows.
  private mutating func follow(_ diagnosis: Diagnosis, _ id: IncidentID) {
    guard let incident = state.records[id]?.incident else { return }
    guard let remedy = diagnosis.remedy, !remedy.steps.isEmpty else {
      let why = diagnosis.confidence > 0 ? "no runbook fits: \(diagnosis.rootCause)" : diagnosis.rootCause
      return escalate(id, reason: why)
    }
    if incident.autonomy == .auto, let count = recentRuns(incident, remedy), count >= policy.breakerLimit {
      return escalate(
        id,
        reason: "runbook \(remedy.runbook) already ran \(count) times for this within "
          + "\(Int(policy.breakerWindow.inSeconds / 60)) minutes; it does not last: \(diagnosis.rootCause)")
    }
    switch incident.autonomy {
    case .auto:
      emit(
        .queued(job: .resolve, deadline: now + policy.resolutionLimit), on: id,
        why: "runbook \(remedy.runbook), and its source is set to auto")
    case .suggest:
      emit(.approvalRequested(deadline: now + policy.approvalLimit), on: id)
      announceApproval(id, remedy)
    case .observe:
      escalate(id, reason: "its source is only observed; the cause is: \(diagnosis.rootCause)")
    }
  }

  private func recentRuns(_ incident: Incident, _ remedy: Remedy) -> Int? {
    incident.symptoms
      .compactMap { state.runs[RunKey(fingerprint: $0.fingerprint, runbook: remedy.runbook)] }
      .map { $0.count { $0 > now - policy.breakerWindow } }
      .max()
  }

  /// Ends an incident whose remedy has run by what was measured after it.
  private mutating func conclude(_ id: IncidentID, _ verification: Verification, _ message: String) {
    guard let record = state.records[id] else { return }
    let incident = record.incident
    let failed = incident.steps.contains { $0.state != .succeeded }
    // What joined while the remedy ran was measured by nobody.
    let unseen = incident.symptoms.filter {
      !$0.isCleared && !record.verifiable.contains($0.fingerprint)
    }
    switch verification.verdict {
    case .recovered where !failed && unseen.isEmpty && record.overflow.isGone:
      resolve(id, auto: true, reason: message)
    case .recovered where !failed && unseen.isEmpty:
      escalate(
        id, reason: "the first symptoms are gone, but \(record.overflow.text) were not measured. \(message)")
    case .recovered where !failed:
      let names = unseen.map(\.latest.metric).joined(separator: ", ")
      escalate(id, reason: "the first symptom is gone, but \(names) came up meanwhile. \(message)")
    case .recovered: escalate(id, reason: "the symptom is gone, but not every step succeeded. \(message)")
    case .notRecovered: escalate(id, reason: "the remedy did not help: \(verification.detail). \(message)")
    case .unknown:
      escalate(
        id, reason: "whether the remedy helped could not be measured: \(verification.detail). \(message)")
    }
  }

  func workerName(_ id: IncidentID) -> String { state.records[id]?.job?.lease?.worker ?? "unknown" }
}
