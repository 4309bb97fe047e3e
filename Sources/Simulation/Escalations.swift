import IncidentEngine
import IncidentModel

/// The timetable of one incident's escalation, expanded from the policy without the engine: who must be told when.
struct Escalations {
  /// The policy of every life.
  static let levels = [
    EnginePolicy.Level(name: "first", wait: .seconds(40)),
    EnginePolicy.Level(name: "second", wait: .seconds(60)),
    EnginePolicy.Level(name: "last", wait: .seconds(30)),
  ]
  /// How late a level may be told once nothing is wrong any more: a tick, a commit, and the way to the store.
  static let allowance = Duration.seconds(3)

  /// When the next level is due, and which.
  private(set) var due: (at: Timestamp, level: Int)?
  /// Whether the level due is the escalation's first, told at once.
  private var isFirst = false

  mutating func take(
    _ event: EngineEvent, severity: Severity, isOpen: Bool, complain: (_ law: String, _ text: String) -> Void
  ) {
    switch event.fact {
    case .escalated:
      due = (event.at, 0)
      isFirst = true
    case .climbed(let level, _, _, _):
      guard let expected = due else {
        return complain("an escalation climbs only while nobody answered", "level \(level) at \(event.at)")
      }
      if event.at < expected.at {
        complain("no level is told early", "level \(level) at \(event.at), due at \(expected.at)")
      }
      if isFirst, event.at != expected.at {
        complain("the first level is told at once", "\(event.at), due at \(expected.at)")
      }
      if level != expected.level {
        complain("no level is left out or told twice", "level \(level) where \(expected.level) was due")
      }
      isFirst = false
      let next = min(level + 1, Self.levels.count - 1)
      due = severity >= .medium ? (event.at + Self.levels[min(level, Self.levels.count - 1)].wait, next) : nil
    case .acknowledged, .resolved, .markedFalsePositive, .approved:
      due = nil
    case .signalled where severity >= .medium && due == nil: break
    default: break
    }
  }
}
