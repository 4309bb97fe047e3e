import FoundationEssentials
import HTTPTypes
import IncidentModel
import NIOCore
import NIOHTTPTypes

/// What the server library leaves to us on each connection.
///
/// - A connection too many of one address is answered with 429 and closed, whatever it says.
/// - A new connection must bring its first head in time, a TLS handshake included.
/// - An unreadable request, which the library answers with an empty 400, gets a problem as its body.
/// - An answer that says `Connection: close` closes the connection.
/// - A body that nobody wants is only read up to a bound, and for so long.
/// - A reader that takes too little of what waits for it is cut.
/// - It is known, so that a shutdown need not wait for it.
///
/// A handler belongs to one channel and is only used on its event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// How long the other side may go on sending after the last answer.
  private static let linger = TimeAmount.seconds(2)

  private let limits: HTTPLimits
  private let connections: OpenConnections
  private let metrics: HTTPMetrics
  private var bodyBytes = 0
  private var closesAfterResponse = false
  /// Whether what comes is thrown away, because the connection was refused.
  private var isRefused = false
  private var isReadingBody = false
  private var hasHead = false
  private var isWatched = false
  /// Ends the connection unless what is waited for happens.
  private var deadline: Scheduled<Void>?
  private var writeDeadline: Scheduled<Void>?

  init(limits: HTTPLimits, connections: OpenConnections, metrics: HTTPMetrics) {
    self.limits = limits
    self.connections = connections
    self.metrics = metrics
  }

  func handlerAdded(context: ChannelHandlerContext) {
    connections.add(context.channel)
    if context.channel.isActive { begin(context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    writeDeadline?.cancel()
    connections.remove(context.channel)
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard !isWatched else { return }
    isWatched = true
    let address = ClientAddress.key(context.channel.remoteAddress)
    guard connections.admit(context.channel, from: address) else {
      isRefused = true
      metrics.refuse(.connections)
      let problem = Problem.tooMany(
        "There are too many connections from this address already; close one.", after: 5, .connections)
      answer(context, problem.closing)
      return
    }
    deadline = schedule(context, after: limits.headTime, counting: .slowHeader)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefused else { return }
    switch unwrapInboundIn(data) {
    case .head:
      if !hasHead {
        hasHead = true
        deadline?.cancel()
      }
      bodyBytes = 0
      isReadingBody = true
    case .body(let bytes):
      bodyBytes += bytes.readableBytes
      guard bodyBytes <= limits.drainBytes else {
        metrics.refuse(.bodySize)
        context.close(promise: nil)
        return
      }
    case .end:
      isReadingBody = false
      deadline?.cancel()
    }
    context.fireChannelRead(data)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    writeDeadline?.cancel()
    writeDeadline = nil
    if !context.channel.isWritable {
      writeDeadline = schedule(context, after: limits.streamStall, counting: .slowReader)
    }
    context.fireChannelWritabilityChanged()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      closesAfterResponse = head.headerFields[.connection] == "close"
      guard head.status == .badRequest, head.headerFields[.contentType] == nil else {
        context.write(data, promise: promise)
        return
      }
      metrics.refuse(.unreadable)
      let problem = Problem(
        .badRequest, "The request can't be read: it is not HTTP/1.1, or its header is too large.")
      writeHead(context, problem, head.headerFields, promise)
    case .body: context.write(data, promise: promise)
    case .end:
      guard closesAfterResponse else {
        context.write(data, promise: promise)
        // The rest of a body that nobody waits for any more.
        if isReadingBody { deadline = schedule(context, after: limits.bodyTime, counting: .slowBody) }
        return
      }
      context.writeAndFlush(data, promise: promise)
      closeGently(context)
    }
  }

  /// Closes both sides, one after the other: at once would lose the answer when the other one is still sending.
  private func closeGently(_ context: ChannelHandlerContext) {
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    context.eventLoop.scheduleTask(in: Self.linger) { channel.close(promise: nil) }
  }

  /// Answers a connection on which nothing was asked yet, and closes it.
  private func answer(_ context: ChannelHandlerContext, _ problem: Problem) {
    writeHead(context, problem, problem.headers, nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    closeGently(context)
  }

  private func writeHead(
    _ context: ChannelHandlerContext, _ problem: Problem, _ fields: HTTPFields,
    _ promise: EventLoopPromise<Void>?
  ) {
    let body = (try? APIResponder.encode(problem.view(instance: ""))) ?? Data()
    var head = HTTPResponse(status: problem.status, headerFields: fields)
    head.headerFields[.contentType] = "application/problem+json"
    head.headerFields[.contentLength] = "\(body.count)"
    APIResponder.secure(&head.headerFields)
    context.write(wrapOutboundOut(.head(head)), promise: promise)
    context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
  }

  private func schedule(
    _ context: ChannelHandlerContext, after time: Duration, counting refusal: HTTPRefusal
  ) -> Scheduled<Void> {
    let channel = context.channel
    return context.eventLoop.scheduleTask(in: .milliseconds(time.milliseconds)) { [metrics] in
      metrics.refuse(refusal)
      channel.close(promise: nil)
    }
  }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
