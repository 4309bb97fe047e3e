package import IncidentModel

/// The crew of three as a state machine: the systems engineer works, the communications officer
/// words the message, the incident manager decides what it comes to.
///
/// A value without clock, randomness or I/O: `(state, event, now) → (state, command)`. The roles are
/// those of CrewAI's crews; the order intent, run, outcome is the write-ahead rule of ARIES (Mohan et
/// al., 1992), and putting back in reverse order is that of sagas (Garcia-Molina and Salem, 1987).
///
/// Invariants, whatever the history:
/// - a step is run only after its intent was durable, once for each intent;
/// - a step that is not idempotent is never begun a second time;
/// - steps are put back from the last to the first;
/// - `recovered` comes from a verification and from nothing else.
package struct Crew: Sendable, Equatable {
  private enum Phase: Sendable, Equatable {
    case waiting
    case intending(Int)
    case running(Int)
    case concluding
    case verifying
    case undoing(Int, attempt: Int)
    case concludingUndo
    case finished
  }

  /// How often putting a step back is tried.
  static let undoAttempts = 2

  private let plan: CrewPlan
  private var engineer: SystemsEngineer
  private var phase = Phase.waiting
  private var manager = IncidentManager()

  /// A crew for a plan, which goes on where the incident's step records end.
  package init(_ plan: CrewPlan) {
    self.plan = plan
    engineer = SystemsEngineer(steps: plan.steps, records: plan.incident.steps)
  }

  /// Takes in an event and says what is next.
  ///
  /// An event that does not belong where the crew stands ends the work as failed rather than running
  /// anything. After `finish` every event gets `finish` again.
  package mutating func handle(_ event: CrewEvent, at now: Timestamp) -> CrewCommand {
    switch (phase, event) {
    case (.waiting, .begun): return advance(at: now)
    case (.intending(let step), .intended):
      engineer.begin(step)
      phase = .running(step)
      return .run(step: step)
    case (.running(let step), .ran(let run)):
      phase = .concluding
      return .conclude(engineer.end(step, run))
    case (.concluding, .concluded): return advance(at: now)
    case (.verifying, .verified(let verification, let worse)):
      manager.take(verification, worse: worse)
      return manager.wantsRollback ? rollBack(at: now) : finish(at: now)
    case (.undoing(let step, let attempt), .undone(let run)):
      return undone(step, attempt: attempt, run, at: now)
    case (.concludingUndo, .concluded): return rollBack(at: now)
    default:
      manager.stop("the crew was told \(event.label) when it did not wait for that; nothing more was run")
      return finish(at: now)
    }
  }

  private mutating func advance(at now: Timestamp) -> CrewCommand {
    switch engineer.next {
    case .run(let step, let attempt):
      phase = .intending(step)
      return .intend(step: step, attempt: attempt)
    case .measure:
      phase = .verifying
      return .verify
    case .stepFailed(let step):
      let detail = engineer.progress[step]?.detail ?? ""
      manager.stop("step \(step + 1) \"\(plan.steps[step].name)\" failed: \(detail)")
      return rollBack(at: now)
    case .rollBack:
      manager.stop("an earlier attempt had begun to put its changes back")
      return rollBack(at: now)
    case .stop(let reason):
      manager.stop(reason)
      return finish(at: now)
    }
  }

  private mutating func rollBack(at now: Timestamp) -> CrewCommand {
    guard let (step, undo) = engineer.nextUndo else { return finish(at: now) }
    phase = .undoing(step, attempt: 1)
    return .undo(step: step, undo)
  }

  private mutating func undone(
    _ step: Int, attempt: Int, _ run: StepRun, at now: Timestamp
  ) -> CrewCommand {
    if case .failed = run, attempt < Self.undoAttempts, let undo = engineer.progress[step]?.undo {
      phase = .undoing(step, attempt: attempt + 1)
      return .undo(step: step, undo)
    }
    guard let outcome = engineer.undone(step, run) else { return rollBack(at: now) }
    phase = .concludingUndo
    return .conclude(outcome)
  }

  private mutating func finish(at now: Timestamp) -> CrewCommand {
    phase = .finished
    let officer = CommunicationsOfficer(
      incident: plan.incident, steps: plan.steps, progress: engineer.progress)
    return .finish(manager.result(officer, at: now))
  }
}

extension CrewEvent {
  /// The event's name, for people.
  var label: String {
    switch self {
    case .begun: "to begin"
    case .intended: "of an intent"
    case .ran: "of a run"
    case .concluded: "of an outcome"
    case .verified: "of a verification"
    case .undone: "of a step put back"
    }
  }
}
