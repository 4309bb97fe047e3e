import FoundationEssentials
import Hummingbird

/// An error answer of RFC 9457, `application/problem+json`.
struct Problem: Error, Sendable, Equatable {
  /// One thing that is wrong with a request, and where.
  struct Failure: Sendable, Equatable, Encodable {
    /// E.g. `alerts[3].current_value`.
    let field: String
    let message: String

    var text: String { field.isEmpty ? message : "\(field): \(message)" }
  }

  /// Failures that an answer names at most.
  static let maxFailures = 20

  /// A URI that says which problem it is; `about:blank` when the status says it all.
  var type = "about:blank"
  var status: HTTPResponse.Status
  /// The same for every problem of the type.
  var title: String
  /// What is wrong this time, and what to do.
  var detail: String
  /// More than one thing that is wrong; empty when ``detail`` says all.
  var failures: [Failure] = []
  /// Headers that belong to the answer.
  var headers: HTTPFields = [:]
  /// What it is counted as; `nil` for what is no refusal of somebody.
  var refusal: HTTPRefusal?

  init(_ status: HTTPResponse.Status, _ detail: String) {
    self.status = status
    title = status.reasonPhrase
    self.detail = detail
  }

  static let incidentNotFound = typed(
    "incident-not-found", .notFound, title: "Incident not found", "Incident not found")

  static func noRoute(_ path: String) -> Problem {
    Problem(.notFound, "There is nothing at this path; the API begins at /aiops/incidents.")
  }

  static func methodNotAllowed(_ allowed: [HTTPRequest.Method]) -> Problem {
    let list = allowed.map(\.rawValue).joined(separator: ", ")
    var problem = Problem(.methodNotAllowed, "This path only takes \(list).")
    problem.headers[.allow] = list
    return problem
  }

  static func invalid(_ failures: [Failure]) -> Problem {
    let first = failures.first?.text ?? "the request is invalid"
    var problem = typed(
      "invalid-request", .badRequest, title: "Invalid request",
      failures.count > 1 ? "\(first) (and \(failures.count - 1) more)" : first)
    problem.failures = Array(failures.prefix(maxFailures))
    return problem
  }

  static func invalid(_ field: String, _ message: String) -> Problem {
    invalid([Failure(field: field, message: message)])
  }

  static func conflict(_ reason: String) -> Problem {
    typed("conflict", .conflict, title: "The incident's state does not allow it", reason)
  }

  static func unavailable(_ reason: String, retryAfter seconds: Int = 5) -> Problem {
    var problem = typed("unavailable", .serviceUnavailable, title: "Not now", reason)
    problem.headers[.retryAfter] = "\(seconds)"
    return problem
  }

  /// Nobody is let in without a token that is worth something.
  /// - Parameter error: the code of RFC 6750, where a token was shown.
  static func unauthenticated(_ detail: String, error: String?) -> Problem {
    var problem = typed("unauthenticated", .unauthorized, title: "A token is needed", detail)
    problem.headers[.wwwAuthenticate] =
      "Bearer realm=\"aiops\"" + (error.map { ", error=\"\($0)\"" } ?? "")
    problem.refusal = .unauthenticated
    return problem
  }

  static func forbidden(_ detail: String, _ refusal: HTTPRefusal) -> Problem {
    var problem = Problem(.forbidden, detail)
    problem.refusal = refusal
    return problem
  }

  /// A client asks too often.
  /// - Parameter seconds: when it may ask again.
  static func tooMany(_ detail: String, after seconds: Double, _ refusal: HTTPRefusal) -> Problem {
    var problem = typed("too-many-requests", .tooManyRequests, title: "Too many requests", detail)
    problem.headers[.retryAfter] = "\(Int(min(max(seconds, 1), 3600).rounded(.up)))"
    problem.refusal = refusal
    return problem
  }

  /// The same, counted as `refusal`.
  func counted(_ refusal: HTTPRefusal) -> Problem {
    var problem = self
    problem.refusal = refusal
    return problem
  }

  init(_ error: APIError) {
    self =
      switch error {
      case .notFound: .incidentNotFound
      case .conflict(let reason): .conflict(reason)
      case .unavailable(let reason): .unavailable(reason)
      }
  }

  private static func typed(
    _ name: String, _ status: HTTPResponse.Status, title: String, _ detail: String
  ) -> Problem {
    var problem = Problem(status, detail)
    problem.type = "urn:aiops:problem:\(name)"
    problem.title = title
    return problem
  }

  /// The answer's body.
  /// - Parameter instance: the path that was asked for.
  func view(instance: String) -> ProblemView {
    ProblemView(
      type: type, title: title, status: status.code, detail: detail,
      instance: String(instance.prefix(256)), errors: failures.isEmpty ? nil : failures)
  }
}

/// The fields of RFC 9457, and `errors` where several things are wrong.
struct ProblemView: Sendable, Encodable {
  let type: String
  let title: String
  let status: Int
  let detail: String
  let instance: String
  let errors: [Problem.Failure]?
}
