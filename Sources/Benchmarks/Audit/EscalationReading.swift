import IncidentEngine
import IncidentModel

/// An escalation policy as this audit understands it, apart from the engine's own reading of it.
struct EscalationPlan: Sendable {
  struct Stage: Sendable, Equatable {
    /// How long after the one before.
    var wait: Duration
    var name: String
  }

  /// Who is told one after the other; the first one at once.
  var stages: [Stage]
  /// Who is told for ever after.
  var last: Stage

  /// The n-th that is told, from 0.
  func stage(_ index: Int) -> Stage { index < stages.count ? stages[index] : last }
}

/// When something kept the coordinators from telling anybody.
struct Trouble: Sendable {
  var from: Timestamp
  var until: Timestamp
  /// What it was, for people.
  var what: String
}

/// Reads from the journal's facts alone when every level was due, and compares that with who was told when.
struct EscalationReading: Sendable {
  /// How late somebody may be told when nothing is wrong with the coordinators.
  static let allowance = Duration.seconds(3)
  /// How late they may be told after a trouble ended.
  static let takeOver = Duration.seconds(12)
  /// Clocks of the coordinators differ by so much at the most.
  static let skew = Duration.milliseconds(250)

  let plan: EscalationPlan
  let troubles: [Trouble]
  /// What happened after this moment was not waited for.
  let end: Timestamp

  private struct Run {
    var severity = Severity.info
    var isHandedOver = false
    /// The next that is due: who, and when.
    var due: (index: Int, at: Timestamp)?
    /// When a snooze ends.
    var wakes: Timestamp?
  }

  /// A level that was due and told.
  private(set) var delays: [Double] = []

  init(plan: EscalationPlan, troubles: [Trouble], end: Timestamp) {
    self.plan = plan
    self.troubles = troubles
    self.end = end
  }

  /// What the journal shows.
  mutating func read(_ events: [JournaledEvent]) -> Finding {
    var finding = Finding("everybody is told at their time: not early, not late, not left out, not twice")
    var runs: [IncidentID: Run] = [:]
    var inTrouble = 0
    for entry in events {
      guard let id = entry.incident else { continue }
      var run = runs[id] ?? Run()
      take(entry, id, &run, &finding, &inTrouble)
      runs[id] = run
    }
    for (id, run) in runs.sorted(by: { $0.key < $1.key }) {
      if let due = run.due {
        finding.check(
          latest(for: due.at) >= end,
          "\(id): \(plan.stage(due.index).name) was due at \(due.at.rfc3339) and never told")
      }
      if let wakes = run.wakes {
        finding.check(latest(for: wakes) >= end, "\(id): the snooze until \(wakes.rfc3339) never ended")
      }
    }
    finding.notes.append("\(delays.count) told at their time, \(inTrouble) of them after a trouble")
    if let worst = delays.max() {
      let median = delays.sorted()[delays.count / 2]
      finding.notes.append("late by \(fixed(median, 2)) s (median), \(fixed(worst, 2)) s (worst)")
    }
    return finding
  }

  private mutating func take(
    _ entry: JournaledEvent, _ id: IncidentID, _ run: inout Run, _ finding: inout Finding,
    _ inTrouble: inout Int
  ) {
    let at = entry.at
    switch entry.event.fact {
    case .opened(let signal, _), .signalled(let signal):
      if signal.state == .raised { run.severity = max(run.severity, signal.severity) }
    case .escalated:
      run.isHandedOver = true
      run.due = (0, at)
      run.wakes = nil
    case .announced(let announcement) where announcement.kind == .escalation:
      guard let due = run.due else {
        return finding.check(
          false, "\(id): \(announcement.audience) was told at \(at.rfc3339), when nobody was due")
      }
      let stage = plan.stage(due.index)
      finding.check(
        announcement.audience == stage.name,
        "\(id): \(announcement.audience) was told at \(at.rfc3339), but \(stage.name) was due")
      finding.check(
        at + Self.skew >= due.at, "\(id): \(stage.name) was told at \(at.rfc3339), due at \(due.at.rfc3339)")
      finding.check(
        at <= latest(for: due.at),
        "\(id): \(stage.name) was told at \(at.rfc3339), due at \(due.at.rfc3339): "
          + "\(fixed((at - due.at).inSeconds, 1)) s late")
      delays.append(max(0, (at - due.at).inSeconds))
      if at - due.at > Self.allowance { inTrouble += 1 }
      // What is merely unusual is written down once and wakes nobody.
      run.due = nil
      if run.severity >= .medium { run.due = (due.index + 1, at + plan.stage(due.index + 1).wait) }
    case .acknowledged:
      run.due = nil
      run.wakes = nil
    case .snoozed(let until, _, _): (run.due, run.wakes) = (nil, until)
    case .snoozeEnded:
      finding.check(
        run.wakes.map { at + Self.skew >= $0 && at <= latest(for: $0) } ?? false,
        "\(id): a snooze until \(run.wakes?.rfc3339 ?? "never") ended at \(at.rfc3339)")
      run.wakes = nil
      if run.isHandedOver { run.due = (0, at) }
    case .acknowledgementLapsed: if run.isHandedOver { run.due = (0, at) }
    case .approved, .resolved, .markedFalsePositive:
      run.isHandedOver = false
      run.due = nil
      run.wakes = nil
    default: break
    }
  }

  /// The latest moment at which what is due then may be told.
  private func latest(for due: Timestamp) -> Timestamp {
    var latest = due + Self.allowance
    // A trouble that begins before it is told moves the end; so does the next one.
    var moved = true
    while moved {
      moved = false
      for trouble in troubles where trouble.from <= latest && trouble.until + Self.takeOver > latest {
        guard trouble.until >= due else { continue }
        latest = trouble.until + Self.takeOver
        moved = true
      }
    }
    return latest
  }
}
