import Glibc
import IncidentModel
import TestKit
import Threads

/// Floods a real coordinator with more than it can take and asks for its state meanwhile.
struct OverloadBenchmark: Sendable {
  /// What was seen.
  struct Report: Sendable, Encodable {
    var cores: Int
    var senders: Int
    var perMessage: Int
    var seconds: Double
    /// Signals a second that the senders' sockets took, and that were acknowledged.
    var offeredPerSecond: Double
    var takenPerSecond: Double
    /// Messages that the coordinator read and turned away, by its own count.
    var shed: Double
    /// `GET /aiops/status`, in milliseconds: with nothing else to do, and under the flood.
    var idle: Answers
    var flooded: Answers
    var residentBytes: Int

    /// How long answers took.
    struct Answers: Sendable, Encodable {
      var count: Int
      var p50: Double
      var p99: Double
      var max: Double

      init(_ latencies: Latencies) {
        var latencies = latencies
        count = latencies.nanoseconds.count
        p50 = latencies.percentile(0.5)
        p99 = latencies.percentile(0.99)
        max = latencies.percentile(1)
      }
    }

    /// For people.
    var text: String {
      var table = TextTable(["GET /aiops/status", "answers", "p50 ms", "p99 ms", "max ms"])
      for (name, answers) in [("with nothing to do", idle), ("under the flood", flooded)] {
        table.add([
          name, grouped(answers.count), fixed(answers.p50, 2), fixed(answers.p99, 2), fixed(answers.max, 2),
        ])
      }
      return """
        \(senders) senders, \(perMessage) signals a message, \(fixed(seconds, 1)) s, \(cores) cores for all \
        of it
        offered \(grouped(Int(offeredPerSecond))) signals/s, \
        taken (durable, acknowledged) \(grouped(Int(takenPerSecond)))/s: \
        \(fixed(offeredPerSecond / Swift.max(takenPerSecond, 1), 1)) times as much; \
        \(grouped(Int(shed))) messages turned away; resident memory \
        \(fixed(Double(residentBytes) / 1e6, 1)) MB

        \(table.text)
        """
    }
  }

  let coordinator: String
  let senders: Int
  let perMessage: Int
  /// Distinct series of a sender.
  let series: Int
  let seconds: Double
  /// Signals a second of all senders at the most; `nil` for as many as go.
  let rate: Double?

  /// Measures.
  func run() async throws -> Report {
    let server = try await CoordinatorProcess.start(coordinator)
    do {
      let idle = try await probe(server, for: .seconds(2), flood: nil).latencies
      // Every sender has series of its own.
      let frames = try (0..<senders).map { sender in
        try BusFeed.frames(
          AlertMix(
            count: series, series: series, now: Timestamp(seconds: Double(time(nil))), first: sender * series),
          of: perMessage)
      }
      let flooded = try await probe(server, for: .seconds(seconds), flood: frames)
      let shed = try metric("aiops_intake_shed_total", of: server)
      let usage = ProcessUsage.read(server.process.pid)
      await server.stop()
      return Report(
        cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)), senders: senders, perMessage: perMessage,
        seconds: flooded.seconds,
        offeredPerSecond: Double(flooded.result.sent * perMessage) / flooded.seconds,
        takenPerSecond: Double(flooded.result.acknowledged * perMessage) / flooded.seconds, shed: shed,
        idle: Report.Answers(idle), flooded: Report.Answers(flooded.latencies),
        residentBytes: usage.residentBytes)
    } catch {
      await server.stop()
      throw error
    }
  }

  /// Asks for the state for a while, with senders beside it or without.
  private func probe(
    _ server: CoordinatorProcess, for duration: Duration, flood frames: [[[UInt8]]]?
  ) async throws -> (latencies: Latencies, result: FloodSender.Result, seconds: Double) {
    let stop = Locked(false)
    let endpoint = server.bus
    let batches = rate.map { $0 / Double(perMessage * senders) }
    async let total = withThrowingTaskGroup(of: FloodSender.Result.self) { group in
      for own in frames ?? [] {
        group.addTask {
          try await onOwnThread("bench-flood") {
            try FloodSender(endpoint: endpoint, frames: own, rate: batches, stop: stop).run()
          }
        }
      }
      return try await group.reduce(into: FloodSender.Result()) {
        $0.sent += $1.sent
        $0.acknowledged += $1.acknowledged
      }
    }
    async let latencies = onOwnThread("bench-probe") { [port = server.httpPort] in
      try StatusProbe(port: port, pace: .milliseconds(20), stop: stop).run()
    }
    let began = ContinuousClock.now
    try await Task.sleep(for: duration)
    stop.withLock { $0 = true }
    let seconds = (ContinuousClock.now - began).inSeconds
    return (try await latencies, try await total, seconds)
  }

  /// A number of the coordinator's own.
  private func metric(_ name: String, of server: CoordinatorProcess) throws -> Double {
    let connection = try HTTPConnection(port: server.httpPort)
    defer { connection.close() }
    try connection.write(Array("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:\(server.httpPort)\r\n\r\n".utf8))
    _ = try connection.readAnswer()
    let line = connection.lastBody.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
  }
}
