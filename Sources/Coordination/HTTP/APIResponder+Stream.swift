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
    _ request: Request, _ query: QueryParameters, _ caller: Caller
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
    let slot = try StreamSlot(
      streams, client: caller.client, limit: limits.streams,
      clientLimit: gate.isLocal ? limits.streams : limits.streamsPerClient)
    let feed = await api.changes(after: after)
    let (limits, gate) = (limits, gate)
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream"],
      body: ResponseBody { writer in
        // The slot is given back when this closure is gone, whether it ran or not.
        _ = slot
        defer { feed.cancel() }
        try await request.body.consumeWithInboundCloseHandler { _ in
          try await withGracefulShutdownHandler {
            try await Self.pump(feed, into: &writer, limits: limits) { gate.isStillLetIn(caller) }
          } onGracefulShutdown: {
            feed.cancel()
          }
        } onInboundClosed: {
          feed.cancel()
        }
        try await writer.finish(nil)
      })
  }

  /// Writes events until the feed ends, the caller is let in no more, or the connection breaks; it is
  /// ``ConnectionGuard`` that breaks it when the reader takes nothing.
  private static func pump(
    _ feed: ChangeFeed, into writer: inout any ResponseBodyWriter, limits: HTTPLimits,
    isLetIn: @escaping @Sendable () -> Bool
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await Task.sleep(for: limits.keepAlive)
          feed.keepAlive()
        }
      }
      group.addTask {
        while isLetIn() { try await Task.sleep(for: limits.reload) }
        feed.cancel()
      }
      defer { group.cancelAll() }
      // An id without data is no event, but where a client that comes back goes on.
      try await writer.write(ByteBuffer(string: "retry: 2000\nid: \(feed.sequence)\n\n"))
      for await event in feed.events { try await writer.write(block(event)) }
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

/// How many streams are open, and of whom.
struct StreamCounts: Sendable {
  private(set) var total = 0
  private var byClient: [String: Int] = [:]

  /// Takes a place of a client.
  /// - Throws: 503 when all are taken, 429 when the client has its share.
  mutating func take(_ client: String, limit: Int, clientLimit: Int) throws(Problem) {
    guard total < limit else {
      throw Problem.unavailable("All \(limit) streams of changes are in use; close one and try again.")
        .counted(.streams)
    }
    guard byClient[client, default: 0] < clientLimit else {
      throw .tooMany(
        "All \(clientLimit) streams of changes that one client may have are in use; close one.", after: 5,
        .streams)
    }
    total += 1
    byClient[client, default: 0] += 1
  }

  /// Gives it back.
  mutating func give(_ client: String) {
    total -= 1
    let left = byClient[client, default: 1] - 1
    byClient[client] = left > 0 ? left : nil
  }
}

/// One of a bounded number of streams, for as long as it lives.
private final class StreamSlot: Sendable {
  private let counts: Locked<StreamCounts>
  private let client: String

  init(_ counts: Locked<StreamCounts>, client: String, limit: Int, clientLimit: Int) throws(Problem) {
    try counts.withLock { counts throws(Problem) in
      try counts.take(client, limit: limit, clientLimit: clientLimit)
    }
    // Only now: an initializer that throws when everything is set runs deinit.
    self.counts = counts
    self.client = client
  }

  deinit { counts.withLock { $0.give(client) } }
}
