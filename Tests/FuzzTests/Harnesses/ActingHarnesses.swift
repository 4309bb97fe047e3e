import IncidentModel
import MessageBus
import Settings

@testable import Notification
@testable import Resolution

extension Harness {
  /// What a resolver reads, and what people are told.
  static let acting: [Harness] = [
    Harness(
      text: "timeout-text", maxBytes: 64, tokens: ["ms", "min", "us"], seeds: ["30s", "1500", "2 min", "1d"]
    ) { text in
      guard let seconds = TimeoutAction.seconds(text) else { return false }
      try demand(seconds.isFinite, "\(text) is \(seconds)")
      return true
    },
    Harness(
      text: "key-pattern", maxBytes: 512, tokens: ["*", "session:", "[", "\\"],
      seeds: ["session:*\nsession:1*", "a*\na\\*", "*\nx"]
    ) { text in
      let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let (declared, pattern) = (parts[0], parts.count > 1 ? parts[1] : "")
      guard KeyPattern.isWithin(pattern, declared) else { return false }
      let prefix = declared.utf8.dropLast()
      try demand(
        pattern.utf8.elementsEqual(declared.utf8) || pattern.utf8.starts(with: prefix),
        "\(pattern) within \(declared)")
      return true
    },
    Harness(text: "plain-line", seeds: ["a\n b\u{202E}c", "  "]) { text in
      let line = PlainLine.of(text, 80)
      try demand(line.unicodeScalars.count <= 81 && !PlainText.hasControlCharacters(line), "\(line)")
      return !line.isEmpty
    },
    Harness(
      "figures", maxBytes: 8, seeds: { [[2, 7], [14], [31, 0x7F, 0xF0]] },
      run: { bytes in
        var feed = ByteFeed(bytes)
        let number = feed.number()
        try demand(Figures.short(number).utf8.count < 400, "\(number)")
        _ = Figures.bytes(Int64(bitPattern: feed.bits()))
        return number.isFinite
      }),
    // A job with any incident in it: done or refused, but not with the process.
    Harness(
      "job", maxBytes: 64 << 10, seeds: { [try WireCodec.encode(Samples.coordinatorMessages[3])] },
      run: { bytes in
        guard case .work(let job)? = try? WireCodec.decodeCoordinatorMessage(bytes) else { return false }
        var settings = SystemSettings.defaults(host: "shop-db")
        settings.sources[0].autonomy = .auto
        _ = try? Mandate.steps(for: job, under: settings)
        var crew = Crew(CrewPlan(incident: job.incident, steps: job.incident.diagnosis?.remedy?.steps ?? []))
        var event = CrewEvent.begun
        for _ in 0..<4000 {
          switch crew.handle(event, at: Samples.moment) {
          case .intend: event = .intended
          case .run(let step):
            event = .ran(step % 2 == 0 ? .succeeded(detail: "d", undo: nil) : .failed(detail: "d", undo: nil))
          case .conclude: event = .concluded
          case .verify: event = .verified(Samples.verification, worse: true)
          case .undo: event = .undone(.succeeded(detail: "d", undo: nil))
          case .finish(let result):
            _ = try WireCodec.encode(.finished(request: 1, result, job.lease))
            return true
          }
        }
        throw Broken(description: "a crew that does not come to an end")
      }),
    Harness(text: "webhook", seeds: ["coordinator-1/escalation/7", "\u{0}\r\nX: y"]) { text in
      let notification = Notification(
        key: text, kind: .escalation, incident: nil, severity: .high, status: nil, title: text, text: text,
        audience: text,
        at: Samples.moment)
      let header = WebhookPayload.headerValue(text)
      try demand(header.utf8.allSatisfy { (0x21...0x7E).contains($0) } && header.utf8.count <= 200, header)
      try demand(
        try WebhookPayload(notification).json().count <= 6 * (4 * 8_600 + 2 * text.utf8.count) + 512,
        "too long")
      return true
    },
  ]
}
