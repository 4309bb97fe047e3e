import Glibc
import IncidentModel

/// Feeds a receiver of alerts by HTTP over one connection that is kept open.
struct HTTPFeed {
  let port: Int
  let path: String
  /// Requests under way at the most; more than one are pipelined on the connection.
  var window = 1

  /// The requests with these bodies.
  func requests(_ bodies: [[UInt8]]) -> [[UInt8]] {
    bodies.map { body in
      Array(
        """
        POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/json\r\n\
        Content-Length: \(body.count)\r\n\r\n
        """.utf8) + body
    }
  }

  /// Sends all requests and waits for all answers. Blocks.
  func run(_ requests: [[UInt8]], alerts: Int) throws -> FeedResult {
    let connection = try HTTPConnection(port: port)
    defer { connection.close() }
    let clock = ContinuousClock()
    var result = FeedResult(latencies: Latencies(capacity: requests.count))
    var sentAt: [ContinuousClock.Instant] = []
    sentAt.reserveCapacity(requests.count)
    let began = clock.now
    for answered in requests.indices {
      while sentAt.count < requests.count, sentAt.count - answered < window {
        sentAt.append(clock.now)
        try connection.write(requests[sentAt.count - 1])
      }
      let status = try connection.readAnswer()
      guard (200...299).contains(status) else {
        throw BenchmarkError("POST \(path) was answered with \(status): \(connection.lastBody)")
      }
      result.latencies.add(clock.now - sentAt[answered])
    }
    result.seconds = (clock.now - began).inSeconds
    result.alerts = alerts
    return result
  }
}
