import IncidentEngine
import IncidentModel

/// The timetable of one incident's escalation, expanded from the policy without the engine: who must be told when.
struct Escalations {
  /// How late somebody may be told once nothing is wrong any more: a tick, a commit, and the way to the store.
  static let allowance = Duration.seconds(3)
  /// So many moments of a policy are expanded.
  private static let horizon = 400

  /// Everybody who is told at one moment.
  struct Moment: Equatable {
    /// Since the escalation began.
    var after: Duration
    var told: [String]
  }

  /// When somebody is due.
  private(set) var due: Timestamp?
  private var moments: [Moment] = []
  /// Of ``moments``, the one that is due or being told.
  private var index = 0
  /// Who of the present moment is still to be told.
  private var rest: [String] = []
  private var began = false
  /// It wakes nobody: one line in the log is all.
  private var isQuiet = false

  /// Every moment of a policy, by walking it step by step.
  static func moments(of policy: EscalationPolicy) -> [Moment] {
    var moments: [Moment] = []
    var now = Duration.zero
    var step = 0
    var used: [Int: Int] = [:]
    var last = ""
    var pause = EscalationPolicy.defaultWait
    func tell(_ name: String) {
      last = name
      if let latest = moments.last, latest.after == now {
        moments[moments.count - 1].told.append(name)
      } else {
        moments.append(Moment(after: now, told: [name]))
      }
    }
    while step < policy.steps.count, moments.count < horizon {
      switch policy.steps[step] {
      case .notify(let name, _): tell(name)
      case .notifyOnCall(let schedule, _): tell("on call: \(schedule)")
      case .wait(let wait):
        now += wait
        pause = wait
      case .repeatFrom(let from, let count):
        if let count, used[step, default: 0] >= count {
          used[step] = 0
        } else {
          used[step, default: 0] += 1
          step = from - 2
        }
      }
      step += 1
    }
    for case .wait(let wait) in policy.steps.reversed() {
      pause = wait
      break
    }
    if moments.last?.after == now { now += pause }
    while moments.count < horizon {
      tell(last)
      now += pause
    }
    return moments
  }

  mutating func take(
    _ event: EngineEvent, policy: EscalationPolicy, severity: Severity,
    complain: (_ law: String, _ text: String) -> Void
  ) {
    switch event.fact {
    case .escalated, .snoozeEnded, .acknowledgementLapsed:
      if case .snoozeEnded = event.fact, began { complain("a snooze tells nobody", "at \(event.at)") }
      isQuiet = severity < .medium
      moments = isQuiet ? [] : Self.moments(of: policy)
      index = 0
      began = true
      rest = isQuiet ? ["log"] : moments[0].told
      due = isQuiet ? event.at : event.at + moments[0].after
    case .announced(let announcement) where announcement.kind == .escalation:
      tell(isQuiet ? announcement.sinks.first ?? "" : announcement.audience, at: event.at, complain)
    case .acknowledged, .snoozed, .resolved, .markedFalsePositive, .approved:
      due = nil
      began = false
    default: break
    }
  }

  private mutating func tell(
    _ name: String, at time: Timestamp, _ complain: (_ law: String, _ text: String) -> Void
  ) {
    guard began, let due else {
      return complain("an escalation climbs only while nobody answered", "\(name) was told at \(time)")
    }
    if time < due { complain("nobody is told early", "\(name) at \(time), due at \(due)") }
    if index == 0, moments.first?.after == .zero, time != due {
      complain("the first is told at once", "\(name) at \(time), due at \(due)")
    }
    guard rest.first == name else {
      return complain("nobody is left out or told twice", "\(name) where \(rest.first ?? "nobody") was due")
    }
    rest.removeFirst()
    guard rest.isEmpty else { return }
    guard !isQuiet, index + 1 < moments.count else {
      self.due = nil
      return
    }
    // Counted from when it really was: after an outage what is due is told once, not all that was missed.
    self.due = time + (moments[index + 1].after - moments[index].after)
    index += 1
    rest = moments[index].told
  }
}
