import Coordination
import IncidentEngine
import IncidentModel
import Notification
import Testing

@Suite("Telling people")
struct CourierTests {
  private static func announcement(_ key: String = "k", sinks: [String] = []) -> Announcement {
    Announcement(
      key: key, kind: .escalation, incident: IncidentID(number: 7), audience: "on-call engineer",
      sinks: sinks, severity: .high, title: "t", text: "x", at: Fixture.wall)
  }

  private static let away = DeliveryResult.failed(reason: "it is away", retryable: true)
  private static let took = DeliveryResult.delivered(detail: "")

  /// Carries one announcement to its end.
  /// - Returns: the outcome, and when each sink was tried, in seconds from the beginning.
  private static func carry(
    sinks: [String], wantedUntil: Int = .max,
    result: (_ sink: String, _ attempt: Int) -> DeliveryResult
  ) -> (outcome: String?, tries: [String: [Double]]) {
    var courier = Courier(sinks: sinks)
    var tries: [String: [Double]] = [:]
    _ = courier.take(announcement(), told: [])
    for second in 0..<2_000 {
      let now = Fixture.wall + .seconds(second)
      let due = courier.due(at: now) { _ in second < wantedUntil }
      var fates = due.fates
      for (announcement, sink) in due.deliveries {
        tries[sink, default: []].append(Double(second))
        fates += courier.delivered(
          announcement.key, sink, result(sink, tries[sink, default: []].count), at: now)
      }
      for case .settled(_, let outcome) in fates { return (outcome, tries) }
    }
    return (nil, tries)
  }

  @Test("a sink that fails is tried again, after pauses that double, until it takes it")
  func retries() {
    let (outcome, tries) = Self.carry(sinks: ["ops"]) { _, attempt in attempt < 5 ? Self.away : Self.took }
    #expect(outcome == "delivered")
    #expect(tries["ops"] == [0, 1, 3, 7, 15])
  }

  @Test("a sink that never answers is given up after ten tries, and that is said")
  func givesUp() {
    let (outcome, tries) = Self.carry(sinks: ["ops"]) { _, _ in Self.away }
    #expect(outcome == "on-call engineer not reached: it is away")
    #expect(tries["ops"]?.count == Courier.attempts)
  }

  @Test(
    "what nobody needed to hear any more is not said to be delivered, nor told to a sink that was not tried")
  func unneeded() {
    var courier = Courier(sinks: ["a", "b"])
    #expect(courier.take(Self.announcement("k"), told: []) == nil)
    let due = courier.due(at: Fixture.wall) { _ in false }
    #expect(due.deliveries.isEmpty)
    #expect(due.fates == [.settled(key: "k", outcome: "on-call engineer need not be told any more")])
  }

  @Test("a dead sink is said, and keeps nobody else from being told")
  func deadSink() {
    let (outcome, tries) = Self.carry(sinks: ["dead", "ops"]) { sink, _ in
      sink == "dead" ? .failed(reason: "dead is gone", retryable: false) : Self.took
    }
    #expect(outcome == "on-call engineer not reached: dead is gone")
    #expect(tries == ["dead": [0], "ops": [0]])
  }

  @Test("nobody is woken for what is over")
  func notWanted() {
    #expect(Self.carry(sinks: ["ops"], wantedUntil: 0) { _, _ in Self.took }.tries.isEmpty)
    let (outcome, tries) = Self.carry(sinks: ["ops"], wantedUntil: 2) { _, _ in Self.away }
    #expect(outcome?.contains("not needed any more") == true)
    #expect(tries["ops"] == [0, 1])
  }

  @Test("a sink that was told before a restart is not told again")
  func told() {
    var courier = Courier(sinks: ["a", "b"])
    #expect(courier.take(Self.announcement(), told: ["a"]) == nil)
    let due = courier.due(at: Fixture.wall) { _ in true }
    #expect(due.deliveries.map(\.sink) == ["b"])
    #expect(
      courier.delivered("k", "b", Self.took, at: Fixture.wall) == [.settled(key: "k", outcome: "delivered")])
    #expect(
      courier.take(Self.announcement("l"), told: ["a", "b"]) == .settled(key: "l", outcome: "delivered"))
  }

  @Test("a sink that is away holds up no other in a storm")
  func storm() {
    var courier = Courier(sinks: ["dead", "ops"])
    for number in 0..<1_000 { _ = courier.take(Self.announcement("k\(number)"), told: []) }
    var reached: Set<String> = []
    for _ in 0..<100 {
      for (announcement, sink) in courier.due(at: Fixture.wall, isWanted: { _ in true }).deliveries
      where sink == "ops" {
        reached.insert(announcement.key)
        _ = courier.delivered(announcement.key, sink, Self.took, at: Fixture.wall)
      }
    }
    #expect(reached.count == 1_000)
    #expect(courier.count == 1_000)
  }

  @Test("without any sink the log is told, and an announcement that is on its way is not taken twice")
  func noSinks() {
    var courier = Courier(sinks: [])
    _ = courier.take(Self.announcement(), told: [])
    _ = courier.take(Self.announcement(), told: [])
    #expect(courier.due(at: Fixture.wall, isWanted: { _ in true }).deliveries.map(\.sink) == ["log"])
    #expect(courier.due(at: Fixture.wall, isWanted: { _ in true }).deliveries.isEmpty)
  }
}
