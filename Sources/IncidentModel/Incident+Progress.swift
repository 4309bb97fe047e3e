extension Incident {
  /// What an incident gets on its way, if it gets that far.
  struct Progress: Hashable, Sendable {
    var rootCause: String?
    var resolutionSteps: [String] = []
    var escalatedTo: String?
    var dialogue: [Exchange] = []
    var diagnosis: Diagnosis?
    var approved: PersonMark?
    var acknowledged: PersonMark?
    var snoozedUntil: Timestamp?
    var steps: [StepRecord] = []
    var verification: Verification?
    var escalationReason: String?

    // What does not follow from symptoms and timeline.
    var name: String?
    var description: String?
    var metrics: [HealthMetric]?
    var logs: [String]?
  }

  /// Changes what is kept apart.
  mutating func change(_ body: (inout Progress) -> Void) {
    var box = progress ?? Boxed(Progress())
    // So that the box is held once and changed where it is.
    progress = nil
    body(&box.value)
    progress = box
  }

  /// The diagnosis's first cause.
  package var rootCause: String? {
    get { progress?.value.rootCause }
    set { if progress != nil || newValue != nil { change { $0.rootCause = newValue } } }
  }

  /// What was done, or is proposed, one line a step.
  package var resolutionSteps: [String] {
    get { progress?.value.resolutionSteps ?? [] }
    set { if progress != nil || !newValue.isEmpty { change { $0.resolutionSteps = newValue } } }
  }

  /// Whom it was handed to.
  package var escalatedTo: String? {
    get { progress?.value.escalatedTo }
    set { if progress != nil || newValue != nil { change { $0.escalatedTo = newValue } } }
  }

  /// The dialogue that led to the diagnosis.
  package var dialogue: [Exchange] {
    get { progress?.value.dialogue ?? [] }
    set { if progress != nil || !newValue.isEmpty { change { $0.dialogue = newValue } } }
  }

  package var diagnosis: Diagnosis? {
    get { progress?.value.diagnosis }
    set { if progress != nil || newValue != nil { change { $0.diagnosis = newValue } } }
  }

  package var approved: PersonMark? {
    get { progress?.value.approved }
    set { if progress != nil || newValue != nil { change { $0.approved = newValue } } }
  }

  package var acknowledged: PersonMark? {
    get { progress?.value.acknowledged }
    set { if progress != nil || newValue != nil { change { $0.acknowledged = newValue } } }
  }

  /// Until when nobody is told, because a person said so.
  package var snoozedUntil: Timestamp? {
    get { progress?.value.snoozedUntil }
    set { if progress != nil || newValue != nil { change { $0.snoozedUntil = newValue } } }
  }

  /// What became of the remedy's steps.
  package var steps: [StepRecord] {
    get { progress?.value.steps ?? [] }
    set { if progress != nil || !newValue.isEmpty { change { $0.steps = newValue } } }
  }

  package var verification: Verification? {
    get { progress?.value.verification }
    set { if progress != nil || newValue != nil { change { $0.verification = newValue } } }
  }

  /// Why it was handed to people.
  package var escalationReason: String? {
    get { progress?.value.escalationReason }
    set { if progress != nil || newValue != nil { change { $0.escalationReason = newValue } } }
  }
}

extension Incident: Hashable {
  package static func == (a: Incident, b: Incident) -> Bool {
    a.id == b.id && a.severity == b.severity && a.status == b.status && a.autonomy == b.autonomy
      && a.autoResolved == b.autoResolved && a.awaitingApproval == b.awaitingApproval
      && a.detectedAt == b.detectedAt && a.resolvedAt == b.resolvedAt && a.updatedAt == b.updatedAt
      && a.count == b.count && a.affectedSystems == b.affectedSystems && a.symptoms == b.symptoms
      && a.timeline == b.timeline && a.seen == b.seen
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(id)
    hasher.combine(status)
    hasher.combine(updatedAt)
  }

  /// What is kept apart as it is seen, whether it is kept or follows from something else.
  private var seen: Progress {
    var seen = progress?.value ?? Progress()
    (seen.name, seen.description, seen.metrics, seen.logs) = (name, description, metrics, logs)
    return seen
  }
}
