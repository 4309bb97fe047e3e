package import IncidentModel

/// What a crew is given: the incident as it was leased, and the steps that it may run.
package struct CrewPlan: Sendable, Equatable {
  /// The incident as the coordinator knew it when it gave the lease.
  package var incident: Incident
  /// The remedy's steps, rendered from the resolver's own catalogue.
  package var steps: [PlannedStep]

  /// A plan; see the fields.
  package init(incident: Incident, steps: [PlannedStep]) {
    self.incident = incident
    self.steps = steps
  }
}

/// What the crew asks for next. The shell does it and answers with the event named here.
package enum CrewCommand: Sendable, Equatable {
  /// Have the intent written down; ``CrewEvent/intended`` when it is durable. `attempt` counts from 1.
  case intend(step: Int, attempt: Int)
  /// Run the step once; ``CrewEvent/ran(_:)``.
  case run(step: Int)
  /// Have the outcome written down; ``CrewEvent/concluded`` when it is durable.
  case conclude(StepOutcome)
  /// Measure the symptom again; ``CrewEvent/verified(_:worse:)``.
  case verify
  /// Put a step back; ``CrewEvent/undone(_:)``. May be asked for again after a failure.
  case undo(step: Int, Action)
  /// The work is over.
  case finish(JobResult)
}

/// What became of a command.
package enum CrewEvent: Sendable, Equatable {
  case begun
  case intended
  case ran(StepRun)
  case concluded
  /// `worse`: the symptom is clearly beyond what it was before the steps.
  case verified(Verification, worse: Bool)
  case undone(StepRun)
}

/// What one run of an action came to.
package enum StepRun: Sendable, Equatable {
  /// It did what it says; `undo` would put things back.
  case succeeded(detail: String, undo: Action?)
  /// It did not, or not wholly; `undo` would put back what it may have changed.
  case failed(detail: String, undo: Action?)
}
