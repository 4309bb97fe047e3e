import HTTPBackend
import IncidentModel
import Settings

/// The tool of a URL.
struct HTTPTools: Toolbox {
  private let client = HTTPClient(maxResponseBytes: 1 << 20, userAgent: "aiops-diagnoser")
  private let settings: HTTPSourceSettings
  private let timeout: Duration

  init(_ settings: HTTPSourceSettings, timeout: Duration) {
    self.settings = settings
    self.timeout = timeout
  }

  func query(for tool: Tool) -> String {
    tool == .httpProbe ? "curl -sS -i \(HostTools.quoted(redactedURL(settings.url.exposed)))" : ""
  }

  func run(_ tool: Tool) async throws -> ToolResult {
    guard tool == .httpProbe else { throw NoSuchTool() }
    let answer = try await client.send(HTTPRequest(url: settings.url.exposed, timeout: timeout))
    return .answer(
      ProbeResult(
        status: answer.status, seconds: answer.totalSeconds,
        isExpected: settings.expectedStatus.contains(answer.status),
        beginning: String(decoding: answer.body.prefix(200), as: UTF8.self)))
  }

  func close() async { client.shutdown() }

  func failure(_ error: any Error) -> ToolFailure? {
    guard let error = error as? HTTPError else { return nil }
    let kind: ToolFailure.Kind =
      switch error {
      case .unreachable(_, let reason), .failed(_, let reason): ConnectWords.kind(reason)
      case .timedOut: .timedOut
      default: .other
      }
    return ToolFailure(kind: kind, message: Shown.text("\(error)", limit: 300))
  }
}
