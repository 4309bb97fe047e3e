package import IncidentModel
package import Logging
package import MessageBus
package import Settings

/// Does the work of a resolve job: gives the crew's commands hands.
///
/// Every decision is the ``Crew``'s and every permission the ``Mandate``'s; here is only the order of
/// calls. An intent is durable before its run begins, because `intend` returns only then.
package struct ResolutionWorker: JobWorker {
  /// Before a step is tried again it waits for so many seconds times the tries so far, at most 5.
  static let retryPause = 1.0

  private let settings: SystemSettings
  private let runner: any ActionRunner
  private let makeMeter: @Sendable () -> any SymptomMeter
  private let bounds: RecoveryWatch.Bounds
  private let pace: Pace
  private let host: String
  private let logger: Logger

  /// A worker.
  /// - Parameters:
  ///   - settings: this resolver's own; what they do not declare does not run.
  ///   - runner: what runs actions.
  ///   - bounds: how long and how closely the symptom is watched.
  ///   - pace: time.
  ///   - host: this machine's name; trouble of another one is refused.
  ///   - logger: where it says what it does.
  ///   - makeMeter: makes what measures the symptoms of one job.
  package init(
    settings: SystemSettings, runner: any ActionRunner, bounds: RecoveryWatch.Bounds = .init(),
    pace: Pace = .system, host: String = hostName(), logger: Logger,
    makeMeter: @escaping @Sendable () -> any SymptomMeter
  ) {
    self.settings = settings
    self.runner = runner
    self.bounds = bounds
    self.pace = pace
    self.host = host
    self.logger = logger
    self.makeMeter = makeMeter
  }

  package var kind: JobKind { .resolve }

  package func perform(
    _ job: Job, reporter: any JobReporter
  ) async throws(LeaseError) -> JobResult {
    let steps: [PlannedStep]
    do {
      steps = try Mandate.steps(for: job, under: settings, on: host)
    } catch {
      log(.warning, "refused: \(error)", job)
      return .failed(reason: "\(job.incident.id) needs a person: \(error). Nothing was run.")
    }
    let meter = makeMeter()
    let result: Result<JobResult, LeaseError>
    do throws(LeaseError) {
      result = .success(try await work(job, steps, meter, reporter))
    } catch {
      log(.warning, "gave up: \(error)", job)
      result = .failure(error)
    }
    await meter.close()
    return try result.get()
  }

  private func work(
    _ job: Job, _ steps: [PlannedStep], _ meter: any SymptomMeter, _ reporter: any JobReporter
  ) async throws(LeaseError) -> JobResult {
    var crew = Crew(CrewPlan(incident: job.incident, steps: steps))
    var event = CrewEvent.begun
    while true {
      let command = crew.handle(event, at: pace.now())
      // What has been done is still stated; nothing new begins.
      if Task.isCancelled, command.beginsWork { throw .lost(reason: "the work was cancelled") }
      switch command {
      case .intend(let step, let attempt):
        if attempt > 1 { await pace.sleep(.seconds(min(Self.retryPause * Double(attempt - 1), 5))) }
        try await reporter.intend(step: step, name: steps[step].name, on: job.lease)
        event = .intended
      case .run(let step):
        event = .ran(await run(steps[step].action, of: step, in: steps, for: .remedy, job))
      case .conclude(let outcome):
        log(.info, "step \(outcome.index + 1) \(outcome.state.rawValue): \(outcome.detail)", job)
        try await reporter.concluded(outcome, on: job.lease)
        event = .concluded
      case .verify:
        let (verification, worse) = await SymptomVerifier(bounds: bounds, pace: pace)
          .verify(job.incident, with: meter)
        guard !Task.isCancelled else { throw .lost(reason: "the work was cancelled") }
        event = .verified(verification, worse: worse)
      case .undo(let step, let undo):
        event = .undone(await putBack(undo, of: step, in: steps, job))
      case .finish(let result): return result
      }
    }
  }

  private func run(
    _ action: Action, of step: Int, in steps: [PlannedStep], for purpose: ActionContext.Purpose, _ job: Job
  ) async -> StepRun {
    guard let source = settings.source(named: steps[step].target) else {
      return .failed(detail: "there is no source \(steps[step].target)", undo: nil)
    }
    log(.info, "step \(step + 1) \(purpose == .remedy ? "runs" : "is put back"): \(steps[step].name)", job)
    return await runner.run(
      action,
      in: ActionContext(
        incident: job.incident, step: step, token: job.lease.token, source: source,
        timeout: .seconds(steps[step].timeoutSeconds),
        purpose: purpose, now: pace.now()))
  }

  /// An undo comes out of the journal: it must be about what its step is about.
  private func putBack(_ undo: Action, of step: Int, in steps: [PlannedStep], _ job: Job) async -> StepRun {
    guard undo.isUndo(of: steps[step].action) else {
      return .failed(detail: "what is recorded as its undo is about something else", undo: nil)
    }
    return await run(undo, of: step, in: steps, for: .undo, job)
  }

  private func log(_ level: Logger.Level, _ message: String, _ job: Job) {
    logger.log(
      level: level, "\(message)",
      metadata: ["incident_id": "\(job.incident.id)", "token": "\(job.lease.token)"])
  }
}

extension CrewCommand {
  /// Whether carrying it out touches anything outside, or is bound to.
  package var beginsWork: Bool {
    switch self {
    case .intend, .run, .verify, .undo: true
    case .conclude, .finish: false
    }
  }
}

extension Action {
  /// Whether this action puts back what `step` may change, and nothing else.
  func isUndo(of step: Action) -> Bool {
    switch (self, step) {
    case (.setTimeouts(let undo), .setTimeouts(let done)): undo.role == done.role
    case (.setPoolSize(let undo), .setPoolSize(let done)): undo.database == done.database
    case (.setMaxMemory, .setMaxMemory): true
    default: false
    }
  }
}
