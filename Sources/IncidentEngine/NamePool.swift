import IncidentModel

/// Gives texts that many signals share one piece of memory: names of metrics, units, rules.
struct NamePool: Sendable {
  /// Texts kept at the most; beyond it nothing is shared any more.
  private static let limit = 10_000
  private var names: Set<String> = []

  /// The signal, with its names from the pool.
  mutating func pooled(_ signal: Signal) -> Signal {
    var signal = signal
    pool(&signal.metric)
    pool(&signal.source)
    pool(&signal.unit)
    pool(&signal.rule.text)
    pool(&signal.detector)
    return signal
  }

  private mutating func pool(_ name: inout String) {
    // Shorter ones have no memory of their own; long ones are hardly shared.
    guard (16...256).contains(name.utf8.count) else { return }
    if let index = names.firstIndex(of: name) {
      name = names[index]
    } else if names.count < Self.limit {
      names.insert(name)
    }
  }
}
