extension Incident: Codable {
  private enum CodingKeys: String, CodingKey {
    case id, name, description, severity, status, detectedAt, resolvedAt, rootCause, resolutionSteps
    case affectedSystems, metrics, logs, autoResolved, escalatedTo, updatedAt, count, symptoms, autonomy
    case dialogue, diagnosis, awaitingApproval, approved, acknowledged, snoozedUntil, steps
    case verification, escalationReason, timeline
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let symptoms = try fields.decode([Symptom].self, forKey: .symptoms)
    self.init(
      id: try fields.decode(IncidentID.self, forKey: .id), opening: symptoms.first.map { Boxed($0.first) },
      severity: try fields.decode(Severity.self, forKey: .severity),
      autonomy: try fields.decode(Autonomy.self, forKey: .autonomy),
      at: try fields.decode(Timestamp.self, forKey: .detectedAt),
      affectedSystems: try fields.decode([String].self, forKey: .affectedSystems))
    self.symptoms = symptoms
    timeline = try fields.decode([TimelineEntry].self, forKey: .timeline)
    status = try fields.decode(IncidentStatus.self, forKey: .status)
    autoResolved = try fields.decode(Bool.self, forKey: .autoResolved)
    awaitingApproval = try fields.decode(Bool.self, forKey: .awaitingApproval)
    resolvedAt = try fields.decodeIfPresent(Timestamp.self, forKey: .resolvedAt)
    updatedAt = try fields.decode(Timestamp.self, forKey: .updatedAt)
    count = try fields.decode(Int.self, forKey: .count)
    name = try fields.decode(String.self, forKey: .name)
    description = try fields.decode(String.self, forKey: .description)
    metrics = try fields.decode([HealthMetric].self, forKey: .metrics)
    logs = try fields.decode([String].self, forKey: .logs)
    rootCause = try fields.decodeIfPresent(String.self, forKey: .rootCause)
    resolutionSteps = try fields.decode([String].self, forKey: .resolutionSteps)
    escalatedTo = try fields.decodeIfPresent(String.self, forKey: .escalatedTo)
    dialogue = try fields.decode([Exchange].self, forKey: .dialogue)
    diagnosis = try fields.decodeIfPresent(Diagnosis.self, forKey: .diagnosis)
    approved = try fields.decodeIfPresent(PersonMark.self, forKey: .approved)
    acknowledged = try fields.decodeIfPresent(PersonMark.self, forKey: .acknowledged)
    snoozedUntil = try fields.decodeIfPresent(Timestamp.self, forKey: .snoozedUntil)
    steps = try fields.decode([StepRecord].self, forKey: .steps)
    verification = try fields.decodeIfPresent(Verification.self, forKey: .verification)
    escalationReason = try fields.decodeIfPresent(String.self, forKey: .escalationReason)
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(id, forKey: .id)
    try fields.encode(name, forKey: .name)
    try fields.encode(description, forKey: .description)
    try fields.encode(severity, forKey: .severity)
    try fields.encode(status, forKey: .status)
    try fields.encode(detectedAt, forKey: .detectedAt)
    try fields.encodeIfPresent(resolvedAt, forKey: .resolvedAt)
    try fields.encodeIfPresent(rootCause, forKey: .rootCause)
    try fields.encode(resolutionSteps, forKey: .resolutionSteps)
    try fields.encode(affectedSystems, forKey: .affectedSystems)
    try fields.encode(metrics, forKey: .metrics)
    try fields.encode(logs, forKey: .logs)
    try fields.encode(autoResolved, forKey: .autoResolved)
    try fields.encodeIfPresent(escalatedTo, forKey: .escalatedTo)
    try fields.encode(updatedAt, forKey: .updatedAt)
    try fields.encode(count, forKey: .count)
    try fields.encode(symptoms, forKey: .symptoms)
    try fields.encode(autonomy, forKey: .autonomy)
    try fields.encode(dialogue, forKey: .dialogue)
    try fields.encodeIfPresent(diagnosis, forKey: .diagnosis)
    try fields.encode(awaitingApproval, forKey: .awaitingApproval)
    try fields.encodeIfPresent(approved, forKey: .approved)
    try fields.encodeIfPresent(acknowledged, forKey: .acknowledged)
    try fields.encodeIfPresent(snoozedUntil, forKey: .snoozedUntil)
    try fields.encode(steps, forKey: .steps)
    try fields.encodeIfPresent(verification, forKey: .verification)
    try fields.encodeIfPresent(escalationReason, forKey: .escalationReason)
    try fields.encode(timeline, forKey: .timeline)
  }
}
