import Glibc
import IncidentModel
import Threads

/// Asks `GET /aiops/status` again and again over one connection, at a steady pace, until it is told to stop.
struct StatusProbe {
  let port: Int
  /// From one question to the next.
  let pace: Duration
  let stop: Locked<Bool>

  /// Blocks until it is stopped.
  /// - Returns: how long the answers took.
  func run() throws -> Latencies {
    let connection = try HTTPConnection(port: port)
    defer { connection.close() }
    let request = Array("GET /aiops/status HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n".utf8)
    let clock = ContinuousClock()
    var latencies = Latencies()
    var next = clock.now
    while !stop.withLock({ $0 }) {
      try connection.write(request)
      let status = try connection.readAnswer()
      guard status == 200 else { throw BenchmarkError("GET /aiops/status was answered with \(status)") }
      // From when it should have been asked: an answer that keeps the next question waiting is late for both.
      let now = clock.now
      latencies.add(now - next)
      next = max(next + pace, now - .seconds(1))
      let left = (next - now).milliseconds
      if left > 0 { usleep(UInt32(left) * 1000) }
    }
    return latencies
  }
}
