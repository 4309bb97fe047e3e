import Threads

/// An HTTP client on libcurl: every exchange of it runs on one thread, connections are reused.
///
/// Only `http` and `https` are spoken. A proxy from the environment is used, but never for loopback.
/// A cancelled task ends its exchange at once. Answers are not decompressed.
package final class HTTPClient: Sendable {
  private let loop: CurlLoop

  /// A client; its thread runs until ``shutdown()`` or until nobody refers to the client.
  ///
  /// - Parameters:
  ///   - maxResponseBytes: an answer with a larger body is an error.
  ///   - userAgent: the `User-Agent` of every request.
  ///   - authority: a PEM file with the only authorities whose certificates are trusted; `nil` for those that
  ///     the system trusts.
  package init(
    maxResponseBytes: Int = 8 << 20, userAgent: String = "aiops", authority: String? = nil
  ) {
    loop = CurlLoop(maxResponseBytes: maxResponseBytes, userAgent: userAgent, authority: authority)
    loop.start()
  }

  deinit { loop.stop() }

  /// Sends a request and waits for the whole answer. Every status is an answer, not an error.
  package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
    try await run(request, stream: nil)
  }

  /// Sends a request and hands over the answer's body as it comes, for server-sent events.
  ///
  /// The request's timeout bounds only the time until the connection stands; the stream may last for ever.
  /// An answer outside 200…299 is not streamed: it comes back with its body, as from ``send(_:)``.
  ///
  /// - Parameters:
  ///   - request: what is asked.
  ///   - silence: a stream on which nothing comes for so long has failed; `nil` waits for ever.
  ///   - onChunk: called on the client's thread, so it must be short; `false` ends the stream.
  /// - Returns: the answer, without the body that was streamed, once the stream has ended.
  package func stream(
    _ request: HTTPRequest, silence: Duration? = nil, onChunk: @escaping @Sendable ([UInt8]) -> Bool
  ) async throws(HTTPError) -> HTTPResponse {
    try await run(request, stream: Transfer.Stream(silence: silence, onChunk: onChunk))
  }

  /// Ends every exchange with an error and the thread with them.
  package func shutdown() { loop.stop() }

  private func run(
    _ request: HTTPRequest, stream: Transfer.Stream?
  ) async throws(HTTPError) -> HTTPResponse {
    try request.validate()
    // The client must not go, and stop its thread, while an exchange of it runs.
    defer { withExtendedLifetime(self) {} }
    let transfer = Transfer(request: request, stream: stream)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        transfer.answer = continuation
        loop.add(transfer)
      }
    } onCancel: {
      transfer.isCancelled.withLock { $0 = true }
      loop.wake()
    }
    return try result.get()
  }
}
