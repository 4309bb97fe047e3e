import IncidentModel

/// What one receiver did in one way of feeding it.
struct IngestRow: Sendable, Encodable {
  /// Who took the alerts, and how.
  var receiver: String
  /// What held of an alert when it was acknowledged.
  var durability: String
  /// Alerts in a message.
  var perMessage: Int
  /// Messages under way at once, at the most.
  var window: Int
  var alerts: Int
  var seconds: Double
  var alertsPerSecond: Double
  /// From a message to its acknowledgement, in milliseconds.
  var p50Milliseconds: Double
  var p99Milliseconds: Double
  /// Messages that were sent again because no acknowledgement came for a second.
  var resent: Int
  /// User and system time of the receiver's process, and of the database's where there is one.
  var cpuSeconds: Double
  /// The receiver's memory at the end; the database's is not in it.
  var residentBytes: Int
  var proportionalBytes: Int
  /// Our rate through Alertmanager's at as many alerts a message over one connection, one at a time.
  var rateRatio: Double?
  /// Our memory through Alertmanager's after as many alerts.
  var memoryRatio: Double?

  init(
    _ receiver: String, _ durability: String, perMessage: Int, window: Int, result: FeedResult,
    before: ProcessUsage, after: ProcessUsage, database: Double = 0
  ) {
    self.receiver = receiver
    self.durability = durability
    self.perMessage = perMessage
    self.window = window
    alerts = result.alerts
    seconds = result.seconds
    resent = result.resent
    alertsPerSecond = result.rate
    var latencies = result.latencies
    p50Milliseconds = latencies.percentile(0.5)
    p99Milliseconds = latencies.percentile(0.99)
    cpuSeconds = after.cpuSeconds - before.cpuSeconds + database
    residentBytes = after.residentBytes
    proportionalBytes = after.proportionalBytes
  }
}

/// All that `aiops-bench ingest` saw.
struct IngestReport: Sendable, Encodable {
  var version = AIOpsVersion.current
  var cores: Int
  var alerts: Int
  var series: Int
  var rows: [IngestRow] = []

  /// The table for people.
  var text: String {
    var table = TextTable([
      "alerts into", "a message", "window", "alerts", "alerts/s", "p50 ms", "p99 ms", "resent", "CPU s",
      "RSS MB",
      "PSS MB", "rate", "memory",
    ])
    func ratio(_ value: Double?) -> String { value.map { fixed($0, 2) + "x" } ?? "" }
    func megabytes(_ bytes: Int) -> String { fixed(Double(bytes) / 1e6, 1) }
    for row in rows {
      table.add([
        row.receiver, grouped(row.perMessage), grouped(row.window), grouped(row.alerts),
        grouped(Int(row.alertsPerSecond)), fixed(row.p50Milliseconds, 2), fixed(row.p99Milliseconds, 2),
        grouped(row.resent), fixed(row.cpuSeconds, 2), megabytes(row.residentBytes),
        megabytes(row.proportionalBytes),
        ratio(row.rateRatio), ratio(row.memoryRatio),
      ])
    }
    var promises: [String] = []
    for row in rows {
      let promise = "  \(row.receiver): \(row.durability)"
      if !promises.contains(promise) { promises.append(promise) }
    }
    return """
      \(grouped(alerts)) alerts of \(grouped(series)) series, \(cores) cores for sender and receiver together; \
      a fresh receiver for every row

      \(table.text)

      Where an alert is when it is acknowledged:
      \(promises.joined(separator: "\n"))
      window: messages sent and not acknowledged yet, at the most. rate and memory: ours through \
      Alertmanager's
      (as many alerts a message, one request at a time; resident memory after as many alerts).
      """
  }
}
