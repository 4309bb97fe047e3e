import FoundationEssentials
import Hummingbird
import IncidentModel
import Logging
import NIOCore
import ServiceLifecycle
import Threads

extension APIResponder {
  /// Answers `GET /aiops/stream` with server-sent events until either side ends it.
  func stream(
    _ request: Request, _ context: APIContext, _ query: QueryParameters
  ) async throws -> Response {
    // The header is what a browser sends when it comes back, and so newer than the URL it began with.
    let (name, text) =
      request.headers.first(named: "Last-Event-ID").map { ("Last-Event-ID", $0) }
      ?? ("last_event_id", query["last_event_id"])
    var after: UInt64?
    if let text, !text.isEmpty {
      guard let number = UInt64(text) else {
        throw Problem.invalid(name, "must be the id of an event of this stream, a whole number")
      }
      after = number
    }
    let slot = try StreamSlot(streams, limit: limits.streams)
    let feed = await api.changes(after: after)
    let limits = limits
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream"],
      body: ResponseBody { writer in
        // The slot is given back when this closure is gone, whether it ran or not.
        _ = slot
        defer { feed.cancel() }
        try await request.body.consumeWithInboundCloseHandler { _ in
          try await withGracefulShutdownHandler {
            try await Self.pump(feed, into: &writer, limits: limits, channel: context.channel)
          } onGracefulShutdown: {
            feed.cancel()
          }
        } onInboundClosed: {
          feed.cancel()
        }
        try await writer.finish(nil)
      })
  }

  /// Writes events until the feed ends or the connection breaks.
  private static func pump(
    _ feed: ChangeFeed, into writer: inout any ResponseBodyWriter, limits: HTTPLimits,
    channel: any Channel
  ) async throws {
    /// Since when a write waits for the reader.
    let waiting = Locked<ContinuousClock.Instant?>(nil)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await Task.sleep(for: limits.keepAlive)
          feed.keepAlive()
          let since = waiting.withLock { $0 }
          if let since, ContinuousClock.now - since > limits.streamStall {
            // A write that waits for its reader for ever ends only so.
            channel.close(promise: nil)
            return
          }
        }
      }
      defer { group.cancelAll() }
      func write(_ text: ByteBuffer, _ writer: inout any ResponseBodyWriter) async throws {
        waiting.withLock { $0 = ContinuousClock.now }
        try await writer.write(text)
        waiting.withLock { $0 = nil }
      }
      // An id without data is no event, but where a client that comes back goes on.
      try await write(ByteBuffer(string: "retry: 2000\nid: \(feed.sequence)\n\n"), &writer)
      for await event in feed.events { try await write(block(event), &writer) }
    }
  }

  /// An event as the stream has it.
  private static func block(_ event: StreamEvent) throws -> ByteBuffer {
    switch event {
    case .keepAlive: return ByteBuffer(string: ": keep-alive\n\n")
    case .change(let sequence, let incident):
      return try block("incident", sequence, ChangeView(sequence: sequence, incident: incident))
    case .reset(let sequence): return try block("reset", sequence, ResetView(sequence: sequence))
    }
  }

  private static func block(_ name: String, _ id: UInt64, _ data: some Encodable) throws -> ByteBuffer {
    // JSON without line breaks: one data line.
    var buffer = ByteBuffer(string: "id: \(id)\nevent: \(name)\ndata: ")
    buffer.writeBytes(try encode(data))
    buffer.writeString("\n\n")
    return buffer
  }
}

/// One of a bounded number of streams, for as long as it lives.
private final class StreamSlot: Sendable {
  private let count: Locked<Int>

  init(_ count: Locked<Int>, limit: Int) throws(Problem) {
    let isFree = count.withLock { count in
      guard count < limit else { return false }
      count += 1
      return true
    }
    guard isFree else {
      throw .unavailable("All \(limit) streams of changes are in use; close one and try again.")
    }
    // Only now: an initializer that throws when everything is set runs deinit.
    self.count = count
  }

  deinit { count.withLock { $0 -= 1 } }
}
