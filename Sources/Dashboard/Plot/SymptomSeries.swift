package import IncidentModel

/// What one series of an incident was measured at, for its plot.
package struct SymptomSeries: Sendable, Equatable {
  /// One value.
  package struct Point: Sendable, Equatable {
    package var at: Timestamp
    package var value: Double
    /// Whether it was measured to see if a remedy helped.
    package var isCheck: Bool

    /// A value; see the fields.
    package init(at: Timestamp, value: Double, isCheck: Bool = false) {
      self.at = at
      self.value = value
      self.isCheck = isCheck
    }
  }

  /// Points of one plot at the most; more are thinned so that its peaks stay.
  package static let maxPoints = 240

  package var metric: String
  package var target: String?
  package var unit: String
  package var rule: SignalRule
  /// In the order of time; finite values only.
  package private(set) var points: [Point] = []

  /// A series without values.
  package init(metric: String, target: String?, unit: String, rule: SignalRule) {
    self.metric = metric
    self.target = target
    self.unit = unit
    self.rule = rule
  }

  /// Takes values in any order; those of one moment count once.
  package mutating func add(_ new: some Sequence<Point>) {
    points += new.filter { Self.canBeDrawn($0.value) }
    points.sort { ($0.at, $0.value) < ($1.at, $1.value) }
    var last: Point?
    points.removeAll { point in
      defer { last = point }
      return last.map { $0.at == point.at && $0.value == point.value } ?? false
    }
  }

  /// Whether a number has a place in a plot: differences of such numbers are numbers too.
  static func canBeDrawn(_ value: Double) -> Bool { abs(value) <= 1e300 }

  /// At most ``maxPoints`` of the points: of every stretch of time the lowest and the highest.
  package func thinned() -> [Point] {
    guard points.count > Self.maxPoints else { return points }
    let stretches = Self.maxPoints / 2
    var kept: [Point] = []
    for stretch in 0..<stretches {
      let part = points[(points.count * stretch / stretches)..<(points.count * (stretch + 1) / stretches)]
      guard let low = part.min(by: { $0.value < $1.value }), let high = part.max(by: { $0.value < $1.value })
      else { continue }
      kept += low == high ? [low] : low.at <= high.at ? [low, high] : [high, low]
    }
    return kept
  }
}

/// A moment that a plot points out.
package struct PlotMark: Sendable, Equatable {
  package var at: Timestamp
  package var text: String

  /// A mark; see the fields.
  package init(at: Timestamp, text: String) {
    self.at = at
    self.text = text
  }
}
