import OperatorTool
import TestKit
import Testing
import Threads

@Suite("aiopsctl incidents watch")
struct WatchTests {
  private static func event(_ id: Int, _ incident: String, _ status: String) -> String {
    "id: \(id)\nevent: incident\ndata: {\"sequence\":\(id),\"incident\":{\"id\":\"\(incident)\","
      + "\"status\":\"\(status)\",\"name\":\"N\",\"detected_at\":\"2026-11-23T08:53:00.000Z\"}}\n\n"
  }

  @Test("follows an incident over a lost connection from where it broke, and ends with it")
  func follows() async throws {
    let streams = Locked(0)
    let (run, requests) = try await aiopsctl(["incidents", "watch", "INC-00000001", "--until-end"]) {
      request in
      guard request.path == "/aiops/stream" else {
        return .ok("{\"id\":\"INC-00000001\",\"status\":\"detected\"}")
      }
      let number = streams.withLock { count in
        count += 1
        return count
      }
      if number == 1 {
        return .stream(
          headers: [("Content-Type", "text/event-stream")],
          pieces: [
            "retry: 100\nid: 6\n\n", ": keep-alive\n\n", Self.event(7, "INC-00000001", "investigating"),
            Self.event(8, "INC-00000002", "detected"), "id: 9\nevent: incident\ndata: {\"cut",
          ])
      }
      return .stream(
        headers: [("Content-Type", "text/event-stream")],
        pieces: [Self.event(9, "INC-00000001", "resolved")], holdOpen: true)
    }
    #expect(run.status == 0)
    #expect(
      run.out == [
        "2026-11-23 08:53:00Z  INC-00000001  investigating  N",
        "2026-11-23 08:53:00Z  INC-00000001  resolved  N",
      ])
    let last = requests.last { $0.path == "/aiops/stream" }
    #expect(last?.headers["last-event-id"] == "8")
    #expect(run.err.count == 1)
  }

  @Test("ends at once when the incident has ended already")
  func ended() async throws {
    let (run, requests) = try await aiopsctl(["incidents", "watch", "00000001", "--until-end"]) { _ in
      .ok("{\"id\":\"INC-00000001\",\"status\":\"escalated\"}")
    }
    #expect(run.status == 0 && run.out == ["INC-00000001 is escalated already."])
    #expect(requests.count == 1)
  }

  @Test("notices an end that comes with no event: between the question and the stream, or among missed ones")
  func missedEnd() async throws {
    for isReset in [false, true] {
      let asked = Locked(0)
      let (run, _) = try await aiopsctl(["incidents", "watch", "INC-00000001", "--until-end"]) { request in
        guard request.path == "/aiops/stream" else {
          let number = asked.withLock { count in
            count += 1
            return count
          }
          let isOver = number > (isReset ? 2 : 1)
          return .ok("{\"id\":\"INC-00000001\",\"status\":\"\(isOver ? "resolved" : "detected")\"}")
        }
        return .stream(
          headers: [("Content-Type", "text/event-stream")],
          pieces: ["id: 6\n\n"] + (isReset ? ["id: 9\nevent: reset\ndata: {\"sequence\":9}\n\n"] : []),
          pause: .milliseconds(300), holdOpen: true)
      }
      #expect(run.status == 0)
      #expect(run.out == ["INC-00000001  resolved"])
    }
  }

  @Test("of what answers but is no stream of events says so, and does not ask again")
  func noStream() async throws {
    let (run, requests) = try await aiopsctl(["incidents", "watch"]) { _ in .ok("{}") }
    #expect(run.status == 1 && run.err.first?.contains("no stream of events") == true)
    #expect(requests.count == 1)
  }

  @Test("of a coordinator that refuses the stream says why")
  func refused() async throws {
    let (run, _) = try await aiopsctl(["incidents", "watch"]) { _ in
      .json(503, "{\"detail\":\"too many streams\"}")
    }
    #expect(run.status == 69 && run.err == ["aiopsctl: too many streams (503)"])
  }

  @Test("reads events whatever the pieces and line ends", arguments: [1, 2, 3, 7, 1000])
  func parser(size: Int) {
    let text =
      ": hi\r\nid: 1\r\nevent: incident\rdata: a\ndata:b\n\nid: 2\n\ndata: c\r\n\r\nevent: x\n\ndata: é\nid: 3"
    var parser = EventParser()
    var events: [ServerEvent] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      events += parser.take(Array(bytes[start..<min(bytes.count, start + size)]))
    }
    #expect(events == [ServerEvent(name: "incident", data: "a\nb"), ServerEvent(name: "message", data: "c")])
    #expect(parser.lastEventID == "2")
  }

  @Test("leaves out an event without end, in bounded memory")
  func bounded() {
    var parser = EventParser()
    let piece = [UInt8](repeating: 0x61, count: 1 << 20)
    var events = parser.take(Array("data: ".utf8))
    for _ in 0..<8 { events += parser.take(piece) }
    events += parser.take(Array("\n\ndata: ok\n\n".utf8))
    #expect(events == [ServerEvent(name: "message", data: "ok")])
  }
}
