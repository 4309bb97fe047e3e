package import IncidentModel
package import Settings

/// Measures one source.
package protocol Collector: Sendable {
  /// Measures everything that the source has.
  ///
  /// Metrics that count what happened since the previous collection are not in the first answer.
  /// - Parameter now: the timestamp of the samples.
  func collect(at now: Timestamp) async throws(CollectionError) -> [Sample]

  /// What could not be measured although the source answers, and why; each once, and once more after it had gone
  /// away. For the log.
  func takeNotes() async -> [String]

  /// Gives back connections. The collector is not used afterwards.
  func close() async
}

extension Collector {
  package func takeNotes() async -> [String] { [] }
}

/// Why a source cannot be measured, in words for people. Messages never hold credentials.
package enum CollectionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Nobody answers there.
  case unreachable(String)
  /// Somebody answers and does not let us in.
  case refused(String)
  /// The measurement took longer than the source's timeout, in seconds.
  case timedOut(seconds: Double)
  /// What answers says something else than expected.
  case invalidAnswer(String)
  /// The task was cancelled.
  case cancelled

  package var description: String {
    switch self {
    case .unreachable(let text), .refused(let text), .invalidAnswer(let text): text
    case .timedOut(let seconds):
      "no measurement within \(seconds) s; the source hangs or is overloaded (see its `timeout`)"
    case .cancelled: "the measurement was cancelled"
    }
  }
}

/// The collector for a source, with the source's timeout around each collection.
package func makeCollector(for source: SourceSettings) -> any Collector {
  makeCollector(for: source, on: hostName())
}

/// The collector for a source.
/// - Parameter host: what samples call this machine.
package func makeCollector(for source: SourceSettings, on host: String) -> any Collector {
  let timeout = Duration.seconds(min(max(source.timeoutSeconds, 0.1), 3600))
  let collector: any Collector =
    switch source.kind {
    case .host(let settings):
      HostCollector(target: source.name, host: host, settings: settings, timeout: timeout)
    case .postgres(let settings): PostgresCollector(target: source.name, settings: settings, timeout: timeout)
    case .redis(let settings): RedisCollector(target: source.name, settings: settings, timeout: timeout)
    case .prometheus(let settings):
      PrometheusCollector(target: source.name, settings: settings, timeout: timeout)
    case .http(let settings): HTTPCollector(target: source.name, settings: settings, timeout: timeout)
    }
  return BoundedCollector(collector, timeout: timeout)
}

/// Makes the samples of one collection alike.
struct SampleMaker {
  let source: String
  let target: String
  let now: Timestamp
  /// The machine, for what only it can see.
  var host: String?

  func callAsFunction(
    _ name: String, _ value: Double, _ unit: String, _ labels: [String: String] = [:]
  ) -> Sample {
    // They come from outside, and are to be sent.
    var labels = labels.mapValues(CombiningMarks.bounded)
    labels[Label.target] = target
    if let host { labels[Label.host] = host }
    return Sample(name: name, labels: labels, value: value, unit: unit, source: source, timestamp: now)
  }
}

/// Remarks that shall be made once and not with every collection.
struct Notes {
  private var known: [String: String] = [:]
  private var fresh: [String] = []

  /// Remarks on a topic; the same remark again is nothing new.
  mutating func remark(_ topic: String, _ text: String) {
    guard known[topic] != text, known[topic] != nil || known.count < 1000 else { return }
    known[topic] = text
    fresh.append(text)
  }

  /// The topic is in order (again).
  mutating func settle(_ topic: String) { known[topic] = nil }

  /// The remarks that are new since the last call.
  mutating func take() -> [String] {
    defer { fresh = [] }
    return fresh
  }
}
