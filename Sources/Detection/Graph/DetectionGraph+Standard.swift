package import IncidentModel

extension DetectionGraph {
  /// The graph that every detector runs.
  /// - Throws: never in a released version; a test makes it.
  package static func standard() throws(DetectionGraphError) -> DetectionGraph {
    try DetectionGraph(
      nodes: [
        Node("intake", "a sample, with the rule and the memory of its series") { $0.startJourney() },
        Node("validate", "is it a finite number, in order, of a sane time?") { $0.validate() },
        Node("refuse", "counted, and the series stays as it was: unknown is not recovered"),
        Node("threshold", "a fixed bound with waiting time and hysteresis") { $0.judgeThreshold() },
        Node("baseline", "deviation from mean and spread of the recent past") { $0.judgeBaseline() },
        Node("merge", "one statement for each fingerprint: threshold before baseline") { $0.merge() },
        Node("raise", "says that there is trouble") { $0.say() },
        Node("escalate", "says at once that it became worse or that another rule holds") { $0.say() },
        Node("refresh", "says again that it lasts") { $0.say() },
        Node("clear", "says that it is gone") { $0.sayCleared() },
        Node("quiet", "nothing to say"),
      ],
      edges: [
        Edge("intake", "quiet", when: "nothing is held against it") { $0.rule.isEmpty },
        Edge("intake", "validate"),
        Edge("validate", "refuse", when: "it can't be judged") { $0.refusal != nil },
        Edge("validate", "threshold", when: "there is a bound") { $0.rule.threshold != nil },
        Edge("validate", "baseline"),
        Edge("threshold", "merge", when: "it holds or just recovered") { $0.threshold.decides },
        Edge("threshold", "baseline", when: "a baseline is kept") { $0.rule.baseline != nil },
        Edge("threshold", "merge"),
        Edge("baseline", "merge"),
        Edge("merge", "raise", when: "new") { $0.transition == .raise },
        Edge("merge", "escalate", when: "worse or of another rule") { $0.transition == .escalate },
        Edge("merge", "refresh", when: "still there and long not said") { $0.transition == .refresh },
        Edge("merge", "clear", when: "gone") { $0.transition == .clear },
        Edge("merge", "quiet"),
      ])
  }

  /// Takes the next sample of a series: the same arguments give the same answer, always.
  /// - Parameters:
  ///   - state: what is remembered of the series; give it away (`consume`) so that nothing is copied.
  ///   - sample: the sample.
  ///   - rule: what is held against it.
  ///   - now: the detector's own time.
  ///   - detector: the detector's name.
  ///   - ids: where signals get their ids.
  package func step(
    _ state: consuming SeriesState, _ sample: Sample, rule: SeriesRule, now: Timestamp,
    detector: String, ids: inout SignalIDs
  ) -> (state: SeriesState, signals: [Signal]) {
    var context = DetectionContext(
      sample: sample, fingerprint: sample.fingerprint, rule: rule, now: now, detector: detector,
      state: state, ids: ids)
    route(&context)
    ids = context.ids
    return (context.state, context.signals)
  }
}

extension ThresholdDetector.Verdict {
  /// Whether the threshold alone decides about this sample.
  ///
  /// The baseline then does not see it: trouble is no history.
  var decides: Bool {
    switch self {
    case .breaching, .held, .recovered: true
    case .quiet, .waiting: false
    }
  }
}
