import HTTPBackend
import IncidentModel
package import Logging
package import Settings

/// Delivers notifications: a JSON POST to a webhook, or a line in this process's log.
package final class Notifier: NotificationDelivery {
  private let http: HTTPClient
  private let timeout: Duration
  private let logger: Logger

  /// A notifier with connections of its own.
  /// - Parameters:
  ///   - timeout: one delivery takes at most so long.
  ///   - logger: where the log sink writes.
  package init(timeout: Duration = .seconds(10), logger: Logger) {
    http = HTTPClient(maxResponseBytes: 1 << 20, userAgent: "aiops-notifier")
    self.timeout = timeout
    self.logger = logger
  }

  /// Ends deliveries that run, as failed and to be tried again.
  package func shutdown() { http.shutdown() }

  package func deliver(_ notification: Notification, to sink: SinkSettings) async -> DeliveryResult {
    switch sink.kind {
    case .log:
      log(notification, sink)
      return .delivered(detail: "log \(sink.name)")
    case .webhook(let url): return await post(notification, to: url, sink)
    }
  }

  private func log(_ notification: Notification, _ sink: SinkSettings) {
    let isGrave = notification.kind == .escalation || notification.kind == .coordinatorTrouble
    let level: Logger.Level = isGrave ? .error : .notice
    logger.log(
      level: level, "notification",
      metadata: [
        "incident_id": "\(notification.incident?.text ?? "")", "event": "\(notification.kind.rawValue)",
        "severity": "\(notification.severity.rawValue)", "title": "\(notification.title)",
        "text": "\(notification.text)", "sink": "\(sink.name)", "key": "\(notification.key)",
      ])
  }

  private func post(
    _ notification: Notification, to url: Secret, _ sink: SinkSettings
  ) async -> DeliveryResult {
    let body: [UInt8]
    do { body = try WebhookPayload(notification).json() } catch {
      return .failed(
        reason: "webhook \(sink.name): the notification can't be written as JSON", retryable: false)
    }
    let request = HTTPRequest(
      method: "POST", url: url.exposed,
      headers: [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", WebhookPayload.headerValue(notification.key)),
      ], body: body, timeout: timeout)
    do {
      return Self.result(of: try await http.send(request).status, sink)
    } catch {
      return Self.result(of: error, sink)
    }
  }

  static func result(of status: Int, _ sink: SinkSettings) -> DeliveryResult {
    switch status {
    case 200...299: .delivered(detail: "webhook \(sink.name) answered \(status)")
    case 408, 425, 429, 500...599: .failed(reason: "webhook \(sink.name) answered \(status)", retryable: true)
    default: .failed(reason: "webhook \(sink.name) answered \(status)", retryable: false)
    }
  }

  /// The reasons are our own words: a webhook's path is often its password, so no part of the URL shows.
  private static func result(of error: HTTPError, _ sink: SinkSettings) -> DeliveryResult {
    let (reason, retryable) =
      switch error {
      case .invalidRequest: ("its URL can't be used; correct it in the config", false)
      case .unreachable(_, let reason): ("it can't be reached: \(reason)", true)
      case .timedOut(_, let seconds): ("no answer within \(seconds) s", true)
      case .tooLarge: ("its answer is too large to be read", true)
      case .untrusted(_, let reason): ("its certificate is not trusted: \(reason)", true)
      case .failed(_, let reason): ("the exchange failed: \(reason)", true)
      case .cancelled: ("the delivery was stopped", true)
      case .shutDown: ("the notifier is shut down", true)
      }
    return .failed(reason: "webhook \(sink.name): \(reason)", retryable: retryable)
  }
}
