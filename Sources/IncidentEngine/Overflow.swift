import IncidentModel

/// Series that belong to an incident, are in trouble, and have no place among its symptoms.
///
/// People see the symptoms; these are kept so that nothing counts as over while one of them is raised.
struct Overflow: Sendable, Equatable {
  /// Series kept at the most.
  static let limit = 10_000

  /// When each was last seen raised.
  private var raised: [Fingerprint: Timestamp] = [:]
  /// More were raised than are kept. When those are gone is never known, so only people end the incident.
  private(set) var isBeyond = false

  /// Whether none is in trouble.
  var isGone: Bool { raised.isEmpty && !isBeyond }
  /// The series, in an order of their own: the same facts say the same.
  var fingerprints: [Fingerprint] { raised.keys.sorted() }
  /// How many series there are, for people.
  var text: String { "\(isBeyond ? "more than " : "")\(raised.count) further series" }

  func contains(_ fingerprint: Fingerprint) -> Bool { raised[fingerprint] != nil }

  /// Takes a statement on a series that is no symptom.
  mutating func take(_ signal: Signal) {
    let seen = raised[signal.fingerprint]
    switch signal.state {
    case .raised where seen == nil && raised.count >= Self.limit: isBeyond = true
    case .raised: raised[signal.fingerprint] = max(seen ?? signal.observedAt, signal.observedAt)
    // A reordered older statement says nothing of a newer one.
    case .cleared: if let seen, signal.observedAt >= seen { raised[signal.fingerprint] = nil }
    }
  }

  /// Drops a series.
  /// - Returns: whether it was there.
  mutating func drop(_ fingerprint: Fingerprint) -> Bool { raised.removeValue(forKey: fingerprint) != nil }
}

extension IncidentRecord {
  /// Whether every series of the incident was last seen in order.
  var isAllClear: Bool { overflow.isGone && incident.symptoms.allSatisfy(\.isCleared) }

  /// Whether a series is one of the symptoms.
  func hasSymptom(_ fingerprint: Fingerprint) -> Bool {
    incident.symptoms.contains { $0.fingerprint == fingerprint }
  }
}
