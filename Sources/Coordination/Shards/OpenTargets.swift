import IncidentModel

/// Which open incidents have symptoms of a target, so that a shard's grant names what stands in it without looking at
/// a hundred thousand incidents.
struct OpenTargets: Sendable {
  private var incidents: [String: Set<IncidentID>] = [:]

  /// The open incidents with a symptom of `target`, cleared or not.
  subscript(target: String) -> Set<IncidentID> { incidents[target] ?? [] }

  /// An incident has become what it is; `before` is what it was, nil before it was opened.
  ///
  /// Symptoms never leave an incident and keep their target, so that most changes of an incident change nothing here.
  mutating func change(from before: Incident?, to after: Incident?) {
    let was = before?.status.isOpen == true ? before : nil
    let isNow = after?.status.isOpen == true ? after : nil
    guard was?.symptoms.count != isNow?.symptoms.count else { return }
    for target in Self.targets(of: was) { remove(was?.id, from: target) }
    guard let isNow else { return }
    for target in Self.targets(of: isNow) { incidents[target, default: []].insert(isNow.id) }
  }

  private mutating func remove(_ id: IncidentID?, from target: String) {
    guard let id else { return }
    incidents[target]?.remove(id)
    if incidents[target]?.isEmpty == true { incidents[target] = nil }
  }

  private static func targets(of incident: Incident?) -> Set<String> {
    Set((incident?.symptoms ?? []).compactMap(\.latest.target))
  }
}
