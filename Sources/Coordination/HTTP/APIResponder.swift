import FoundationEssentials
import HTTPTypes
import Hummingbird
import IncidentModel
import Logging
import NIOCore
import Threads

/// What a request is answered in: the connection's channel and a logger.
struct APIContext: InitializableFromSource {
  let channel: any Channel
  let logger: Logger
  /// Where it comes from, as ``ClientAddress`` has it.
  let address: String

  init(source: ApplicationRequestContextSource) {
    channel = source.channel
    logger = source.logger
    address = ClientAddress.key(source.channel.remoteAddress)
  }
}

/// Answers the API's requests. Whatever goes wrong becomes a problem of RFC 9457.
struct APIResponder: HTTPResponder {
  typealias Context = APIContext

  let api: any CoordinatorAPI
  let limits: HTTPLimits
  /// What alerts' timestamps are held against.
  let now: @Sendable () -> Timestamp
  /// How many streams are open.
  let streams = Locked(StreamCounts())
  let forwarder: LeaderForwarder
  let gate: AccessGate
  let metrics: HTTPMetrics
  let connections: OpenConnections
  let logger: Logger

  func respond(to request: Request, context: APIContext) async throws -> Response {
    var response: Response
    do {
      response = try await answer(request, context)
    } catch let problem as Problem {
      response = failure(problem, request, context)
    } catch let error as APIError {
      response = failure(Problem(error), request, context)
    } catch let error as ChannelError {
      // The connection is gone; there is nobody to answer.
      throw error
    } catch {
      context.logger.error("request failed", metadata: ["error": "\(error)"])
      response = failure(
        Problem(.internalServerError, "The request failed inside the coordinator; its log says why."),
        request,
        context)
    }
    Self.secure(&response.headers)
    metrics.answered(response.status.code)
    return request.method == .head ? response.createHeadResponse() : response
  }

  private func answer(_ request: Request, _ context: APIContext) async throws -> Response {
    try gate.checkHost(request)
    let path = request.uri.path
    guard let route = Route(path: path) else { throw Problem.noRoute(path) }
    let caller = try gate.admit(request, to: route.kind, from: context.address)
    guard route.methods.contains(request.method) else {
      throw Problem.methodNotAllowed(route.methods)
    }
    func query(_ allowed: [String] = []) throws -> QueryParameters {
      try QueryParameters(request.uri.query, allowed: allowed)
    }
    if route.isLeaders, let answer = try await forwarded(request, of: caller) { return answer }
    switch route {
    case .incidents:
      let query = try IncidentQuery(query(IncidentQuery.parameters))
      return try Self.json(IncidentListView(await api.incidents(query)))
    case .incident(let id):
      _ = try query()
      guard let id, let incident = try await api.incident(id) else { throw Problem.incidentNotFound }
      return try Self.json(IncidentDetail(incident))
    case .command(let verb, let id):
      _ = try query()
      let input = try CommandInput.parse(await body(of: request), verb)
      guard let id else { throw Problem.incidentNotFound }
      return try Self.json(
        IncidentDetail(
          await api.command(input.verb, on: id, by: caller.actor(input.by), note: input.note)))
    case .alerts:
      _ = try query()
      let alerts = try AlertInput.parse(await body(of: request), now: now())
      return try Self.json(AlertReceiptsView(await api.submit(alerts, token: caller.name)))
    case .status:
      _ = try query()
      return try Self.json(await api.status())
    case .agents:
      _ = try query()
      return try Self.json(AgentListView(agents: await api.agents()))
    case .stream: return try await stream(request, query(["last_event_id"]), caller)
    case .health: return try Self.json(WordView(status: "ok"))
    case .readiness:
      switch await api.readiness() {
      case .ready: return try Self.json(WordView(status: "ready"))
      case .notReady(let reason): throw Problem.unavailable(reason)
      }
    case .metrics:
      return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: await api.metricsText() + ownMetricsText())))
    case .login: return try await login(request, context)
    case .logout: return try logout(request)
    case .overview:
      return try await overview(query(["show", "severity", "page"]))
    case .page(let id):
      _ = try query()
      return try await page(of: id)
    case .form(let verb, let id):
      _ = try query()
      return try await form(verb, id, request, caller)
    case .asset(let asset): return Self.file(asset, request)
    }
  }

  private func ownMetricsText() -> String {
    metrics.text(
      connections: connections.count, streams: streams.withLock { $0.total }, sessions: gate.sessionCount)
  }
}

extension APIResponder {
  /// What a body may be.
  enum BodyType: Sendable { case json, form }

  /// Reads a body of bounded size within bounded time; it must say what it is.
  /// - Parameter limit: bytes at the most; ``HTTPLimits/bodyBytes`` unless said.
  func body(of request: Request, type: BodyType = .json, limit: Int? = nil) async throws -> [UInt8] {
    let limit = limit ?? limits.bodyBytes
    let length = request.headers[.contentLength].flatMap { Int($0) }
    let hasBody = request.headers[.transferEncoding] != nil || (length ?? 0) > 0
    guard hasBody else { return [] }
    guard (length ?? 0) <= limit else { throw Self.tooLarge(limit) }
    try Self.check(request.headers[.contentType], type)
    return try await withThrowingTaskGroup(of: [UInt8].self) { group in
      group.addTask {
        do {
          return Array(buffer: try await request.body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
          throw Self.tooLarge(limit)
        }
      }
      group.addTask { [limits] in
        try await Task.sleep(for: limits.bodyTime)
        throw Problem(.requestTimeout, "The body did not arrive in time.").closing.counted(.slowBody)
      }
      defer { group.cancelAll() }
      return try await group.next() ?? []
    }
  }

  private static func tooLarge(_ limit: Int) -> Problem {
    Problem(.contentTooLarge, "The body must not be larger than \(limit) bytes; send it in parts.")
      .counted(.bodySize)
  }

  private static func check(_ contentType: String?, _ type: BodyType) throws(Problem) {
    let parts = (contentType ?? "").split(separator: ";").map { part in
      part.filter { $0 != " " && $0 != "\t" }.lowercased()
    }
    let isUTF8 = parts.dropFirst().allSatisfy { $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" }
    switch type {
    case .json where parts.first == "application/json" && isUTF8: return
    case .form where parts.first == "application/x-www-form-urlencoded" && isUTF8: return
    case .json:
      throw Problem(
        .unsupportedMediaType, "The body must be JSON, and say so: Content-Type: application/json.")
    case .form:
      throw Problem(
        .unsupportedMediaType,
        "The body must be a form, and say so: Content-Type: application/x-www-form-urlencoded.")
    }
  }

  static func json(_ value: some Encodable) throws -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encode(value))))
  }

  static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONCoding.encoder()
    // A measurement that is no number must not make an incident unreadable.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return try encoder.encode(value)
  }

  static func response(_ problem: Problem, instance: String) -> Response {
    var headers = problem.headers
    headers[.contentType] = "application/problem+json"
    let bytes = (try? encode(problem.view(instance: instance))) ?? Data()
    return Response(
      status: problem.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// What every answer says to browsers: it is nothing to keep, to guess about, or to show in a page.
  static func secure(_ headers: inout HTTPFields) {
    headers[.xContentTypeOptions] = "nosniff"
    // Pages and their files say more themselves.
    if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    if headers[.contentSecurityPolicy] == nil {
      headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
    }
    headers[.crossOriginResourcePolicy] = "same-origin"
  }
}

extension Problem {
  /// The same, with the connection closed after it, because what follows on it can't be understood.
  var closing: Problem {
    var problem = self
    problem.headers[.connection] = "close"
    return problem
  }
}
