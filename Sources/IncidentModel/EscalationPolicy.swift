/// Who is told, when, until somebody answers: steps taken one after the other.
///
/// Notify steps without a wait between them happen at the same moment. After the last step, and after a counted
/// repeat that was taken as often as it says, the last notify step is told again at the interval of the last wait,
/// for ever: an escalation never falls silent by itself.
package struct EscalationPolicy: Sendable, Equatable {
  /// One step.
  package enum Step: Sendable, Equatable {
    /// Tell somebody by a name that people know; no sinks named means every sink.
    case notify(String, sinks: [String])
    /// Tell whoever is on call on this schedule.
    case notifyOnCall(String, sinks: [String])
    /// Give them time to answer.
    case wait(Duration)
    /// Go back to the step of this number, counted from 1, so often; without a count until somebody answers.
    case repeatFrom(Int, count: Int?)
  }

  /// What is wrong with steps, for people.
  package struct Flaw: Error, Sendable, Equatable {
    /// The step's number, from 1; `nil` for the steps as a whole.
    package var step: Int?
    /// What is wrong, and what to do.
    package var reason: String
  }

  /// Steps at the most.
  package static let maxSteps = 100
  /// How long a wait may be.
  package static let waits: ClosedRange<Duration> = .seconds(1) ... .seconds(604_800)
  /// How often a counted repeat may go back.
  package static let counts = 1...1_000
  /// The interval of a policy that has no wait.
  package static let defaultWait = Duration.seconds(300)
  /// The on-call engineer, through every sink, every five minutes.
  package static let standard = EscalationPolicy(
    checked: [.notify("on-call engineer", sinks: []), .wait(defaultWait)])

  /// The steps; at least one of them tells somebody.
  package let steps: [Step]

  /// A policy of these steps.
  /// - Throws: the first of ``flaws(in:)``.
  package init(steps: [Step]) throws(Flaw) {
    if let flaw = Self.flaws(in: steps).first { throw flaw }
    self.steps = steps
  }

  private init(checked steps: [Step]) { self.steps = steps }
}

extension EscalationPolicy.Step {
  /// Whether it tells somebody.
  package var notifies: Bool {
    switch self {
    case .notify, .notifyOnCall: true
    case .wait, .repeatFrom: false
    }
  }

  fileprivate var isWait: Bool { if case .wait = self { true } else { false } }
  fileprivate var isRepeat: Bool { if case .repeatFrom = self { true } else { false } }
}

extension EscalationPolicy {
  /// Everything that keeps these steps from being a policy.
  package static func flaws(in steps: [Step]) -> [Flaw] {
    guard steps.count <= maxSteps else {
      return [Flaw(reason: "has \(steps.count) steps; at most \(maxSteps)")]
    }
    var flaws: [Flaw] = []
    if !steps.contains(where: \.notifies) {
      flaws.append(Flaw(reason: "needs at least one notify step: somebody must be told"))
    }
    for (index, step) in steps.enumerated() {
      switch step {
      case .wait(let wait) where !waits.contains(wait):
        flaws.append(Flaw(step: index + 1, reason: "a wait must be 1s to 7d"))
      case .repeatFrom(let from, let count):
        if let reason = objection(to: index, from: from, count: count, in: steps) {
          flaws.append(Flaw(step: index + 1, reason: reason))
        }
      case .notify, .notifyOnCall, .wait: break
      }
    }
    return flaws
  }

  private static func objection(to index: Int, from: Int, count: Int?, in steps: [Step]) -> String? {
    guard index > 0 else { return "there is no earlier step to go back to; a repeat comes after them" }
    guard (1...index).contains(from) else {
      return "must go back to an earlier step: \"from\" is the number of a step, 1 to \(index)"
    }
    let loop = steps[(from - 1)..<index]
    let name = loop.count == 1 ? "step \(from)" : "steps \(from) to \(index)"
    if !loop.contains(where: \.isWait) {
      return "\(name) would be told again without a pause; put a wait among them"
    }
    if !loop.contains(where: \.notifies) {
      return "\(name) would be repeated and tell nobody; go back to a notify step"
    }
    if let inner = loop.firstIndex(where: \.isRepeat) {
      return "can't go back past another repeat, step \(inner + 1); go back to a step after it"
    }
    if let count, !counts.contains(count) {
      return "\"count\" must be \(counts.lowerBound) to \(counts.upperBound)"
    }
    if count == nil, index + 1 < steps.count {
      return "the steps after it are never reached; give it a count or put it last"
    }
    return nil
  }
}
