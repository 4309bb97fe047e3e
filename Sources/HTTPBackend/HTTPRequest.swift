/// A request to an outside system.
package struct HTTPRequest: Sendable {
  /// `GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`.
  package var method: String
  /// An `http` or `https` URL; user and password in it become basic authentication.
  package var url: String
  /// Sent in order; names and values without line breaks.
  package var headers: [(String, String)]
  /// What is sent after the headers.
  package var body: [UInt8]?
  /// The whole exchange, from the name's resolution to the last byte, takes at most so long.
  package var timeout: Duration
  /// Whether a 3xx answer is followed, at most five times.
  package var followRedirects: Bool
  /// Whether of a body that is larger than the client takes the beginning is enough; else that is an error.
  package var truncatesBody = false

  /// A request; see the fields.
  package init(
    method: String = "GET", url: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
    timeout: Duration = .seconds(10), followRedirects: Bool = false
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.followRedirects = followRedirects
  }

  /// Refuses what would let data become protocol: line breaks and NUL in the head of the request.
  func validate() throws(HTTPError) {
    let methodBytes = method.utf8
    guard (1...16).contains(methodBytes.count), methodBytes.allSatisfy({ (65...90).contains($0) }) else {
      throw .invalidRequest("the method must be upper-case letters such as GET or POST")
    }
    guard url.utf8.count <= 8192, url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw .invalidRequest("the URL is too long or has blanks or control characters; percent-encode them")
    }
    let scheme = url.prefix(8).lowercased()
    guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://") else {
      throw .invalidRequest("the URL must begin with http:// or https://")
    }
    for (name, value) in headers {
      let badName = name.isEmpty || name.utf8.contains { $0 <= 0x20 || $0 == 0x3A || $0 >= 0x7F }
      let badValue = value.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 }
      if badName || badValue {
        throw .invalidRequest("a header has a line break, a NUL or an impossible name")
      }
    }
  }
}

/// An outside system's answer.
package struct HTTPResponse: Sendable {
  /// The status, e.g. 200.
  package var status: Int
  /// In the order in which they came.
  package var headers: [(name: String, value: String)]
  /// What came after the headers; empty when it was streamed.
  package var body: [UInt8]
  /// The whole exchange took so many seconds.
  package var totalSeconds: Double

  /// An answer; see the fields.
  package init(
    status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], totalSeconds: Double = 0
  ) {
    self.status = status
    self.headers = headers
    self.body = body
    self.totalSeconds = totalSeconds
  }

  /// The first header of that name, in any case of letters.
  package func header(_ name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }

  /// The body as text; bytes that are not UTF-8 become replacement characters.
  package var text: String { String(decoding: body, as: UTF8.self) }
}
