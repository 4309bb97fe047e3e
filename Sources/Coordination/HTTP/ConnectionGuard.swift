import FoundationEssentials
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// What the server library leaves to us on each connection.
///
/// - An unreadable request, which the library answers with an empty 400, gets a problem as its body.
/// - An answer that says `Connection: close` closes the connection.
/// - A body that nobody wants is only read up to a bound.
///
/// A handler belongs to one channel and is only used on its event loop.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// How long the other side may go on sending after the last answer.
  private static let linger = TimeAmount.seconds(2)

  private let maxBodyBytes: Int
  private var bodyBytes = 0
  private var closesAfterResponse = false

  init(maxBodyBytes: Int) { self.maxBodyBytes = maxBodyBytes }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head: bodyBytes = 0
    case .body(let bytes):
      bodyBytes += bytes.readableBytes
      guard bodyBytes <= maxBodyBytes else {
        context.close(promise: nil)
        return
      }
    case .end: break
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      closesAfterResponse = head.headerFields[.connection] == "close"
      guard head.status == .badRequest, head.headerFields[.contentType] == nil else {
        context.write(data, promise: promise)
        return
      }
      let problem = Problem(
        .badRequest, "The request can't be read: it is not HTTP/1.1, or its header is too large.")
      let body = (try? APIResponder.encode(problem.view(instance: ""))) ?? Data()
      head.headerFields[.contentType] = "application/problem+json"
      head.headerFields[.contentLength] = "\(body.count)"
      APIResponder.secure(&head.headerFields)
      context.write(wrapOutboundOut(.head(head)), promise: promise)
      context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
    case .body: context.write(data, promise: promise)
    case .end:
      guard closesAfterResponse else {
        context.write(data, promise: promise)
        return
      }
      context.writeAndFlush(data, promise: promise)
      // Both sides at once would lose the answer when the other one is still sending.
      context.close(mode: .output, promise: nil)
      let channel = context.channel
      context.eventLoop.scheduleTask(in: Self.linger) { channel.close(promise: nil) }
    }
  }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
