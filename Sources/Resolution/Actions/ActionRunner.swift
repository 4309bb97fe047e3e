package import IncidentModel
package import Settings

/// What an action needs to know besides its own arguments.
package struct ActionContext: Sendable {
  /// Why an action runs.
  package enum Purpose: Sendable, Equatable {
    /// It is the remedy's step.
    case remedy
    /// It puts back what the step changed.
    case undo
  }

  /// The incident that it is for.
  package var incident: Incident
  /// The place of its step in the remedy, from 0.
  package var step: Int
  /// The token of the lease that it runs under.
  package var token: UInt64
  /// The configured source that it works on.
  package var source: SourceSettings
  /// It has failed when it takes longer.
  package var timeout: Duration
  package var purpose: Purpose
  /// When it began.
  package var now: Timestamp

  /// A context; see the fields.
  package init(
    incident: Incident, step: Int, token: UInt64 = 0, source: SourceSettings, timeout: Duration,
    purpose: Purpose = .remedy, now: Timestamp
  ) {
    self.incident = incident
    self.step = step
    self.token = token
    self.source = source
    self.timeout = timeout
    self.purpose = purpose
    self.now = now
  }
}

extension ActionContext {
  var trace: WorkTrace {
    WorkTrace(incident: incident.id, step: step, token: token, isUndo: purpose == .undo)
  }

  /// What the step set that an undo is to put back; `nil` where the remedy does not say.
  var stepAction: Action? {
    guard purpose == .undo, let steps = incident.diagnosis?.remedy?.steps, steps.indices.contains(step) else {
      return nil
    }
    return steps[step].action
  }
}

/// What an action is done for, for whoever looks into the system that it is done to.
struct WorkTrace: Sendable, Equatable, CustomStringConvertible {
  /// That of the action that this task runs.
  @TaskLocal static var current: WorkTrace?

  var incident: IncidentID
  /// From 0.
  var step: Int
  /// Of the lease.
  var token: UInt64
  /// Whether it puts back what the step did.
  var isUndo = false

  /// E.g. `INC-1A2B3C4D/0/17`, or `INC-1A2B3C4D/0/17/undo`.
  var description: String { "\(incident)/\(step)/\(token)\(isUndo ? "/undo" : "")" }

  /// What a declared command finds in its environment. The lease's number is no `AIOPS_TOKEN`: that is what
  /// aiopsctl shows to the coordinator.
  var environment: [String: String] {
    ["AIOPS_FENCE": "\(token)", "AIOPS_INCIDENT": incident.text, "AIOPS_STEP": "\(step)"]
  }
}

/// What runs actions of the catalogue; tests put a recorder in its place.
package protocol ActionRunner: Sendable {
  /// Runs an action once, within its time limit. Never throws: trouble is an outcome.
  func run(_ action: Action, in context: ActionContext) async -> StepRun
}

/// What an action did.
struct ActionReport: Sendable, Equatable {
  /// With figures, for people.
  var detail: String
  /// What would put things back, where there is something to put back.
  var undo: Action?

  init(_ detail: String, undo: Action? = nil) {
    self.detail = detail
    self.undo = undo
  }
}

/// Why an action did not do what it should.
struct ActionFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong and what to do about it; never shows a secret.
  var description: String
  /// What would put back what it may have changed already.
  var undo: Action?

  init(_ description: String, undo: Action? = nil) {
    self.description = description
    self.undo = undo
  }
}
