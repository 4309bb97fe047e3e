import CCurl
import Threads

/// One exchange: the request, libcurl's handle for it, and what has come so far.
//
// @unchecked Sendable: made by the caller, then handed over to the loop's thread, which alone touches
// it from there on; only `isCancelled`, which has a lock, is shared.
final class Transfer: @unchecked Sendable {
  /// Where a body goes that is not collected.
  struct Stream: Sendable {
    var silence: Duration?
    var onChunk: @Sendable ([UInt8]) -> Bool
  }

  /// The head of an answer may have so many bytes.
  static let maxHeaderBytes = 64 << 10

  let request: HTTPRequest
  let stream: Stream?
  let isCancelled = Locked(false)
  var answer: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>?

  private(set) var handle: UnsafeMutableRawPointer?
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
  private var maxBytes = 0
  private var headers: [(name: String, value: String)] = []
  private var headerBytes = 0
  private var body: [UInt8] = []
  /// What the callbacks found wrong; libcurl only knows that they refused to go on.
  private var refusal: Refusal?

  /// When a stream on which nothing comes has failed. Not libcurl's low speed limit, which looks at the
  /// average of five seconds.
  private(set) var silentAt: ContinuousClock.Instant?

  private enum Refusal { case tooLarge, streamEnded }

  init(request: HTTPRequest, stream: Stream?) {
    self.request = request
    self.stream = stream
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    if let handle { curl_easy_cleanup(handle) }
    curl_slist_free_all(headerList)
    errorText.deallocate()
  }

  /// Makes libcurl's handle.
  func prepare(
    maxResponseBytes: Int, userAgent: String, noProxy: String, authority: String?
  ) throws(HTTPError) -> UnsafeMutableRawPointer {
    guard let easy = curl_easy_init() else { throw failure("out of memory") }
    handle = easy
    maxBytes = maxResponseBytes
    var code = ccurl_only_http(easy)
    func check(_ next: CURLcode) { if code == CURLE_OK { code = next } }
    check(ccurl_set_string(easy, CURLOPT_URL, request.url))
    check(ccurl_set_string(easy, CURLOPT_USERAGENT, userAgent))
    check(ccurl_set_string(easy, CURLOPT_NOPROXY, noProxy))
    check(ccurl_set_trust(easy, authority))
    // Signals would hit some thread of the process.
    check(ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1))
    check(ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
    let timeout = max(1, Self.milliseconds(request.timeout))
    check(ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout))
    if stream == nil { check(ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, timeout)) }
    heard()
    if request.followRedirects {
      check(ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 1))
      check(ccurl_set_long(easy, CURLOPT_MAXREDIRS, 5))
    }
    setMethod(easy, check)
    // `Expect: 100-continue` only costs a round trip.
    headerList = curl_slist_append(nil, "Expect:")
    for (name, value) in request.headers {
      // libcurl's way of sending an empty header is a semicolon.
      headerList = curl_slist_append(headerList, value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    check(ccurl_set_slist(easy, CURLOPT_HTTPHEADER, headerList))
    let me = Unmanaged.passUnretained(self).toOpaque()
    check(ccurl_set_data_function(easy, CURLOPT_HEADERFUNCTION, onHeader))
    check(ccurl_set_pointer(easy, CURLOPT_HEADERDATA, me))
    check(ccurl_set_data_function(easy, CURLOPT_WRITEFUNCTION, onBody))
    check(ccurl_set_pointer(easy, CURLOPT_WRITEDATA, me))
    guard code == CURLE_OK else { throw failure(String(cString: curl_easy_strerror(code))) }
    return easy
  }

  private func heard() { silentAt = stream?.silence.map { .now + $0 } }

  private func setMethod(_ easy: UnsafeMutableRawPointer, _ check: (CURLcode) -> Void) {
    switch request.method {
    case "GET" where request.body == nil: check(ccurl_set_long(easy, CURLOPT_HTTPGET, 1))
    case "HEAD": check(ccurl_set_long(easy, CURLOPT_NOBODY, 1))
    default:
      if let body = request.body ?? (request.method == "DELETE" ? nil : []) {
        check(ccurl_set_long(easy, CURLOPT_POSTFIELDSIZE, body.count))
        // An empty array has no address, and without one libcurl would ask a read function.
        var copy = body.isEmpty ? [0] : body
        check(ccurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, &copy))
      }
      check(ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method))
    }
  }

  /// A line of the answer's head. A new status line begins a new head: a redirect, or after `100 Continue`.
  fileprivate func received(header line: UnsafeRawBufferPointer) -> Bool {
    headerBytes += line.count
    guard headerBytes <= Self.maxHeaderBytes else {
      refusal = .tooLarge
      return false
    }
    if line.starts(with: "HTTP/".utf8) {
      headers = []
      return true
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return true }
    let blanks: Set<UInt8> = [0x20, 0x09, 0x0D, 0x0A]
    var value = line[(colon + 1)...].drop { blanks.contains($0) }
    while let last = value.last, blanks.contains(last) { value = value.dropLast() }
    headers.append((String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)))
    return true
  }

  /// A piece of the answer's body.
  fileprivate func received(body chunk: UnsafeRawBufferPointer) -> Bool {
    heard()
    if let stream, (200...299).contains(status) {
      if !stream.onChunk([UInt8](chunk)) { refusal = .streamEnded }
      return refusal == nil
    }
    guard body.count + chunk.count <= maxBytes else {
      refusal = request.truncatesBody ? .streamEnded : .tooLarge
      return false
    }
    body.append(contentsOf: chunk)
    return true
  }

  private var status: Int {
    var code = 0
    if let handle { ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &code) }
    return code
  }

  /// What the exchange ended with, in the caller's words.
  func outcome(_ code: CURLcode) -> Result<HTTPResponse, HTTPError> {
    if refusal == .tooLarge {
      return .failure(.tooLarge(url: redactedURL(request.url), limitBytes: maxBytes))
    }
    let url = redactedURL(request.url)
    let detail = String(cString: errorText)
    let reason = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
    switch code {
    case CURLE_OK: return answered(url)
    case CURLE_WRITE_ERROR where refusal == .streamEnded: return answered(url)
    case CURLE_OPERATION_TIMEDOUT:
      let limit = stream?.silence ?? request.timeout
      return .failure(.timedOut(url: url, seconds: Double(Self.milliseconds(limit)) / 1000))
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
      return .failure(.unreachable(url: url, reason: reason))
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
      return .failure(.untrusted(url: url, reason: reason))
    case CURLE_URL_MALFORMAT:
      return .failure(.invalidRequest("the URL is not one that can be asked"))
    default: return .failure(.failed(url: url, reason: reason))
    }
  }

  /// Hands the outcome over, once.
  func finish(_ result: Result<HTTPResponse, HTTPError>) {
    answer?.resume(returning: result)
    answer = nil
  }

  private func answered(_ url: String) -> Result<HTTPResponse, HTTPError> {
    // libcurl also takes a number of any length for a status.
    guard (100...999).contains(status) else {
      return .failure(.failed(url: url, reason: "it answers with a status that is none"))
    }
    return .success(response)
  }

  private var response: HTTPResponse {
    var seconds = 0.0
    if let handle { ccurl_get_double(handle, CURLINFO_TOTAL_TIME, &seconds) }
    return HTTPResponse(status: status, headers: headers, body: body, totalSeconds: seconds)
  }

  private func failure(_ reason: String) -> HTTPError {
    .failed(url: redactedURL(request.url), reason: reason)
  }

  private static func milliseconds(_ duration: Duration) -> Int {
    let (seconds, attoseconds) = duration.components
    // Neither a negative nor an absurdly long time is libcurl's idea of a timeout.
    return Int(min(max(seconds, 0), 86_400 * 365)) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
  context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

private let onHeader: ccurl_data_fn = { bytes, size, count, context in
  let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
  return transfer(context)?.received(header: line) == true ? line.count : 0
}

private let onBody: ccurl_data_fn = { bytes, size, count, context in
  let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
  // Zero refuses, so an empty piece must not be mistaken for a refusal.
  return chunk.isEmpty || transfer(context)?.received(body: chunk) == true ? chunk.count : 0
}
