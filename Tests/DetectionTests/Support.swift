import Detection
import Foundation
import IncidentModel
import Settings

/// SplitMix64 (Steele, Lea, Flood, 2014): small, seeded, the same everywhere.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Normally distributed (Box and Muller, 1958).
  mutating func normal(mean: Double = 0, deviation: Double = 1) -> Double {
    let radius = (-2 * log(Double.random(in: Double.leastNonzeroMagnitude..<1, using: &self))).squareRoot()
    return mean + deviation * radius * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
  }
}

let noon = Timestamp(rfc3339: "2026-11-23T12:00:00Z") ?? Timestamp(milliseconds: 0)

extension Timestamp {
  /// So many seconds after noon.
  static func at(_ seconds: Double) -> Timestamp {
    Timestamp(milliseconds: noon.milliseconds + Int64((seconds * 1000).rounded()))
  }
}

/// A source with rules, of a kind that needs nothing.
func source(
  _ name: String = "shop", every seconds: Double = 30, rules: [RuleSettings] = []
) -> SourceSettings {
  var source = SourceSettings(name: name, kind: .host(HostSourceSettings()), rules: rules)
  source.intervalSeconds = seconds
  return source
}

func threshold(
  _ value: Double = 80, _ condition: Condition = .above, clear: Double? = nil,
  for seconds: Double = 0, severity: Severity? = nil
) -> RuleSettings {
  RuleSettings(
    metric: "usage",
    threshold: ThresholdSettings(
      condition: condition, value: value, clear: clear, forSeconds: seconds, severity: severity))
}

func sample(
  _ value: Double, at seconds: Double, _ name: String = "usage", labels: [String: String] = [:],
  target: String = "shop"
) -> Sample {
  Sample(
    name: name, labels: labels.merging([Label.target: target]) { $1 }, value: value, unit: "percent",
    source: "host", timestamp: .at(seconds))
}

/// One series on its way through the standard graph, sample after sample.
struct Journey {
  let rule: SeriesRule
  let graph: DetectionGraph
  var state: SeriesState
  var ids = SignalIDs(instance: "test")
  var signals: [Signal] = []

  init(_ settings: RuleSettings, every seconds: Double = 30) throws {
    rule = SeriesRule(settings, of: source(every: seconds))
    graph = try .standard()
    state = SeriesState(for: rule)
  }

  /// Takes a value; the detector's own time is the sample's unless said.
  @discardableResult
  mutating func take(_ value: Double, at seconds: Double, now: Double? = nil) -> [Signal] {
    let step = graph.step(
      state, sample(value, at: seconds), rule: rule, now: .at(now ?? seconds), detector: "d1", ids: &ids)
    state = step.state
    signals += step.signals
    return step.signals
  }
}
