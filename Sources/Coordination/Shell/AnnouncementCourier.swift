package import IncidentEngine
package import IncidentModel
package import Logging
package import Notification
package import Settings

/// Delivers announcements to their sinks, with patience, and says what became of them.
///
/// An announcement is tried until every sink took it or refused it for good; one that no
/// sink takes is given up after ``attempts`` tries, and that is said in the incident.
package struct AnnouncementCourier: Sendable {
  /// Tries for one sink.
  static let attempts = 10
  /// Announcements under way at once; more wait.
  static let parallel = 256

  private let sinks: [SinkSettings]
  private let delivery: any NotificationDelivery
  private let logger: Logger
  private let firstPause: Duration

  /// A courier.
  /// - Parameters:
  ///   - sinks: every sink there is.
  ///   - delivery: what delivers once.
  ///   - logger: for failed tries.
  ///   - firstPause: the pause after the first failed try; it doubles up to two minutes.
  package init(
    sinks: [SinkSettings], delivery: any NotificationDelivery, logger: Logger,
    firstPause: Duration = .seconds(1)
  ) {
    self.sinks = sinks
    self.delivery = delivery
    self.logger = logger
    self.firstPause = firstPause
  }

  /// The sinks of an announcement; an audience without any is told through the log.
  func sinks(for announcement: Announcement) -> [SinkSettings] {
    let chosen =
      announcement.sinks.isEmpty ? sinks : sinks.filter { announcement.sinks.contains($0.name) }
    return chosen.isEmpty ? [SinkSettings(name: "log", kind: .log)] : chosen
  }

  /// Delivers one announcement.
  /// - Parameter isWanted: whether it still needs to be told; asked before every try, so that nobody is woken
  ///   for what is over.
  /// - Returns: `delivered`, or for people who was not reached and why; `nil` when it was cancelled before the end.
  package func carry(
    _ announcement: Announcement, status: IncidentStatus,
    isWanted: @escaping @Sendable () async -> Bool = { true }
  ) async -> String? {
    let notification = Notification(
      key: announcement.key, kind: Notification.Kind(announcement.kind), incident: announcement.incident,
      severity: announcement.severity, status: status, title: announcement.title,
      text: announcement.text, audience: announcement.audience, at: announcement.at)
    // All at once: a sink that is away must not keep the others from waking somebody.
    let results = await withTaskGroup(of: DeliveryResult?.self) { group in
      for sink in sinks(for: announcement) {
        group.addTask { await deliver(notification, to: sink, isWanted) }
      }
      return await group.reduce(into: [DeliveryResult?]()) { $0.append($1) }
    }
    guard !results.contains(nil) else { return nil }
    let failures = results.compactMap { result in
      if case .failed(let reason, _) = result { reason } else { nil }
    }.sorted()
    return failures.isEmpty
      ? "delivered" : "\(announcement.audience) not reached: \(failures.joined(separator: "; "))"
  }

  private func deliver(
    _ notification: Notification, to sink: SinkSettings, _ isWanted: @Sendable () async -> Bool
  ) async -> DeliveryResult? {
    var pause = firstPause
    var result = DeliveryResult.failed(reason: "never tried", retryable: true)
    for attempt in 1...Self.attempts {
      guard await isWanted() else {
        return attempt == 1
          ? .delivered(detail: "not needed any more")
          : .failed(reason: "\(sink.name) was away until it was not needed any more", retryable: false)
      }
      result = await delivery.deliver(notification, to: sink)
      guard case .failed(let reason, true) = result, attempt < Self.attempts else { return result }
      logger.warning(
        "a notification could not be delivered",
        metadata: [
          "incident_id": "\(notification.incident)", "sink": "\(sink.name)", "reason": "\(reason)",
          "attempt": "\(attempt)",
        ])
      do { try await Task.sleep(for: pause) } catch { return nil }
      pause = min(pause * 2, .seconds(120))
    }
    return result
  }
}

extension Notification.Kind {
  init(_ kind: Announcement.Kind) {
    self =
      switch kind {
      case .escalation: .escalation
      case .approvalNeeded: .approvalNeeded
      case .resolved: .resolved
      }
  }
}
