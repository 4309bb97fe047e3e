import FoundationEssentials
import Glibc
import IncidentModel
import TestKit
import Threads

/// A notification that the receiver took.
struct Page: Sendable {
  var at: Timestamp
  var key: String
  /// The kind of it, e.g. `escalation`.
  var event: String
}

/// The receiver of notifications: answers, remembers, and is away when it shall be.
final class Receiver: Sendable {
  private struct State {
    var pages: [Page] = []
    var awayUntil = ContinuousClock.now
    var turnedAway = 0
  }

  private struct Payload: Decodable {
    var key: String
    var event: String
  }

  private let state: Locked<State>
  private let server: ScriptedHTTPServer

  /// Where it listens.
  var url: String { server.url + "/page" }
  /// What it took, in order.
  var pages: [Page] { state.withLock { $0.pages } }
  /// Deliveries that it did not take while it was away.
  var turnedAway: Int { state.withLock { $0.turnedAway } }

  init() throws {
    let state = Locked(State())
    self.state = state
    server = try ScriptedHTTPServer { request in
      let now = Timestamp.now
      return state.withLock { state in
        guard ContinuousClock.now >= state.awayUntil else {
          state.turnedAway += 1
          return .json(503, "{}")
        }
        guard let payload = try? JSONCoding.decoder().decode(Payload.self, from: Data(request.body)) else {
          return .json(400, "{}")
        }
        state.pages.append(Page(at: now, key: payload.key, event: payload.event))
        return .json(200, "{}")
      }
    }
  }

  /// Answers 503 for a while.
  func beAway(for duration: Duration) {
    state.withLock { $0.awayUntil = max($0.awayUntil, ContinuousClock.now + duration) }
  }

  func stop() { server.stop() }
}

extension Timestamp {
  /// The wall clock's time.
  static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}
