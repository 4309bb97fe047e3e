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
  ///   - host: this machine's name, for `source_up` of `host` sources; `nil` leaves it out.
  ///   - limits: what may be held.
  ///   - saysFirstGood: whether the first good sample of each series is said as cleared, for what an earlier run
  ///     of the process had raised.
  ///   - graph: what every sample travels through.
  package init(
    name: String, instance: String, sources: [SourceSettings], host: String? = nil,
    limits: Limits = Limits(), saysFirstGood: Bool = false, graph: DetectionGraph
  ) {
    self.name = name
    self.limits = limits
    self.graph = graph
    ids = SignalIDs(instance: instance)
    for source in sources {
      self.sources[source.name] = SourceMemory(
        source, host: host, refreshSeconds: limits.refreshSeconds, saysFirstGood: saysFirstGood)
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
    // A query that its server refuses is told by the collector, because the others were answered.
    let refused = Set(
      samples.filter { $0.name == SourceUp.metric && $0.value < 1 }.compactMap { $0.labels[Label.query] })
    judgeSource(&memory, at: now, &signals) { query in
      guard let query, refused.contains(query) else { return nil }
      return "the server refuses this query; the detector's log says why"
    }
    memory.collections += 1
    statistics.samples += samples.count
    for sample in samples where memory.part.contains(sample.name) && sample.name != SourceUp.metric {
      judge(sample, &memory, at: now, &signals)
      if let older = memory.asBefore(sample) { judge(older, &memory, at: now, &signals) }
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
    let note = reason.oneLine(limit: 300)
    judgeSource(&memory, at: now, &signals) { _ in note }
    return signals
  }

  /// What was counted since the last call.
  package mutating func takeStatistics() -> Statistics {
    defer { statistics = Statistics() }
    return statistics
  }

  /// The fingerprints that are raised now, in order.
  package var raised: [Fingerprint] {
    sources.values.flatMap(\.raised).sorted()
  }
}
