import HTTPBackend
import IncidentModel
import Synchronization
import TestKit

/// Prometheus sources that answer at once: each query has so many series, a few of which break and mend again with
/// every answer.
final class SyntheticTargets: Sendable {
  static let sources = 24
  static let series = 400
  /// Series of a source that raise and clear in turn.
  static let flapping = 4

  private let server: ScriptedHTTPServer
  private let counts: Counts

  /// Answers given, by source.
  private final class Counts: Sendable {
    private let answers = (0..<SyntheticTargets.sources).map { _ in Slot() }

    final class Slot: Sendable {
      let count = Atomic<Int>(0)
    }

    func next(_ source: Int) -> Int {
      answers[source].count.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    var total: Int { answers.reduce(0) { $0 + $1.count.load(ordering: .relaxed) } }
  }

  init() throws {
    let counts = Counts()
    let bodies = (0..<2).map { turn in
      (0..<Self.sources).map { Array(Self.body(source: $0, isBroken: turn == 1).utf8) }
    }
    server = try ScriptedHTTPServer { request in
      // `/3/api/v1/query`
      let place = request.path.split(separator: "/").first.flatMap { Int($0) } ?? 0
      let source = min(max(place, 0), Self.sources - 1)
      let turn = counts.next(source) % 2
      return .reply(headers: [("Content-Type", "application/json")], body: bodies[turn][source])
    }
    self.counts = counts
  }

  /// Samples that were read so far.
  var samples: Int { counts.total * Self.series }

  func stop() { server.stop() }

  /// The sources, to be measured as often as it goes.
  var configuration: String {
    let sources = (0..<Self.sources).map { source in
      """
        - name: synthetic-\(source)
          type: prometheus
          url: \(server.url)/\(source)
          interval: 50ms
          retry: 1s
          timeout: 5s
          autonomy: observe
          queries: [{metric: load_\(source), query: load, unit: percent}]
          rules: {load_\(source): {threshold: {above: 80, clear: 75, for: 0s}, baseline: {deviations: 6}}}
      """
    }
    return "sources:\n" + sources.joined(separator: "\n")
  }

  private static func body(source: Int, isBroken: Bool) -> String {
    let results = (0..<series).map { number in
      let value = number < flapping && isBroken ? 95 : 20 + (number + source) % 7
      return #"{"metric":{"instance":"host-\#(number)","job":"synthetic"},"value":[1700000000,"\#(value)"]}"#
    }
    return
      #"{"status":"success","data":{"resultType":"vector","result":[\#(results.joined(separator: ","))]}}"#
  }
}
