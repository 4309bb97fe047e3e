import HTTPBackend
import IncidentModel
import Settings

/// Sends a request to a declared endpoint.
struct EndpointAction: Sendable {
  static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

  let call: EndpointCall
  let settings: EndpointSettings
  let http: HTTPClient

  func run(timeout: Duration) async throws(ActionFailure) -> ActionReport {
    let name = PlainLine.of(call.endpoint, 80)
    guard Self.methods.contains(settings.method) else {
      throw ActionFailure(
        "endpoint \(name) has the method \(PlainLine.of(settings.method, 20)); use one of GET, POST, PUT, PATCH, DELETE"
      )
    }
    var headers: [(String, String)] = []
    if let body = call.body {
      let isJSON = body.first { !$0.isWhitespace }.map { "{[".contains($0) } ?? false
      headers.append(("Content-Type", isJSON ? "application/json" : "text/plain; charset=utf-8"))
    }
    let answer: HTTPResponse
    do {
      answer = try await http.send(
        HTTPRequest(
          method: settings.method, url: settings.url.exposed, headers: headers,
          body: call.body.map { Array($0.utf8) }, timeout: timeout))
    } catch {
      throw ActionFailure("endpoint \(name): \(Self.reason(error))")
    }
    let seconds = "\(Figures.short(answer.totalSeconds)) s"
    guard settings.expectedStatus.contains(answer.status) else {
      throw ActionFailure(
        "endpoint \(name) answered \(answer.status) after \(seconds): \(PlainLine.of(answer.text, 200))")
    }
    return ActionReport("endpoint \(name) answered \(answer.status) after \(seconds)")
  }

  /// In our own words: an URL's path may be a secret, so no part of it shows.
  private static func reason(_ error: HTTPError) -> String {
    switch error {
    case .invalidRequest: "its URL can't be used; correct it in the config"
    case .unreachable(_, let reason): "it can't be reached: \(reason)"
    case .timedOut(_, let seconds):
      "no answer within \(Figures.short(seconds)) s; whether it acted is not known"
    case .tooLarge: "its answer is too large to be read"
    case .untrusted(_, let reason): "its certificate is not trusted: \(reason)"
    case .failed(_, let reason): "the exchange failed: \(reason)"
    case .cancelled: "the request was stopped"
    case .shutDown: "the HTTP client is shut down"
    }
  }
}
