/// How bad an incident is, from the worst down.
package enum Severity: String, Codable, Sendable, CaseIterable, Comparable {
  case critical, high, medium, low, info

  private var rank: Int {
    switch self {
    case .critical: 4
    case .high: 3
    case .medium: 2
    case .low: 1
    case .info: 0
    }
  }

  /// A milder severity is less than a worse one.
  package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

  /// The severity of a value that breaches its threshold: past 1.5 × critical, past 1.2 × high, else medium.
  ///
  /// For ``Condition/below`` the ratio is taken the other way round, for
  /// ``Condition/equals`` there is none, so the answer is medium.
  /// - Parameters:
  ///   - value: what was measured.
  ///   - threshold: the bound, in the same unit.
  ///   - condition: on which side of the bound the trouble lies.
  package init(value: Double, threshold: Double, condition: Condition = .above) {
    let ratio: Double =
      switch condition {
      case .above: threshold > 0 ? value / threshold : 1
      case .below: value > 0 ? threshold / value : (threshold > 0 ? .infinity : 1)
      case .equals: 1
      }
    self = ratio > 1.5 ? .critical : ratio > 1.2 ? .high : .medium
  }
}

/// On which side of a threshold the trouble lies.
package enum Condition: String, Codable, Sendable, CaseIterable {
  case above, below, equals

  /// Whether `value` is in trouble against `threshold`. NaN never is.
  package func holds(_ value: Double, _ threshold: Double) -> Bool {
    switch self {
    case .above: value > threshold
    case .below: value < threshold
    case .equals: value == threshold
    }
  }
}
