/// A runbook's step with its parameters filled in: exactly what would run.
package struct PlannedStep: Hashable, Sendable, Codable {
  /// The step's name in the runbook.
  package var name: String
  /// What it does.
  package var action: Action
  /// The configured source it works on.
  package var target: String
  /// After so many seconds it has failed.
  package var timeoutSeconds: Double
  /// How often it is tried again after a failure; 0 for a step that is not idempotent.
  package var retries: Int
  /// Whether running it twice does no more than running it once.
  package var idempotent: Bool
  /// Whether what it set is put back when the symptom stays or worsens.
  package var rollback: Bool

  /// A step; see the fields.
  package init(
    name: String, action: Action, target: String, timeoutSeconds: Double, retries: Int,
    idempotent: Bool, rollback: Bool
  ) {
    self.name = name
    self.action = action
    self.target = target
    self.timeoutSeconds = timeoutSeconds
    self.retries = retries
    self.idempotent = idempotent
    self.rollback = rollback
  }
}

/// What became of a step that was meant to run.
package struct StepRecord: Hashable, Sendable, Codable {
  /// Where a step stands.
  package enum State: String, Codable, Sendable {
    /// The intent is in the journal; whether it ran is not known yet.
    case intended
    case succeeded, failed
    /// It was put back.
    case rolledBack = "rolled_back"
  }

  /// The place in the remedy's steps, from 0.
  package var index: Int
  /// The step's name.
  package var name: String
  /// Where it stands.
  package var state: State
  /// What it did, with figures, or why it failed.
  package var detail: String
  /// What would put things back, where that is known.
  package var undo: Action?
  /// How often it was begun.
  package var attempts: Int
  /// When it was last begun.
  package var startedAt: Timestamp
  /// When its fate was known.
  package var endedAt: Timestamp?

  /// A record; see the fields.
  package init(
    index: Int, name: String, state: State, detail: String, undo: Action? = nil, attempts: Int,
    startedAt: Timestamp, endedAt: Timestamp? = nil
  ) {
    self.index = index
    self.name = name
    self.state = state
    self.detail = detail
    self.undo = undo
    self.attempts = attempts
    self.startedAt = startedAt
    self.endedAt = endedAt
  }
}

/// The fate of one run of one step, as the resolver states it.
package struct StepOutcome: Hashable, Sendable, Codable {
  /// The place in the remedy's steps, from 0.
  package var index: Int
  /// `succeeded`, `failed` or `rolledBack`.
  package var state: StepRecord.State
  /// What it did, with figures, or why it failed.
  package var detail: String
  /// What would put things back, where that is known.
  package var undo: Action?

  /// An outcome; see the fields.
  package init(index: Int, state: StepRecord.State, detail: String, undo: Action? = nil) {
    self.index = index
    self.state = state
    self.detail = detail
    self.undo = undo
  }
}

/// What the symptom did after the fix.
package struct Verification: Hashable, Sendable, Codable {
  /// The three answers; only the first resolves.
  package enum Verdict: String, Codable, Sendable {
    case recovered
    case notRecovered = "not_recovered"
    case unknown
  }

  /// The answer.
  package var verdict: Verdict
  /// What was measured, with figures.
  package var detail: String
  /// The measurements behind it, oldest first.
  package var measurements: [HealthMetric]
  /// When the verdict was reached.
  package var at: Timestamp

  /// A verification; see the fields.
  package init(
    verdict: Verdict, detail: String, measurements: [HealthMetric], at: Timestamp
  ) {
    self.verdict = verdict
    self.detail = detail
    self.measurements = measurements
    self.at = at
  }
}
