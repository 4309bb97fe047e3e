import IncidentModel

extension PBPlannedStep: WirePart {
  init(_ step: PlannedStep) {
    name = step.name
    action = PBAction(step.action)
    target = step.target
    timeoutSeconds = step.timeoutSeconds
    retries = Int64(step.retries)
    idempotent = step.idempotent
    rollback = step.rollback
  }

  func model() throws(WireError) -> PlannedStep {
    PlannedStep(
      name: try WireRules.name(name, "step.name"),
      action: try WireRules.required(hasAction, action, "step.action"),
      target: try WireRules.word(target, "step.target"),
      timeoutSeconds: try WireRules.amount(timeoutSeconds, "step.timeout_seconds", most: 1e9),
      retries: try WireRules.count(retries, "step.retries"),
      idempotent: idempotent, rollback: rollback)
  }
}

extension PBStepRecord: WirePart {
  init(_ record: StepRecord) {
    index = Int64(record.index)
    name = record.name
    state = record.state.number
    detail = WireRules.cut(record.detail)
    if let undo = record.undo { self.undo = PBAction(undo) }
    attempts = Int64(record.attempts)
    startedAt = record.startedAt.milliseconds
    if let endedAt = record.endedAt { self.endedAt = endedAt.milliseconds }
  }

  func model() throws(WireError) -> StepRecord {
    StepRecord(
      index: try WireRules.count(index, "record.index"),
      name: try WireRules.name(name, "record.name"),
      state: try StepRecord.State(state, "record.state"),
      detail: try WireRules.prose(detail, "record.detail"),
      undo: try WireRules.optional(hasUndo, undo),
      attempts: try WireRules.count(attempts, "record.attempts"),
      startedAt: try WireRules.time(startedAt, "record.started_at"),
      endedAt: hasEndedAt ? try WireRules.time(endedAt, "record.ended_at") : nil)
  }
}

extension PBStepOutcome: WirePart {
  init(_ outcome: StepOutcome) {
    index = Int64(outcome.index)
    state = outcome.state.number
    detail = WireRules.cut(outcome.detail)
    if let undo = outcome.undo { self.undo = PBAction(undo) }
  }

  func model() throws(WireError) -> StepOutcome {
    let state = try StepRecord.State(state, "outcome.state")
    if state == .intended {
      throw .outOfRange(field: "outcome.state", reason: "is intended, which is no fate")
    }
    return StepOutcome(
      index: try WireRules.count(index, "outcome.index"), state: state,
      detail: try WireRules.prose(detail, "outcome.detail"),
      undo: try WireRules.optional(hasUndo, undo))
  }
}

extension PBVerification: WirePart {
  init(_ verification: Verification) {
    verdict = verification.verdict.number
    detail = WireRules.cut(verification.detail)
    measurements = verification.measurements.map(PBHealthMetric.init)
    at = verification.at.milliseconds
  }

  func model() throws(WireError) -> Verification {
    Verification(
      verdict: try Verification.Verdict(verdict, "verification.verdict"),
      detail: try WireRules.prose(detail, "verification.detail"),
      measurements: try WireRules.list(measurements, "verification.measurements"),
      at: try WireRules.time(at, "verification.at"))
  }
}
