import FoundationEssentials
import HTTPBackend
import IncidentModel
import TestKit
import Threads

/// An outside monitor and people, who talk to whichever coordinator they happen to ask.
final class People: Sendable {
  /// An alert that was posted; its value is its mark.
  struct Posted: Sendable {
    var mark: Double
    var isAccepted: Bool
  }

  /// A word that a coordinator took.
  struct Word: Sendable {
    var by: String
    var say: Say
    var incident: String
  }

  private struct List: Decodable {
    struct Item: Decodable {
      var id: String
      var status: IncidentStatus
      var awaitingApproval: Bool
      var acknowledgedBy: String?
    }
    var incidents: [Item]
  }

  private struct Acknowledged: Decodable {
    struct Mark: Decodable { var by: String }
    var acknowledged: Mark?
  }

  private let fleet: Fleet
  private let random: Locked<SeededRandom>
  private struct State {
    var alerts = 0
    var posted: [Posted] = []
    var said = 0
    var words: [Word] = []
    var silent = 0
  }

  private let state = Locked(State())

  init(_ fleet: Fleet, seed: UInt64) {
    self.fleet = fleet
    random = Locked(SeededRandom(seed: seed))
  }

  var posted: [Posted] { state.withLock { $0.posted } }
  var words: [Word] { state.withLock { $0.words } }
  /// Words that no coordinator took, and questions that none answered.
  var failures: (refused: Int, silent: Int) { state.withLock { ($0.said - $0.words.count, $0.silent) } }

  private func pick(_ count: Int) -> Int { random.withLock { Int.random(in: 0..<count, using: &$0) } }

  /// Posts an alert about one of several queues.
  func post(_ queue: Int) async {
    let number = state.withLock { state in
      state.alerts += 1
      return state.alerts
    }
    // Unique, and well above the threshold of 100.
    let mark = 200 + Double(number) / 1_024
    let body = """
      {"alert_id":"chaos-\(number)","metric_name":"queue_depth","current_value":\(mark),"threshold":100,\
      "condition":"above","timestamp":"\(Timestamp.now.rfc3339)","resource":"queue-\(queue)",\
      "description":"the queue grows","tags":{}}
      """
    let index = pick(fleet.coordinators.count)
    let answer = try? await fleet.post("/aiops/alerts", body, to: index)
    state.withLock { state in
      state.posted.append(Posted(mark: mark, isAccepted: answer?.status == 200))
    }
  }

  /// Says a word on an incident that it fits.
  func say(_ say: Say) async {
    let index = pick(fleet.coordinators.count)
    guard let all = await open(index) else { return state.withLock { $0.silent += 1 } }
    let fitting = all.filter { item in
      switch say {
      case .approve: item.awaitingApproval
      case .acknowledge: item.status == .escalated && item.acknowledgedBy == nil
      case .snooze: item.status == .escalated
      case .resolve, .falsePositive: true
      }
    }
    guard !fitting.isEmpty else { return }
    await self.say(say, on: fitting[pick(fitting.count)].id, to: index)
  }

  /// The open incidents as a coordinator has them; `nil` when it does not say.
  private func open(_ index: Int) async -> [List.Item]? {
    guard
      let answer = try? await fleet.get(
        "/aiops/incidents?page_size=500&status=detected,investigating,identified,resolving,escalated",
        of: index),
      answer.status == 200
    else { return nil }
    return try? JSONCoding.decoder().decode(List.self, from: Data(answer.body)).incidents
  }

  private func say(_ say: Say, on incident: String, to index: Int) async {
    let number = state.withLock { state in
      state.said += 1
      return state.said
    }
    let by = "person-\(number)"
    let more = say == .snooze ? ",\"for\":\"1m\"" : ""
    let answer = try? await fleet.post(
      "/aiops/incidents/\(incident)/\(say.rawValue)", "{\"by\":\"\(by)\"\(more)}", to: index)
    guard let answer, answer.status == 200 else { return }
    if say == .acknowledge {
      // Somebody else's acknowledgement stands; then nothing is written.
      let view = try? JSONCoding.decoder().decode(Acknowledged.self, from: Data(answer.body))
      guard view?.acknowledged?.by == by else { return }
    }
    state.withLock { $0.words.append(Word(by: by, say: say, incident: incident)) }
  }

  /// Acknowledges everything that people have in hand and nobody has acknowledged.
  /// - Returns: how many incidents machines still work on; `nil` when the coordinator did not say.
  func takeOver() async -> Int? {
    guard let leader = await fleet.leader(), let all = await open(leader.index) else { return nil }
    for item in all where item.status == .escalated && item.acknowledgedBy == nil {
      await say(.acknowledge, on: item.id, to: leader.index)
    }
    return all.count { $0.status != .escalated || $0.acknowledgedBy == nil }
  }
}
