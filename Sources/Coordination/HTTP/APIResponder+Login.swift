import HTTPTypes
import Hummingbird
import Logging
import NIOCore

extension APIResponder {
  /// Bytes of the form at the most.
  private static let maxFormBytes = 4096

  /// `GET /login` and `POST /login`.
  func login(_ request: Request, _ context: APIContext) async throws -> Response {
    let query = try QueryParameters(request.uri.query, allowed: ["next"])
    guard gate.tokens != nil else { return Self.seeOther("/") }
    guard request.method == .post else {
      return Self.page(LoginPage.target(query["next"]), refused: nil)
    }
    let bytes = try await body(of: request, type: .form, limit: Self.maxFormBytes)
    let form = try QueryParameters(String(decoding: bytes, as: UTF8.self), allowed: ["token", "next"])
    let next = LoginPage.target(form["next"])
    switch gate.login(form["token"] ?? "", request, from: context.address) {
    case .done(let name, let cookie):
      logger.notice("a browser logged in", metadata: ["token": "\(name)", "from": "\(context.address)"])
      var response = Self.seeOther(next)
      response.headers[.setCookie] = cookie
      return response
    case .refused(let problem):
      if let refusal = problem.refusal { metrics.refuse(refusal) }
      logger.warning(
        "a browser was not let in", metadata: ["reason": "\(problem.detail)", "from": "\(context.address)"])
      return Self.page(next, refused: problem)
    }
  }

  /// `POST /logout`.
  func logout(_ request: Request) throws -> Response {
    _ = try QueryParameters(request.uri.query, allowed: [])
    guard gate.tokens != nil else { return Self.seeOther("/") }
    var response = Self.seeOther("/login")
    response.headers[.setCookie] = gate.logout(request)
    return response
  }

  /// Sends a browser that wants a page and has no session to where it gets one.
  /// - Returns: `nil` when the request is no browser's, or was refused for another reason.
  static func redirectToLogin(_ problem: Problem, _ request: Request) -> Response? {
    guard problem.refusal == .unauthenticated, request.method == .get || request.method == .head,
      request.headers[.authorization] == nil,
      request.headers[.accept]?.lowercased().contains("text/html") == true
    else { return nil }
    let target = LoginPage.target(request.uri.description)
    return seeOther(target == "/" ? "/login" : "/login?next=" + percentEncoded(target))
  }

  private static func seeOther(_ location: String) -> Response {
    Response(status: .seeOther, headers: [.location: location])
  }

  private static func page(_ next: String, refused: Problem?) -> Response {
    var headers = refused?.headers ?? [:]
    headers[.contentType] = "text/html; charset=utf-8"
    headers[.contentSecurityPolicy] = LoginPage.policy
    let html = LoginPage.html(next: next, refused: refused?.detail)
    return Response(
      status: refused?.status ?? .ok, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
  }

  private static func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { encoded, byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "/"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        encoded += "%"
        encoded.append(digits[Int(byte >> 4)])
        encoded.append(digits[Int(byte & 15)])
      }
    }
  }
}
