import FoundationEssentials
import IncidentModel

/// The JSON that a webhook gets: flat, with the names that the API uses.
struct WebhookPayload: Codable {
  /// A text has at most so many characters.
  static let maxText = 8_000

  let event: Notification.Kind
  let incidentId: IncidentID?
  let severity: Severity
  let status: IncidentStatus?
  let title: String
  let text: String
  let key: String
  let audience: String?
  let at: Timestamp
  let version: String

  init(_ notification: Notification) {
    event = notification.kind
    incidentId = notification.incident
    severity = notification.severity
    status = notification.status
    title = Self.cut(notification.title, 500)
    text = Self.cut(notification.text, Self.maxText)
    key = notification.key
    audience = notification.audience
    at = notification.at
    version = AIOpsVersion.current
  }

  func json() throws -> [UInt8] { Array(try JSONCoding.encoder().encode(self)) }

  /// A key as a header may carry it: visible ASCII, everything else becomes `_`.
  static func headerValue(_ key: String) -> String {
    String(decoding: key.utf8.prefix(200).map { (0x21...0x7E).contains($0) ? $0 : 0x5F }, as: UTF8.self)
  }

  private static func cut(_ text: String, _ maxLength: Int) -> String {
    text.unicodeScalars.count <= maxLength
      ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(maxLength))) + "…"
  }
}
