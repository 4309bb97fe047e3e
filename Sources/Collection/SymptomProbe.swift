package import IncidentModel
package import Settings

/// Measures a signal's symptom again, for verification after a fix.
///
/// Metrics that count what happened between two collections are collected twice at the first measurement; later
/// measurements of the same probe count from the one before.
package final class SymptomProbe: Sendable {
  /// What the symptom's series says.
  package enum Reading: Sendable, Equatable {
    case measured(Sample)
    /// It is not there, or the source cannot be measured; in words for people. That is never a recovery.
    case missing(reason: String)
  }

  private let source: SourceSettings
  private let host: String
  private let collector: any Collector
  private let deltaInterval: Duration

  /// A probe of a source, which keeps its connection until ``close()``.
  /// - Parameters:
  ///   - deltaInterval: how much time to put between the two collections that a delta needs.
  ///   - host: this machine's name; symptoms of another one can't be measured.
  package init(
    source: SourceSettings, deltaInterval: Duration = .seconds(3), host: String = hostName()
  ) {
    self.source = source
    self.host = host
    self.deltaInterval = deltaInterval
    collector = makeCollector(for: source, on: host)
  }

  /// Metrics that say what happened since the previous collection.
  package static let deltaMetrics: Set<String> = [
    "database_slow_queries", "database_deadlocks", "database_cache_hit_ratio", "cache_hit_ratio",
    "cache_evictions",
  ]

  /// Measures the series that a signal is about.
  ///
  /// - Parameters:
  ///   - signal: what was raised, by a detector or from an alert.
  ///   - now: the clock.
  package func measure(_ signal: Signal, now: @Sendable () -> Timestamp) async -> Reading {
    if let reason = source.objection(toMachine: signal.machine, on: host) { return .missing(reason: reason) }
    if let query = signal.failedQuery { return await ask(query, signal, now()) }
    let samples: [Sample]
    do throws(CollectionError) {
      var answer = try await collector.collect(at: now())
      if Self.deltaMetrics.contains(signal.metric), Self.find(signal, in: answer, of: source.name) == nil {
        try? await Task.sleep(for: deltaInterval)
        answer = try await collector.collect(at: now())
      }
      samples = answer
    } catch {
      if signal.metric == "source_up" { return .measured(sourceUp(0, signal, now())) }
      return .missing(reason: "\(source.name) cannot be measured: \(error)")
    }
    if signal.metric == "source_up" { return .measured(sourceUp(1, signal, now())) }
    if let sample = Self.find(signal, in: samples, of: source.name) { return .measured(sample) }
    return .missing(reason: "\(source.name) has no series \(signal.fingerprint) at the moment")
  }

  /// Gives back the connection.
  package func close() async { await collector.close() }

  /// Whether one query of the source can be asked.
  private func ask(_ query: String, _ signal: Signal, _ now: Timestamp) async -> Reading {
    guard let part = source.part(query: query) else {
      return .missing(reason: "\(source.name) has no query \(query.debugDescription) here")
    }
    let collector = makeCollector(for: part, on: host)
    let isUp: Bool
    do throws(CollectionError) {
      _ = try await collector.collect(at: now)
      isUp = true
    } catch {
      isUp = false
    }
    await collector.close()
    return .measured(sourceUp(isUp ? 1 : 0, signal, now))
  }

  private func sourceUp(_ value: Double, _ signal: Signal, _ now: Timestamp) -> Sample {
    Sample(
      name: "source_up", labels: signal.labels, value: value, unit: "bool", source: signal.source,
      timestamp: now)
  }

  /// The sample that a signal is about: that of its fingerprint; for an alert that of its metric, among several
  /// the one whose labels agree best with the alert's tags, among equals the worst.
  package static func find(_ signal: Signal, in samples: [Sample], of target: String) -> Sample? {
    if let exact = samples.first(where: { $0.fingerprint == signal.fingerprint }) { return exact }
    guard signal.source == "alert", signal.target == target else { return nil }
    // A tag that contradicts a label means another series.
    let candidates = samples.filter { sample in
      sample.name == signal.metric && sample.value.isFinite
        && sample.labels.allSatisfy { signal.labels[$0.key] == nil || signal.labels[$0.key] == $0.value }
    }
    func agreement(_ sample: Sample) -> Int { sample.labels.count { signal.labels[$0.key] == $0.value } }
    let best = candidates.map(agreement).max() ?? 0
    let equals = candidates.filter { agreement($0) == best }
    return signal.rule.condition == .below
      ? equals.min { $0.value < $1.value } : equals.max { $0.value < $1.value }
  }
}
