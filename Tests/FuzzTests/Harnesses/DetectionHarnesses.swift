import IncidentModel
import MessageBus
import Settings

@testable import Detection

extension Harness {
  /// What a detector makes of any samples.
  static let detection: [Harness] = [
    Harness(
      "samples", maxBytes: 4096,
      seeds: {
        [
          (0..<40).flatMap { [1, 2, $0 % 2 + 2] },
          (0..<30).flatMap { _ in [1, 0, 3] } + [1, 0, 9, 1, 0, 9, 1, 0, 9, 1, 0, 2, 1, 0, 2, 1, 0, 2],
        ]
      }, run: samples)
  ]

  private static func samples(_ bytes: [UInt8]) throws -> Bool {
    var baseline = BaselineSettings()
    (baseline.minimumSamples, baseline.windowSamples) = (4, 16)
    var source = SourceSettings(name: "prom", kind: .host(HostSourceSettings()))
    source.rules = ["a", "b", "c"].map { metric in
      var side = baseline
      side.condition = metric == "b" ? .below : .above
      return RuleSettings(
        metric: metric, threshold: metric == "a" ? ThresholdSettings(value: 10) : nil, baseline: side)
    }
    var detector = Detector(name: "d", instance: "d/1", sources: [source], graph: try .standard())
    var feed = ByteFeed(bytes)
    var now = Samples.moment
    var said = 0
    while !feed.isEmpty {
      now = now + .seconds(feed.int(120))
      let samples = (0..<1).map { _ in
        Sample(
          name: ["a", "b", "c"][feed.int(3)], labels: ["target": "prom"], value: feed.number(), unit: "count",
          source: "host", timestamp: now)
      }
      let signals = detector.absorb(samples, from: "prom", at: now)
      said += signals.count
      // Whatever was measured, what is said of it can be sent.
      for signal in signals { _ = try WireCodec.encode(.signals(batch: 1, [signal])) }
    }
    return said > 0
  }
}
