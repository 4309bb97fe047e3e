import Synchronization
import TestKit

/// Prometheus sources that answer at once: one query of each has many series that are only looked at, another one
/// few that break and mend again with every answer.
final class SyntheticTargets: Sendable {
  static let sources = 40
  static let series = 1_000
  /// Series of a source that raise and clear in turn.
  static let flapping = 2

  /// What one detector at a time watches: every query.
  static var shards: Int { 2 * sources }

  private let server: ScriptedHTTPServer
  private let answers: Answers

  /// Answers given.
  private final class Answers: Sendable {
    let loads = Atomic<Int>(0)
    let flaps = Atomic<Int>(0)
  }

  init() throws {
    let answers = Answers()
    let load = Array(Self.body(Self.series) { "\(20 + $0 % 7)" }.utf8)
    let flaps = ["10", "95"].map { value in Array(Self.body(Self.flapping) { _ in value }.utf8) }
    server = try ScriptedHTTPServer { request in
      let type = [("Content-Type", "application/json")]
      if request.text == "query=load" {
        answers.loads.wrappingAdd(1, ordering: .relaxed)
        return .reply(headers: type, body: load)
      }
      // Each is asked about as often as the others, so that each sees both values.
      let turn = answers.flaps.wrappingAdd(1, ordering: .relaxed).oldValue
      return .reply(headers: type, body: flaps[turn / Self.sources % 2])
    }
    self.answers = answers
  }

  /// Samples that were read so far.
  var samples: Int {
    answers.loads.load(ordering: .relaxed) * Self.series + answers.flaps.load(ordering: .relaxed)
      * Self.flapping
  }

  func stop() { server.stop() }

  /// The sources, to be measured as often as it goes.
  var configuration: String {
    let sources = (0..<Self.sources).map { source in
      """
        - name: synthetic-\(source)
          type: prometheus
          url: \(server.url)/\(source)
          interval: 100ms
          retry: 1s
          timeout: 5s
          autonomy: observe
          queries: [{metric: load, query: load, unit: percent}, {metric: flap, query: flap, unit: percent}]
          rules: {flap: {threshold: {above: 80, clear: 75, for: 0s}}}
      """
    }
    return "sources:\n" + sources.joined(separator: "\n")
  }

  private static func body(_ series: Int, _ value: (Int) -> String) -> String {
    let results = (0..<series).map { number in
      #"{"metric":{"instance":"host-\#(number)","job":"synthetic"},"value":[1700000000,"\#(value(number))"]}"#
    }
    return
      #"{"status":"success","data":{"resultType":"vector","result":[\#(results.joined(separator: ","))]}}"#
  }
}
