import Threads

/// The metrics of a process, and their text for Prometheus.
///
/// A family holds a bounded number of series; what comes after goes to a series whose label values
/// are all `other`, and `aiops_metrics_overflow_total` counts it.
package final class MetricsRegistry: Sendable {
  private struct State {
    var families: [String: MetricFamily] = [:]
    var updates: [@Sendable () -> Void] = []
  }

  private let state = Locked(State())
  private let maxSeries: Int

  /// A registry.
  ///
  /// - Parameter maxSeries: how many series a family may hold.
  package init(maxSeries: Int = 1000) { self.maxSeries = max(1, maxSeries) }

  /// Buckets in seconds for what takes from a millisecond to ten seconds.
  package static let latencyBuckets = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  /// Buckets in seconds for what takes from a second to a day.
  package static let incidentBuckets: [Double] = [
    1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400,
  ]

  /// A number that only grows; its name should end in `_total`.
  package func counter(_ name: String, _ help: String, labels: [String] = []) -> MetricFamily {
    family(name, help, .counter, labels, [])
  }

  /// A number that goes up and down.
  package func gauge(_ name: String, _ help: String, labels: [String] = []) -> MetricFamily {
    family(name, help, .gauge, labels, [])
  }

  /// A distribution over buckets with these upper bounds, in the metric's unit.
  package func histogram(
    _ name: String, _ help: String, labels: [String] = [], buckets: [Double] = latencyBuckets
  ) -> MetricFamily {
    family(name, help, .histogram, labels, Set(buckets.filter(\.isFinite)).sorted())
  }

  /// Runs `update` before every exposition, to set gauges from what is measured then.
  package func beforeExposition(_ update: @escaping @Sendable () -> Void) {
    state.withLock { $0.updates.append(update) }
  }

  /// The text exposition format, version 0.0.4.
  package func exposition() -> String {
    for update in state.withLock({ $0.updates }) { update() }
    let families = state.withLock { $0.families }.values.sorted { $0.name < $1.name }
    var text = ""
    for family in families { family.write(to: &text) }
    let overflowed = families.filter { $0.overflowed > 0 }
    if !overflowed.isEmpty {
      let name = "aiops_metrics_overflow_total"
      text += "# HELP \(name) Updates that went to the series \"other\" because a metric has too many.\n"
      text += "# TYPE \(name) counter\n"
      for family in overflowed { text += "\(name){metric=\"\(family.name)\"} \(family.overflowed)\n" }
    }
    return text
  }

  /// The content type of ``exposition()``.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private func family(
    _ name: String, _ help: String, _ kind: MetricFamily.Kind, _ labels: [String], _ buckets: [Double]
  ) -> MetricFamily {
    let new = MetricFamily(
      name: Self.valid(name), help: help, kind: kind, labels: labels.map(Self.valid), buckets: buckets,
      maxSeries: maxSeries)
    return state.withLock { state in
      if let known = state.families[new.name] {
        // The same metric asked for twice is one; another of its name must not spoil the exposition.
        return known.kind == kind && known.labels == new.labels ? known : new
      }
      state.families[new.name] = new
      return new
    }
  }

  /// The name with everything that Prometheus doesn't take turned to `_`.
  private static func valid(_ name: String) -> String {
    var valid = ""
    for scalar in name.unicodeScalars {
      let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
      let isDigit = ("0"..."9").contains(scalar)
      if isLetter || (isDigit && !valid.isEmpty) {
        valid.unicodeScalars.append(scalar)
      } else {
        valid += "_"
      }
    }
    return valid.isEmpty ? "_" : valid
  }
}
