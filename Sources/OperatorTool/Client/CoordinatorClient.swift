import FoundationEssentials
import HTTPBackend
import IncidentModel

/// JSON from the coordinator, read and as it came.
struct Answer {
  var bytes: [UInt8]
  var value: JSONValue
}

/// Asks the coordinator over HTTP; everything that goes wrong becomes a `ToolError` that says what to do.
struct CoordinatorClient {
  private let base: String
  private let client = HTTPClient(userAgent: "aiopsctl/\(AIOpsVersion.current)")

  /// A client of the coordinator at a URL.
  init(base: String) {
    self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
  }

  func get(_ path: String) async throws -> Answer {
    try await send(HTTPRequest(url: base + path, headers: [("Accept", "application/json")]))
  }

  func post(_ path: String, _ body: some Encodable) async throws -> Answer {
    let data = try JSONCoding.encoder().encode(body)
    return try await send(
      HTTPRequest(
        method: "POST", url: base + path,
        headers: [("Accept", "application/json"), ("Content-Type", "application/json")], body: Array(data)))
  }

  private func send(_ request: HTTPRequest) async throws -> Answer {
    let response: HTTPResponse
    do {
      response = try await client.send(request)
    } catch {
      throw failure(error)
    }
    guard (200...299).contains(response.status) else { throw refusal(response) }
    guard let value = JSONValue(response.body) else {
      throw ToolError(message: "\(redactedURL(base)) answered no JSON; is it a coordinator?")
    }
    return Answer(bytes: response.body, value: value)
  }

  /// Follows the stream of changes; comes back to it when the connection is lost.
  func watch(_ watcher: Watcher) async throws {
    while true {
      var headers = [("Accept", "text/event-stream")]
      if let last = watcher.lastEventID { headers.append(("Last-Event-ID", last)) }
      let request = HTTPRequest(url: base + "/aiops/stream", headers: headers)
      do {
        // The coordinator sends something every few seconds; a silent stream is a dead one.
        let response = try await client.stream(request, silence: .seconds(90)) { watcher.take($0) }
        if watcher.isDone { return }
        if !(200...299).contains(response.status), response.status != 503 || !watcher.hasConnected {
          throw refusal(response)
        }
      } catch let error as HTTPError {
        if watcher.isDone { return }
        if error == .cancelled { throw CancellationError() }
        guard watcher.hasConnected else { throw failure(error) }
      }
      watcher.connectionLost()
      watcher.context.err("aiopsctl: the connection was lost; trying again")
      try await Task.sleep(for: .milliseconds(watcher.retryMilliseconds))
    }
  }

  private func failure(_ error: HTTPError) -> ToolError {
    let remedy =
      "; start it with scripts/up or aiops-coordinator, or name it with --coordinator"
    let at = "cannot reach the coordinator at \(redactedURL(base)): "
    return switch error {
    case .unreachable(_, let reason):
      ToolError(message: at + Terminal.visible(reason) + remedy, status: ToolError.unavailable)
    case .timedOut(_, let seconds):
      ToolError(message: at + "no answer within \(seconds) s" + remedy, status: ToolError.unavailable)
    case .failed(_, let reason):
      ToolError(message: at + Terminal.visible(reason) + remedy, status: ToolError.unavailable)
    case .invalidRequest(let reason):
      ToolError(message: "--coordinator: \(Terminal.visible(reason))", status: 64)
    default: ToolError(message: Terminal.visible(error.description))
    }
  }

  /// An answer that is no success, with the problem's own words (RFC 9457).
  private func refusal(_ response: HTTPResponse) -> ToolError {
    let problem = JSONValue(response.body)
    let status = response.status == 503 ? ToolError.unavailable : 1
    guard let problem, let said = (problem["detail"] ?? problem["title"])?.text, !said.isEmpty else {
      return ToolError(
        message: "\(redactedURL(base)) answered \(response.status)"
          + (response.status == 404 ? "; is it a coordinator?" : ""), status: status)
    }
    var lines = ["\(Terminal.visible(said)) (\(response.status))"]
    let failures = problem["errors"]?.list ?? []
    if failures.count > 1 {
      lines += failures.map { "  \($0["field"]?.shown ?? ""): \($0["message"]?.shown ?? "")" }
    }
    return ToolError(message: lines.joined(separator: "\n"), status: status)
  }
}
