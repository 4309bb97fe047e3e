import Foundation
import IncidentModel
import Testing

@Suite("JSON")
struct CodingTests {
  private func roundTrip<T: Codable & Equatable>(_ value: T) throws {
    let data = try JSONCoding.encoder().encode(value)
    #expect(try JSONCoding.decoder().decode(T.self, from: data) == value)
  }

  private func action(_ numbers: inout SeededNumbers) -> Action {
    let sessions = SessionFilter(
      state: numbers.maybe(numbers.text()), application: numbers.maybe(numbers.text()),
      olderThanSeconds: numbers.number(), limit: Int.random(in: 0...1000, using: &numbers))
    return switch ActionKind.allCases.randomElement(using: &numbers) ?? .notify {
    case .terminateBackends: .terminateBackends(sessions)
    case .cancelQueries: .cancelQueries(sessions)
    case .setTimeouts:
      .setTimeouts(
        TimeoutSettings(
          role: numbers.text(), statementSeconds: numbers.maybe(numbers.number()),
          idleInTransactionSeconds: numbers.maybe(numbers.number())))
    case .setPoolSize: .setPoolSize(PoolSize(database: numbers.text(), size: 7))
    case .clearCache: .clearCache(KeyFilter(pattern: numbers.text(), limit: 3))
    case .setMaxMemory: .setMaxMemory(MemoryLimit(bytes: Int64.random(in: 0...Int64.max, using: &numbers)))
    case .deleteFiles:
      .deleteFiles(
        FileFilter(
          folder: numbers.text(), pattern: numbers.text(), olderThanSeconds: numbers.number(), limit: 1))
    case .runCommand:
      .runCommand(CommandCall(command: numbers.text(), arguments: [numbers.text(), numbers.text()]))
    case .httpRequest:
      .httpRequest(EndpointCall(endpoint: numbers.text(), body: numbers.maybe(numbers.text())))
    case .notify: .notify(Notice(sink: numbers.text(), text: numbers.text()))
    }
  }

  @Test("keeps every action and every parameter as it is", arguments: 0..<8)
  func values(seed: UInt64) throws {
    var numbers = SeededNumbers(state: seed)
    for _ in 0..<100 {
      try roundTrip(action(&numbers))
      try roundTrip(
        Bool.random(using: &numbers)
          ? ParameterValue.text(numbers.text()) : ParameterValue.number(numbers.number()))
    }
  }

  @Test("has the words that runbooks have, and snake_case names")
  func names() throws {
    let action = Action.terminateBackends(
      SessionFilter(state: "idle", application: nil, olderThanSeconds: 5, limit: 2))
    let text = String(decoding: try JSONCoding.encoder().encode(action), as: UTF8.self)
    #expect(
      text
        == #"{"arguments":{"limit":2,"older_than_seconds":5,"state":"idle"},"kind":"postgres.terminate_backends"}"#
    )
  }

  @Test("of an alert has the contract's names")
  func alert() throws {
    let json = """
      {"alert_id":"a","metric_name":"m","current_value":95,"threshold":80,"condition":"above",
      "timestamp":"2026-11-23T08:53:00Z","resource":"db","description":"d","tags":{"unit":"percent"}}
      """
    let alert = try JSONCoding.decoder().decode(AIopsAlert.self, from: Data(json.utf8))
    #expect(alert.signal(id: "1").state == .raised)
    #expect(alert.fingerprint.text == "alert/m{target=\"db\",unit=\"percent\"}")
    try roundTrip(alert)
  }

  @Test("a parameter is shown as people write it")
  func shown() {
    #expect(ParameterValue.number(5).description == "5")
    #expect(ParameterValue.number(0.25).description == "0.25")
    #expect(ParameterValue.number(.nan).description == "nan")
    #expect(ParameterValue.number(1e300).description == "1e+300")
  }
}
