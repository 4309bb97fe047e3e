import IncidentModel

extension PBSymptom: WirePart {
  init(_ symptom: Symptom) {
    first = PBSignal(symptom.first)
    latest = PBSignal(symptom.latest)
    count = Int64(symptom.count)
  }

  func model() throws(WireError) -> Symptom {
    Symptom(
      first: try WireRules.required(hasFirst, first, "symptom.first"),
      latest: try WireRules.required(hasLatest, latest, "symptom.latest"),
      count: try WireRules.count(count, "symptom.count"))
  }
}

extension PBTimelineEntry: WirePart {
  init(_ entry: TimelineEntry) {
    at = entry.at.milliseconds
    kind = entry.kind
    actor = entry.actor
    text = WireRules.cut(entry.text)
  }

  func model() throws(WireError) -> TimelineEntry {
    TimelineEntry(
      at: try WireRules.time(at, "timeline.at"), kind: try WireRules.word(kind, "timeline.kind"),
      actor: try WireRules.word(actor, "timeline.actor"),
      text: try WireRules.prose(text, "timeline.text"))
  }
}

extension PBPersonMark: WirePart {
  init(_ mark: PersonMark) {
    by = mark.by
    at = mark.at.milliseconds
  }

  func model() throws(WireError) -> PersonMark {
    PersonMark(by: try WireRules.word(by, "mark.by"), at: try WireRules.time(at, "mark.at"))
  }
}

extension PBIncident: WirePart {
  init(_ incident: Incident) {
    id = incident.id.text
    name = WireRules.cut(incident.name)
    description_p = WireRules.cut(incident.description)
    severity = incident.severity.number
    status = incident.status.number
    detectedAt = incident.detectedAt.milliseconds
    if let moment = incident.resolvedAt { resolvedAt = moment.milliseconds }
    if let cause = incident.rootCause { rootCause = WireRules.cut(cause) }
    resolutionSteps = incident.resolutionSteps.map(WireRules.cut)
    affectedSystems = incident.affectedSystems
    metrics = incident.metrics.map(PBHealthMetric.init)
    logs = incident.logs.map(WireRules.cut)
    autoResolved = incident.autoResolved
    if let person = incident.escalatedTo { escalatedTo = person }
    updatedAt = incident.updatedAt.milliseconds
    count = Int64(incident.count)
    symptoms = incident.symptoms.map(PBSymptom.init)
    autonomy = incident.autonomy.number
    dialogue = incident.dialogue.map(PBExchange.init)
    if let found = incident.diagnosis { diagnosis = PBDiagnosis(found) }
    awaitingApproval = incident.awaitingApproval
    if let mark = incident.approved { approved = PBPersonMark(mark) }
    if let mark = incident.acknowledged { acknowledged = PBPersonMark(mark) }
    if let moment = incident.snoozedUntil { snoozedUntil = moment.milliseconds }
    steps = incident.steps.map(PBStepRecord.init)
    if let verified = incident.verification { verification = PBVerification(verified) }
    if let reason = incident.escalationReason { escalationReason = WireRules.cut(reason) }
    timeline = incident.timeline.map(PBTimelineEntry.init)
  }

  func model() throws(WireError) -> Incident {
    let symptoms = try WireRules.list(symptoms, "incident.symptoms")
    // An incident is always opened by a signal, so one without symptoms is none.
    guard let opening = symptoms.first?.first else { throw .missing(field: "incident.symptoms") }
    var incident = Incident(
      id: try WireRules.incident(id, "incident.id"), openedBy: opening,
      autonomy: try Autonomy(autonomy, "incident.autonomy"),
      at: try WireRules.time(detectedAt, "incident.detected_at"))
    incident.symptoms = symptoms
    try describe(&incident)
    try fillHistory(&incident)
    return incident
  }

  private func describe(_ incident: inout Incident) throws(WireError) {
    incident.name = try WireRules.prose(name, "incident.name")
    incident.description = try WireRules.prose(description_p, "incident.description")
    incident.severity = try Severity(severity, "incident.severity")
    incident.status = try IncidentStatus(status, "incident.status")
    incident.resolvedAt = hasResolvedAt ? try WireRules.time(resolvedAt, "incident.resolved_at") : nil
    incident.rootCause = hasRootCause ? try WireRules.prose(rootCause, "incident.root_cause") : nil
    incident.resolutionSteps = try WireRules.proses(resolutionSteps, "incident.resolution_steps")
    incident.affectedSystems = try WireRules.names(affectedSystems, "incident.affected_systems")
    incident.metrics = try WireRules.list(metrics, "incident.metrics")
    incident.logs = try WireRules.proses(logs, "incident.logs")
    incident.autoResolved = autoResolved
    incident.escalatedTo = hasEscalatedTo ? try WireRules.word(escalatedTo, "incident.escalated_to") : nil
    incident.updatedAt = try WireRules.time(updatedAt, "incident.updated_at")
    incident.count = try WireRules.count(count, "incident.count")
  }

  private func fillHistory(_ incident: inout Incident) throws(WireError) {
    incident.dialogue = try WireRules.list(dialogue, "incident.dialogue")
    incident.diagnosis = try WireRules.optional(hasDiagnosis, diagnosis)
    incident.awaitingApproval = awaitingApproval
    incident.approved = try WireRules.optional(hasApproved, approved)
    incident.acknowledged = try WireRules.optional(hasAcknowledged, acknowledged)
    incident.snoozedUntil =
      hasSnoozedUntil ? try WireRules.time(snoozedUntil, "incident.snoozed_until") : nil
    incident.steps = try WireRules.list(steps, "incident.steps")
    incident.verification = try WireRules.optional(hasVerification, verification)
    incident.escalationReason =
      hasEscalationReason ? try WireRules.prose(escalationReason, "incident.escalation_reason") : nil
    incident.timeline = try WireRules.list(timeline, "incident.timeline")
  }
}

extension PBIncidentDigest: WirePart {
  init(_ digest: IncidentDigest) {
    id = digest.id.text
    name = WireRules.cut(digest.name)
    severity = digest.severity.number
    status = digest.status.number
    if let target = digest.target { self.target = target }
    if let cause = digest.rootCause { rootCause = WireRules.cut(cause) }
    if let runbook = digest.runbook { self.runbook = runbook }
    detectedAt = digest.detectedAt.milliseconds
    if let moment = digest.resolvedAt { resolvedAt = moment.milliseconds }
    autoResolved = digest.autoResolved
    fingerprints = digest.fingerprints.map(\.text)
  }

  func model() throws(WireError) -> IncidentDigest {
    var series: [Fingerprint] = []
    for text in try WireRules.limited(fingerprints, "digest.fingerprints") {
      series.append(try fingerprintModel(text, "digest.fingerprints"))
    }
    return IncidentDigest(
      id: try WireRules.incident(id, "digest.id"), name: try WireRules.prose(name, "digest.name"),
      severity: try Severity(severity, "digest.severity"),
      status: try IncidentStatus(status, "digest.status"),
      target: hasTarget ? try WireRules.word(target, "digest.target") : nil,
      rootCause: hasRootCause ? try WireRules.prose(rootCause, "digest.root_cause") : nil,
      runbook: hasRunbook ? try WireRules.word(runbook, "digest.runbook") : nil,
      detectedAt: try WireRules.time(detectedAt, "digest.detected_at"),
      resolvedAt: hasResolvedAt ? try WireRules.time(resolvedAt, "digest.resolved_at") : nil,
      autoResolved: autoResolved, fingerprints: series)
  }
}
