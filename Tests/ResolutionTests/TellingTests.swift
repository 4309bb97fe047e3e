import FoundationEssentials
import IncidentModel
import Logging
import Notification
import Resolution
import Settings
import TestKit
import Testing

private typealias Answer = @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response

private func answering(_ status: Int) -> Answer { { _ in .reply(status) } }

@Suite("Notifications")
struct NotifierTests {
  private let notification = Notification(
    key: "INC-1A2B3C4D/escalation/1", kind: .escalation, about: Make.incident(), text: "it leaks\nstill",
    audience: "on-call engineer", at: Make.start)

  private func deliver(
    to url: String, timeout: Duration = .seconds(5)
  ) async -> DeliveryResult {
    let notifier = Notifier(timeout: timeout, logger: Logger(label: "test"))
    defer { notifier.shutdown() }
    return await notifier.deliver(
      notification, to: SinkSettings(name: "ops", kind: .webhook(url: Secret(url))))
  }

  @Test("a webhook gets JSON with the API's names and the key as a header")
  func webhook() async throws {
    try await ScriptedHTTPServer.with(answering(204)) { server in
      let result = await deliver(to: server.url + "/hook")
      #expect(result == .delivered(detail: "webhook ops answered 204"))
      let request = try #require(server.requests.first)
      #expect(request.method == "POST" && request.path == "/hook")
      #expect(request.headers["idempotency-key"] == "INC-1A2B3C4D/escalation/1")
      #expect(request.headers["content-type"] == "application/json")
      #expect(
        request.text
          == #"{"at":"2026-11-23T08:53:20.000Z","audience":"on-call engineer","event":"escalation","#
          + #""incident_id":"INC-1A2B3C4D","key":"INC-1A2B3C4D/escalation/1","severity":"high","status":"resolving","#
          + #""text":"it leaks\nstill","title":"INC-1A2B3C4D high: Anomaly: database_connection_usage","#
          + #""version":"\#(AIOpsVersion.current)"}"#)
    }
  }

  @Test(
    "which failures are worth another try",
    arguments: [(500, true), (503, true), (429, true), (400, false), (404, false), (302, false)])
  func retryable(status: Int, expected: Bool) async throws {
    try await ScriptedHTTPServer.with(answering(status)) { server in
      #expect(
        await deliver(to: server.url)
          == .failed(reason: "webhook ops answered \(status)", retryable: expected))
    }
  }

  @Test("a sink that hangs, is away or breaks off is a failure that shows nothing of its URL")
  func secrets() async throws {
    let answer: Answer = { $0.path == "/T0P/SECRET/disconnect" ? .disconnect : .hang }
    try await ScriptedHTTPServer.with(answer) { server in
      for url in [
        "\(server.url)/T0P/SECRET?token=SECRET", "\(server.url)/T0P/SECRET/disconnect",
        "http://user:SECRET@127.0.0.1:1/T0P", "http://127.0.0.1:\(server.port)/a b/SECRET", "ftp://SECRET/",
      ] {
        guard case .failed(let reason, let retryable) = await deliver(to: url, timeout: .milliseconds(300))
        else {
          Issue.record("delivered to \(url)")
          continue
        }
        #expect(!reason.contains("SECRET") && !reason.contains("T0P"), "\(reason)")
        #expect(retryable == (!url.hasPrefix("ftp") && !url.contains(" ")), "\(url)")
      }
    }
  }

  @Test("a key never breaks out of its header")
  func hostileKey() async throws {
    try await ScriptedHTTPServer.with(answering(200)) { server in
      var notification = notification
      notification.key = "a\r\nX-Evil: 1\u{0}ü"
      let notifier = Notifier(logger: Logger(label: "test"))
      defer { notifier.shutdown() }
      let result = await notifier.deliver(
        notification, to: SinkSettings(name: "ops", kind: .webhook(url: Secret(server.url))))
      #expect(result.isDelivered)
      #expect(server.requests.first?.headers["x-evil"] == nil)
      #expect(server.requests.first?.headers["idempotency-key"] == "a__X-Evil:_1___")
    }
  }
}

@Suite("Telling from a runbook")
struct TellingTests {
  @Test("notify reaches the declared sink with the step's key, and only a declared one")
  func notify() async {
    var bench = Bench(.host(HostSourceSettings()))
    let delivery = RecordingDelivery()
    bench.delivery = delivery
    bench.settings.sinks = [SinkSettings(name: "ops", kind: .log)]
    let run = await bench.run(.notify(Notice(sink: "ops", text: "restarting")))
    #expect(run.isSuccess, "\(run.detail)")
    #expect(await delivery.taken.map(\.key) == ["INC-1A2B3C4D/step/0"])
    #expect(await delivery.taken.map(\.text) == ["restarting"])
    let undeclared = await bench.run(.notify(Notice(sink: "nobody", text: "x")))
    #expect(!undeclared.isSuccess && undeclared.detail.contains("no sink"), "\(undeclared.detail)")
    bench.delivery = RecordingDelivery(.failed(reason: "webhook ops answered 500", retryable: true))
    #expect(await !bench.run(.notify(Notice(sink: "ops", text: "x"))).isSuccess)
  }

  @Test("a declared endpoint is called with its method; other answers than expected are failures")
  func endpoint() async throws {
    let answer: Answer = {
      $0.path == "/scale" ? .json(202, "{}") : .reply(500, body: Array("no\n".utf8))
    }
    try await ScriptedHTTPServer.with(answer) { server in
      var bench = Bench(.host(HostSourceSettings()))
      bench.settings.endpoints["scale"] = EndpointSettings(
        method: "PUT", url: Secret(server.url + "/scale?key=SECRET"))
      bench.settings.endpoints["broken"] = EndpointSettings(method: "POST", url: Secret(server.url + "/x"))
      bench.settings.endpoints["away"] = EndpointSettings(
        method: "POST", url: Secret("http://127.0.0.1:1/SECRET"))
      let good = await bench.run(.httpRequest(EndpointCall(endpoint: "scale", body: "{\"replicas\": 3}")))
      #expect(good.isSuccess && good.detail.contains("answered 202"), "\(good.detail)")
      let request = try #require(server.requests.first)
      #expect(request.method == "PUT" && request.text == "{\"replicas\": 3}" && request.query == "key=SECRET")
      #expect(request.headers["content-type"] == "application/json")
      for (name, word) in [
        ("broken", "answered 500"), ("away", "can't be reached"), ("other", "no endpoint"),
      ] {
        let bad = await bench.run(.httpRequest(EndpointCall(endpoint: name, body: nil)))
        #expect(
          !bad.isSuccess && bad.detail.contains(word) && !bad.detail.contains("SECRET"), "\(bad.detail)")
      }
    }
  }

  @Test("an action on a source of another kind is refused")
  func wrongKind() async {
    let run = await Bench(.host(HostSourceSettings())).run(.clearCache(KeyFilter(pattern: "*", limit: 1)))
    #expect(!run.isSuccess && run.detail.contains("not a cache"), "\(run.detail)")
  }
}
