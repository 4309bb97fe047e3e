import FoundationEssentials
import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Threads

/// What the server library leaves to us on each connection.
///
/// - An unreadable request, which the library answers with an empty 400, gets a problem as its body.
/// - An answer that says `Connection: close` closes the connection.
/// - A body that nobody wants is only read up to a bound.
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

  private let maxBodyBytes: Int
  private let connections: OpenConnections
  private var bodyBytes = 0
  private var closesAfterResponse = false

  init(maxBodyBytes: Int, connections: OpenConnections) {
    self.maxBodyBytes = maxBodyBytes
    self.connections = connections
  }

  func handlerAdded(context: ChannelHandlerContext) { connections.add(context.channel) }

  func handlerRemoved(context: ChannelHandlerContext) { connections.remove(context.channel) }

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

/// The connections that are open: the library waits for all of them at a shutdown, however long the other
/// side takes.
final class OpenConnections: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    /// Connections that come later are cut after so long too; `nil` as long as nobody shuts down.
    var patience: TimeAmount?
  }

  private let state = Locked(State())

  func add(_ channel: any Channel) {
    let patience = state.withLock { state in
      state.channels[ObjectIdentifier(channel)] = channel
      return state.patience
    }
    if let patience { Self.cut(channel, after: patience) }
  }

  func remove(_ channel: any Channel) {
    state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
  }

  /// Closes all that are still there after a while; returns at once.
  func cutAll(after patience: TimeAmount) {
    let channels = state.withLock { state in
      state.patience = patience
      return Array(state.channels.values)
    }
    for channel in channels { Self.cut(channel, after: patience) }
  }

  private static func cut(_ channel: any Channel, after patience: TimeAmount) {
    channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
  }
}
