import IncidentModel

/// The crew's member that works: which step is next, what may be tried again, what must be put back.
struct SystemsEngineer: Sendable, Equatable {
  /// Where a step stands, as far as the crew knows.
  struct Progress: Sendable, Equatable {
    var state: StepRecord.State
    var detail: String
    var undo: Action?
    var attempts: Int
    /// Whether putting it back was tried and failed.
    var undoFailed = false
  }

  /// What to do next.
  enum Decision: Sendable, Equatable {
    case run(step: Int, attempt: Int)
    case measure
    /// A step failed for good.
    case stepFailed(Int)
    /// An earlier crew had begun to put things back.
    case rollBack
    /// Only a person can go on.
    case stop(reason: String)
  }

  /// A run that was cut off is no failure of the step, so it costs no retry; but not for ever.
  static let maxInterruptions = 3

  let steps: [PlannedStep]
  private(set) var progress: [Int: Progress] = [:]
  /// What is wrong with the records of earlier crews, if anything.
  private let disagreement: String?

  init(steps: [PlannedStep], records: [StepRecord]) {
    self.steps = steps
    var disagreement: String?
    for record in records {
      guard steps.indices.contains(record.index), steps[record.index].name == record.name else {
        disagreement =
          "step \(record.index + 1) \"\(record.name)\" of an earlier attempt is not in this remedy"
        continue
      }
      progress[record.index] = Progress(
        state: record.state, detail: record.detail, undo: record.undo, attempts: max(record.attempts, 1))
    }
    self.disagreement = disagreement
  }

  /// The next thing to do, from what is known of every step.
  var next: Decision {
    if let disagreement { return .stop(reason: disagreement) }
    if progress.values.contains(where: { $0.state == .rolledBack }) { return .rollBack }
    for (index, step) in steps.enumerated() {
      guard let past = progress[index] else { return .run(step: index, attempt: 1) }
      switch past.state {
      case .succeeded: continue
      case .rolledBack: return .rollBack
      case .intended:
        guard step.idempotent else {
          return .stop(
            reason: "step \(index + 1) \"\(step.name)\" was begun by an earlier attempt and it is not known "
              + "whether it ran; running it twice could do harm, so a human decides")
        }
        guard past.attempts <= step.retries + Self.maxInterruptions else {
          return .stop(
            reason: "step \(index + 1) \"\(step.name)\" was begun \(past.attempts) times and never reported; "
              + "a human decides")
        }
        return .run(step: index, attempt: past.attempts + 1)
      case .failed:
        guard step.idempotent, past.attempts <= step.retries else { return .stepFailed(index) }
        return .run(step: index, attempt: past.attempts + 1)
      }
    }
    return .measure
  }

  /// The step whose putting back is next: the last one first.
  var nextUndo: (step: Int, undo: Action)? {
    for index in steps.indices.reversed() where steps[index].rollback {
      guard let past = progress[index], let undo = past.undo, !past.undoFailed else { continue }
      switch past.state {
      case .succeeded, .failed: return (index, undo)
      case .rolledBack, .intended: continue
      }
    }
    return nil
  }

  mutating func begin(_ index: Int) {
    var past = progress[index] ?? Progress(state: .intended, detail: "", undo: nil, attempts: 0)
    past.state = .intended
    past.attempts += 1
    progress[index] = past
  }

  /// Takes in what a run came to. The first undo that is known stays: a second run may already have
  /// seen what the first one set.
  mutating func end(_ index: Int, _ run: StepRun) -> StepOutcome {
    var past = progress[index] ?? Progress(state: .intended, detail: "", undo: nil, attempts: 1)
    switch run {
    case .succeeded(let detail, let undo):
      past.state = .succeeded
      past.detail = detail
      past.undo = past.undo ?? undo
    case .failed(let detail, let undo):
      past.state = .failed
      past.detail = detail
      past.undo = past.undo ?? undo
    }
    progress[index] = past
    return StepOutcome(index: index, state: past.state, detail: past.detail, undo: past.undo)
  }

  /// Takes in what putting back came to; the answer is what to write down, where there is something.
  ///
  /// A failure is not written down: the record must go on saying what the step itself did.
  mutating func undone(_ index: Int, _ run: StepRun) -> StepOutcome? {
    guard var past = progress[index] else { return nil }
    defer { progress[index] = past }
    switch run {
    case .succeeded(let detail, _):
      past.state = .rolledBack
      past.detail = "\(past.detail); put back: \(detail)"
      return StepOutcome(index: index, state: .rolledBack, detail: past.detail, undo: past.undo)
    case .failed(let detail, _):
      past.undoFailed = true
      past.detail = "\(past.detail); could not be put back: \(detail)"
      return nil
    }
  }
}
