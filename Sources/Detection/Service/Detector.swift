package import IncidentModel
package import Settings

/// Everything a detector knows: the rules, and the memory of every series of every source.
///
/// A value without clock, randomness or I/O: the same calls give the same signals, so a recorded day can be
/// replayed. The number of series is bounded; at the bound the new ones are refused and counted.
package struct Detector: Sendable {
  /// What a detector may hold and how long.
  package struct Limits: Hashable, Sendable {
    /// So many series at most, besides each source's `source_up`.
    package var series = 10_000
    /// A raised series that so many collections in a row did not report is said to be unknown.
    package var vanishedAfter = 3
    /// A quiet series is forgotten after so long without a sample.
    package var forgetQuietAfter = Duration.seconds(3600)
    /// A raised one after so long.
    package var forgetRaisedAfter = Duration.seconds(86_400)
    /// While trouble lasts it is said again every so many seconds.
    package var refreshSeconds = 60.0

    /// The defaults.
    package init() {}
  }

  /// What was counted since it was last asked for.
  package struct Statistics: Hashable, Sendable {
    /// Samples that came.
    package var samples = 0
    /// Samples that could not be judged, by reason.
    package var refused: [SampleRefusal: Int] = [:]
    /// Samples of new series that found no room.
    package var noRoom = 0
    /// Raised series that were forgotten, never cleared.
    package var forgotten: [Fingerprint] = []

    /// Nothing counted.
    package init() {}
  }

  /// The detector's name, as signals carry it.
  package let name: String
  let limits: Limits
  let graph: DetectionGraph
  var ids: SignalIDs
  var sources: [String: SourceMemory] = [:]
  /// How many series are remembered, without `source_up`.
  package internal(set) var seriesCount = 0
  var statistics = Statistics()

  /// A detector that knows nothing yet.
  /// - Parameters:
  ///   - name: the detector's name.
  ///   - instance: unique to this run of the process; signal ids are `<instance>-<counter>`.
  ///   - sources: what is watched, with the rules.
  ///   - limits: what may be held.
  ///   - saysFirstGood: whether the first good sample of each series is said as cleared, for what an earlier run
  ///     of the process had raised.
  ///   - graph: what every sample travels through.
  package init(
    name: String, instance: String, sources: [SourceSettings], limits: Limits = Limits(),
    saysFirstGood: Bool = false, graph: DetectionGraph
  ) {
    self.name = name
    self.limits = limits
    self.graph = graph
    ids = SignalIDs(instance: instance)
    for source in sources {
      self.sources[source.name] = SourceMemory(
        source, refreshSeconds: limits.refreshSeconds, saysFirstGood: saysFirstGood)
    }
  }

  /// Takes what one collection of a source brought; the source is up.
  /// - Returns: what is to be said: of the source, of the samples in their order, of what vanished.
  package mutating func absorb(
    _ samples: [Sample], from source: String, at now: Timestamp
  ) -> [Signal] {
    guard sources[source]?.part != .nothing, var memory = sources.removeValue(forKey: source) else {
      return []
    }
    defer { sources[source] = memory }
    var signals: [Signal] = []
    judgeSource(&memory, isUp: true, note: nil, at: now, &signals)
    memory.collections += 1
    statistics.samples += samples.count
    for sample in samples where memory.part.contains(sample.name) {
      judge(sample, &memory, at: now, &signals)
    }
    signals += missing(&memory, at: now)
    return signals
  }

  /// Takes it that a source could not be measured. Its other series are unknown: neither cleared nor refreshed.
  /// - Parameters:
  ///   - source: the source's name.
  ///   - reason: for people; cut at 300 characters.
  ///   - now: when it failed.
  package mutating func fail(_ source: String, because reason: String, at now: Timestamp) -> [Signal] {
    guard sources[source]?.part != .nothing, var memory = sources.removeValue(forKey: source) else {
      return []
    }
    defer { sources[source] = memory }
    var signals: [Signal] = []
    judgeSource(&memory, isUp: false, note: reason.oneLine(limit: 300), at: now, &signals)
    return signals
  }

  /// What was counted since the last call.
  package mutating func takeStatistics() -> Statistics {
    defer { statistics = Statistics() }
    return statistics
  }

  /// The fingerprints that are raised now, in order.
  package var raised: [Fingerprint] {
    sources.values.flatMap { memory in
      memory.series.values.filter { $0.state.alarm != nil }.map(\.fingerprint)
        + (memory.up.state.alarm == nil ? [] : [memory.up.fingerprint])
    }.sorted()
  }
}
