package import IncidentModel

/// A place in an escalation policy: what is due next.
package struct EscalationPointer: Sendable, Equatable {
  /// The step's index, from 0; the number of steps stands for "after the last".
  package var step: Int
  /// How often the present repeat went back, or the last notify step was told again after the end.
  package var round: Int

  /// A place; see the fields.
  package init(step: Int, round: Int) {
    self.step = step
    self.round = round
  }

  /// Where every escalation begins.
  package static let start = EscalationPointer(step: 0, round: 0)
}

/// Somebody whom a notify step tells.
package struct EscalationTarget: Sendable, Equatable {
  /// Who it is, for people and in `escalated_to`.
  package var name: String
  /// The sinks that are told; empty means every sink.
  package var sinks: [String]
}

/// What happens at one moment of an escalation.
package struct EscalationStage: Sendable, Equatable {
  /// Who is told now; nobody at the start of a policy that begins with a wait.
  package var told: [EscalationTarget]
  /// How long until the next moment.
  package var wait: Duration
  /// What is due then.
  package var next: EscalationPointer
}

extension EscalationPolicy {
  /// Rounds beyond are not counted; a `count` is far smaller.
  private static let maxRound = 1_000_000_000

  /// What happens when `pointer` is due: who is told, and when what is due next.
  ///
  /// A pointer of another policy, after the configuration changed, goes on at the same step's number or at the end.
  package func stage(at pointer: EscalationPointer) -> EscalationStage {
    var place = EscalationPointer(
      step: min(max(pointer.step, 0), steps.count), round: min(max(pointer.round, 0), Self.maxRound))
    var told: [EscalationTarget] = []
    var wait = Duration.zero
    // Every loop holds a notify step and a wait, so this ends: the walk stops at the first notify step after a wait.
    while place.step < steps.count {
      switch steps[place.step] {
      case .notify, .notifyOnCall:
        if wait > .zero { return EscalationStage(told: told, wait: wait, next: place) }
        if let target = target(of: place.step) { told.append(target) }
        place.step += 1
      case .wait(let duration):
        wait += duration
        place.step += 1
      case .repeatFrom(let from, let count):
        if let count, place.round >= count {
          place = EscalationPointer(step: place.step + 1, round: 0)
        } else {
          place = EscalationPointer(step: from - 1, round: place.round + 1)
        }
      }
    }
    if wait == .zero {
      if told.isEmpty {
        told = [lastTarget]
        place.round += 1
      }
      wait = lastWait
    }
    return EscalationStage(told: told, wait: wait, next: place)
  }

  /// Whom it tells first.
  package var firstTold: [EscalationTarget] {
    let first = stage(at: .start)
    return first.told.isEmpty ? stage(at: first.next).told : first.told
  }

  /// Who is told when `pointer` is due, in a few words.
  package func names(at pointer: EscalationPointer) -> String { Self.names(stage(at: pointer).told) }

  /// Whom it tells first, in a few words.
  package var firstNames: String { Self.names(firstTold) }

  private static func names(_ told: [EscalationTarget]) -> String {
    let first = told.first?.name ?? ""
    return switch told.count {
    case 0, 1: first
    case 2: "\(first) and \(told[1].name)"
    default: "\(first) and \(told.count - 1) others"
    }
  }

  private func target(of index: Int) -> EscalationTarget? {
    switch steps[index] {
    case .notify(let name, let sinks): EscalationTarget(name: name, sinks: sinks)
    // Who that is at the moment is the shell's to know; the engine has no calendar.
    case .notifyOnCall(let schedule, let sinks): EscalationTarget(name: "on call: \(schedule)", sinks: sinks)
    case .wait, .repeatFrom: nil
    }
  }

  private var lastTarget: EscalationTarget {
    let last = steps.lastIndex(where: \.notifies).flatMap(target)
    return last ?? EscalationTarget(name: "on-call engineer", sinks: [])
  }

  private var lastWait: Duration {
    for case .wait(let duration) in steps.reversed() { return duration }
    return Self.defaultWait
  }
}
