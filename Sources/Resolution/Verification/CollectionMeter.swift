package import Collection
package import IncidentModel
package import Settings

/// Measures symptoms with the collectors that the detectors use.
///
/// Each source is collected once a round, whatever the number of its symptoms. Metrics that say what
/// happened since the previous collection (slow queries, deadlocks, hit ratios) have a collector of their
/// own, which is asked once in the source's interval: their bounds speak of that interval, and the few
/// seconds between two rounds would nearly always look healthy.
package actor CollectionMeter: SymptomMeter {
  /// Counting takes at most so long; a longer interval's count is extrapolated.
  static let longestSpan = 30.0
  /// The load average of a minute needs so long to come down.
  static let loadSpan = Duration.seconds(90)

  private struct Counting {
    let collector: any Collector
    /// When the present span began, on the pace's clock; `nil` before the first collection.
    var since: Duration?
  }

  /// What is collected at once: a source, or the one query of it that can't be measured.
  private struct Place: Hashable {
    var source: String
    var query: String?
  }

  private typealias Answer = Result<[Sample], CollectionError>

  private let settings: SystemSettings
  private let pace: Pace
  private let host: String
  private let make: @Sendable (SourceSettings) -> any Collector
  private var collectors: [Place: any Collector] = [:]
  private var counting: [String: Counting] = [:]

  /// A meter, which keeps its connections until ``close()``.
  /// - Parameters:
  ///   - settings: this resolver's own.
  ///   - pace: time.
  ///   - host: this machine's name; symptoms of another one can't be measured.
  ///   - make: makes the collector of a source.
  package init(
    settings: SystemSettings, pace: Pace = .system, host: String = hostName(),
    make: @escaping @Sendable (SourceSettings) -> any Collector = { makeCollector(for: $0) }
  ) {
    self.settings = settings
    self.pace = pace
    self.host = host
    self.make = make
  }

  package func measure(_ signals: [Signal]) async -> [SymptomReading] {
    let sources = Set(signals.compactMap(\.target)).compactMap { settings.source(named: $0) }
    var present: [Place: Answer] = [:]
    var counted: [String: (answer: Answer, seconds: Double)] = [:]
    for source in sources.sorted(by: { $0.name < $1.name }) {
      let own = signals.filter {
        $0.target == source.name && source.objection(toMachine: $0.machine, on: host) == nil
      }
      for query in Set(own.filter { !Self.isCounted($0) }.map(\.failedQuery)) {
        let part: SourceSettings? = if let query { source.part(query: query) } else { source }
        guard let part else { continue }
        let place = Place(source: source.name, query: query)
        present[place] = await collect(part, at: place)
      }
      if own.contains(where: Self.isCounted) { counted[source.name] = await count(source) }
    }
    return signals.map { signal in
      guard let target = signal.target, let source = settings.source(named: target) else {
        return .unmeasured(reason: "this resolver knows no source \(PlainLine.of(signal.target ?? "", 80))")
      }
      if let reason = source.objection(toMachine: signal.machine, on: host) {
        return .unmeasured(reason: PlainLine.of(reason + ", not on \(host)", 300))
      }
      if Self.isCounted(signal) {
        guard let (answer, seconds) = counted[target] else { return .pending }
        let times = seconds > 0 ? max(1, source.intervalSeconds / seconds) : 1
        return Self.reading(signal, answer, of: target, times: times)
      }
      guard let answer = present[Place(source: target, query: signal.failedQuery)] else {
        let query = PlainLine.of(signal.failedQuery ?? "", 80)
        return .unmeasured(reason: "this resolver's \(target) has no query \(query)")
      }
      return Self.reading(signal, answer, of: target)
    }
  }

  package func span(of signals: [Signal]) -> Duration {
    signals.map { signal -> Duration in
      if signal.metric == "host_load_per_core" { return Self.loadSpan }
      guard Self.isCounted(signal), let source = signal.target.flatMap({ settings.source(named: $0) }) else {
        return .zero
      }
      // Two spans, one after the other, and some rounds to notice that they are over.
      return .seconds(2 * Self.span(of: source) + 8)
    }.max() ?? .zero
  }

  package func close() async {
    for collector in collectors.values { await collector.close() }
    for series in counting.values { await series.collector.close() }
    collectors = [:]
    counting = [:]
  }

  private func collect(_ source: SourceSettings, at place: Place) async -> Answer {
    let collector = collectors[place] ?? make(source)
    collectors[place] = collector
    return await Self.collect(collector, at: pace.now())
  }

  /// What was counted since the span began; `nil` while it lasts.
  private func count(_ source: SourceSettings) async -> (answer: Answer, seconds: Double)? {
    var series = counting[source.name] ?? Counting(collector: make(source))
    let now = pace.elapsed()
    if let since = series.since, (now - since).inSeconds < Self.span(of: source) { return nil }
    let answer = await Self.collect(series.collector, at: pace.now())
    let began = series.since
    if case .success = answer { series.since = now } else { series.since = nil }
    counting[source.name] = series
    guard let began else {
      // The first collection only sets the counters.
      if case .failure = answer { return (answer, 0) }
      return nil
    }
    return (answer, (now - began).inSeconds)
  }

  private static func collect(_ collector: any Collector, at now: Timestamp) async -> Answer {
    do throws(CollectionError) { return .success(try await collector.collect(at: now)) } catch {
      return .failure(error)
    }
  }

  private static func isCounted(_ signal: Signal) -> Bool {
    SymptomProbe.deltaMetrics.contains(signal.metric)
  }

  private static func span(of source: SourceSettings) -> Double {
    min(max(source.intervalSeconds, 1), longestSpan)
  }

  /// A count over a shorter time than the bound speaks of is taken to go on like that: `factor`.
  private static func reading(
    _ signal: Signal, _ answer: Answer, of target: String, times factor: Double = 1
  ) -> SymptomReading {
    switch answer {
    case .success where signal.metric == "source_up": return .value(1)
    case .failure where signal.metric == "source_up": return .value(0)
    case .failure(let error): return .unmeasured(reason: "\(target) can't be measured: \(error)")
    case .success(let samples):
      guard let sample = SymptomProbe.find(signal, in: samples, of: target) else {
        return .unmeasured(reason: "\(target) has no such series now")
      }
      return .value(sample.unit == "count" ? sample.value * factor : sample.value)
    }
  }
}
