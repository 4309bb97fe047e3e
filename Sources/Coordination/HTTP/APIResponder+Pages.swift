import Dashboard
import HTTPTypes
import Hummingbird
import IncidentModel
import NIOCore

/// The dashboard: pages for people, and the forms in them.
extension APIResponder {
  /// Incidents of the first page at the most.
  static let rows = 50

  /// What a page may do: load its own style and script, ask its own server, and nothing else.
  static let pagePolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

  /// `GET /`.
  func overview(_ query: QueryParameters) async throws -> Response {
    let filter = IncidentFilter(
      scope: try query.choice("show", as: IncidentFilter.Scope.self) ?? .open,
      severity: try query.choice("severity", as: Severity.self), page: query["page"])
    let (incidents, next) = try await list(filter)
    let outlooks = await api.outlooks(of: incidents.map(\.id))
    let rows = incidents.map { IncidentRow($0, outlooks[$0.id]) }
    let page = OverviewPage(system: await system(), rows: rows, filter: filter, next: next)
    return Self.html(page.html())
  }

  /// The incidents of a page: open ones from the worst down, others from the newest.
  private func list(_ filter: IncidentFilter) async throws -> ([Incident], next: String?) {
    let wanted = Self.rows + 1
    let statuses = Set(IncidentStatus.allCases.filter { filter.scope.includes($0) })
    let start = try filter.page.map(ListPlace.init(token:))
    var found: [Incident] = []
    if filter.scope == .open, filter.severity == nil {
      for severity in Severity.allCases.sorted(by: >) where found.count < wanted {
        if let start, severity > start.severity { continue }
        let query = IncidentQuery(
          statuses: statuses, severities: [severity], pageSize: wanted - found.count,
          after: severity == start?.severity ? start?.cursor : nil)
        found += try await api.incidents(query).incidents
      }
    } else {
      let query = IncidentQuery(
        statuses: statuses, severities: filter.severity.map { [$0] } ?? [], pageSize: wanted,
        after: start?.cursor)
      found = try await api.incidents(query).incidents
    }
    guard found.count > Self.rows else { return (found, nil) }
    found.removeLast()
    return (found, found.last.map { ListPlace($0).token })
  }

  /// `GET /incidents/{id}`.
  func page(of id: IncidentID?) async throws -> Response {
    guard let id, let incident = try await api.incident(id) else { throw Problem.incidentNotFound }
    let outlook = await api.outlooks(of: [id])[id]
    let series = await api.measurements(of: incident)
    let page = StoryPage(system: await system(), row: IncidentRow(incident, outlook), series: series)
    return Self.html(page.html())
  }

  /// `POST /incidents/{id}/{verb}`: what the API's own route does, for a form.
  func form(
    _ name: PersonVerb.Name, _ id: IncidentID?, _ request: Request, _ caller: Caller
  ) async throws -> Response {
    let body = try await body(of: request, type: .form)
    let input = try CommandInput.parse(form: body, name)
    guard let id else { throw Problem.incidentNotFound }
    if let answer = try await forwarded(request, as: name, on: id, input, of: caller) {
      guard answer.status.code < 400 else {
        throw Problem(
          answer.status,
          "The coordinator that leads did not take it: \(answer.status.reasonPhrase). Look at the incident again."
        )
      }
    } else {
      _ = try await api.command(input.verb, on: id, by: caller.actor(input.by), note: input.note)
    }
    return Response(status: .seeOther, headers: [.location: Link.incident(id).text])
  }

  /// A file that pages load. Its name changes with what is in it.
  static func file(_ asset: Asset, _ request: Request) -> Response {
    var headers: HTTPFields = [
      .eTag: asset.tag, .cacheControl: "public, max-age=31536000, immutable",
      // An icon that is opened by itself is a document of its own.
      .contentSecurityPolicy:
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
    ]
    if let known = request.headers[.ifNoneMatch], known == "*" || known.contains(asset.tag) {
      return Response(status: .notModified, headers: headers)
    }
    headers[.contentType] = asset.type
    return Response(
      status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: asset.bytes)))
  }

  static func html(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
    var headers: HTTPFields = [
      .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: pagePolicy,
    ]
    // Not `no-referrer`: with it a browser hides the origin of a form, which is what it is judged by.
    for (name, value) in [
      ("Referrer-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
      ("Cross-Origin-Opener-Policy", "same-origin"),
      ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ] {
      if let name = HTTPField.Name(name) { headers[name] = value }
    }
    return Response(
      status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// The answer to what went wrong: a page for people, a problem of RFC 9457 for everybody else.
  func failure(_ problem: Problem, _ request: Request, _ context: APIContext) -> Response {
    if let refusal = problem.refusal { metrics.refuse(refusal) }
    if let redirect = Self.redirectToLogin(problem, request) { return redirect }
    note(problem, request, context)
    guard Self.wantsPage(request) else { return Self.response(problem, instance: request.uri.path) }
    var back: Link?
    if case .form(_, let id?) = Route(path: request.uri.path) { back = .incident(id) }
    let page = ProblemPage(
      status: problem.status.code, title: problem.title, detail: problem.detail, now: now(), back: back)
    var response = Self.html(page.html(), status: problem.status)
    for field in problem.headers { response.headers[field.name] = field.value }
    return response
  }

  /// Whether a person with a browser asked, and not for the API.
  private static func wantsPage(_ request: Request) -> Bool {
    switch Route(path: request.uri.path) {
    case .overview, .page, .form: true
    case .asset: false
    case nil: !request.uri.path.hasPrefix("/aiops") && request.headers[.accept]?.contains("text/html") == true
    default: false
    }
  }

  /// Writes down what was refused and may be somebody's doing, not their mistake in reading.
  private func note(_ problem: Problem, _ request: Request, _ context: APIContext) {
    switch problem.status.code {
    case 401, 403, 408, 413, 415, 429, 431: break
    case 400 where request.method == .post: break
    default: return
    }
    api.refusals.note(
      .http, who: context.address,
      reason:
        "\(problem.status.code) \(request.method.rawValue) \(request.uri.path.prefix(80)): \(problem.detail)",
      at: now())
  }
}

extension IncidentFilter.Scope {
  /// Whether incidents of that status belong to it.
  func includes(_ status: IncidentStatus) -> Bool {
    switch self {
    case .open: status.isOpen
    case .ended: !status.isOpen
    case .all: true
    }
  }
}

/// Where a list that goes from the worst down was left.
private struct ListPlace {
  var severity: Severity
  var cursor: PageCursor

  init(_ incident: Incident) {
    severity = incident.severity
    cursor = PageCursor(incident)
  }

  init(token: String) throws(Problem) {
    let parts = token.split(separator: ".", maxSplits: 1)
    guard parts.count == 2, let severity = Severity(rawValue: String(parts[0])),
      let cursor = PageCursor(token: String(parts[1]))
    else { throw .invalid("page", "must be of the link to the next page") }
    self.severity = severity
    self.cursor = cursor
  }

  var token: String { "\(severity.rawValue).\(cursor.token)" }
}

extension QueryParameters {
  /// The value of a parameter that is one of a few words.
  func choice<Choice: RawRepresentable & CaseIterable & Hashable>(
    _ name: String, as type: Choice.Type
  ) throws(Problem) -> Choice? where Choice.RawValue == String {
    let chosen = try choices(name, as: type)
    guard chosen.count <= 1 else { throw .invalid(name, "must be one word") }
    return chosen.first
  }
}
