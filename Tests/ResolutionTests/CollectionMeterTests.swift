import Collection
import IncidentModel
import Resolution
import Settings
import Testing

/// Answers with what has happened since the previous collection, from a total that the test moves.
private actor CountingCollector: Collector {
  let total: LockedInteger
  let collections: LockedInteger
  private var previous: Int?

  init(_ total: LockedInteger, _ collections: LockedInteger) {
    self.total = total
    self.collections = collections
  }

  func collect(at now: Timestamp) throws(CollectionError) -> [Sample] {
    collections.add(1)
    let value = total.value
    if value < 0 { throw .unreachable("nobody answers") }
    defer { previous = value }
    let labels = [Label.target: "shop-db"]
    var samples = [
      Sample(
        name: "database_connection_usage", labels: labels, value: 40, unit: "percent", source: "postgresql",
        timestamp: now)
    ]
    if let previous {
      samples.append(
        Sample(
          name: "database_slow_queries", labels: labels, value: Double(value - previous), unit: "count",
          source: "postgresql", timestamp: now))
    }
    return samples
  }
  func close() {}
}

/// Has nothing to say, or can't be asked.
private struct FailingCollector: Collector {
  let fails: Bool

  func collect(at now: Timestamp) async throws(CollectionError) -> [Sample] {
    if fails { throw .unreachable("nobody answers") }
    return []
  }
  func close() async {}
}

@Suite("The meter")
struct CollectionMeterTests {
  private let total = LockedInteger()
  private let collections = LockedInteger()
  private let time = TestTime()
  private let slow = Make.signal("database_slow_queries", value: 12, above: 10, clear: 9.5, unit: "count")

  private func meter(interval: Double) -> CollectionMeter {
    var source = SourceSettings(
      name: "shop-db", kind: .redis(RedisSourceSettings(host: "127.0.0.1", port: 1)))
    source.intervalSeconds = interval
    var settings = SystemSettings()
    settings.sources = [source]
    return CollectionMeter(settings: settings, pace: time.pace) { [total, collections] _ in
      CountingCollector(total, collections)
    }
  }

  @Test("a source is collected once a round, however many of its symptoms are asked for")
  func once() async {
    let meter = meter(interval: 30)
    let signals = (0..<5).map { _ in Make.signal() }
    #expect(await meter.measure(signals) == Array(repeating: .value(40), count: 5))
    #expect(collections.value == 1)
    await meter.close()
  }

  @Test("a count is told once in the source's interval, so that a short look does not seem healthy")
  func counts() async {
    let meter = meter(interval: 30)
    var readings: [SymptomReading] = []
    // Twelve slow queries in 30 s go on: every two-second look sees none or one.
    for round in 0..<31 {
      if round % 5 == 0 { total.add(2) }
      readings += await meter.measure([slow])
      await time.pace.sleep(.seconds(2))
    }
    #expect(readings.count { $0 == .pending } == 29)
    #expect(readings.filter { $0 != .pending } == [.value(6), .value(6)])
    #expect(await meter.span(of: [slow]) >= .seconds(60))
  }

  @Test("a count over less than the interval is taken to go on like that")
  func extrapolated() async {
    let meter = meter(interval: 120)
    _ = await meter.measure([slow])
    total.add(4)
    await time.pace.sleep(.seconds(30))
    #expect(await meter.measure([slow]) == [.value(16)])
  }

  @Test("a source that fails is unmeasured, and for source_up it is the measurement")
  func failing() async {
    let meter = meter(interval: 10)
    total.add(-1)
    let up = Make.signal("source_up", value: 0, above: 1, clear: 1, unit: "bool", condition: .below)
    let readings = await meter.measure([Make.signal(), slow, up])
    guard case .unmeasured(let reason) = readings[0], case .unmeasured = readings[1] else {
      Issue.record("\(readings)")
      return
    }
    #expect(reason.contains("nobody answers"))
    #expect(readings[2] == .value(0))
    total.add(1)
    #expect(await meter.measure([up]) == [.value(1)])
  }

  @Test("another machine's symptom is unmeasured here, whatever this machine says")
  func otherMachine() async {
    var settings = SystemSettings()
    settings.sources = [SourceSettings(name: "this-host", kind: .host(HostSourceSettings()))]
    let meter = CollectionMeter(settings: settings, pace: time.pace, host: "web-2") { _ in
      FailingCollector(fails: false)
    }
    func up(_ host: String) -> Signal {
      var signal = Make.signal(
        "source_up", value: 0, above: 1, clear: 1, unit: "bool", source: "host", target: "this-host",
        condition: .below)
      signal.labels[Label.host] = host
      return signal
    }
    let readings = await meter.measure([up("web-1"), up("web-2")])
    guard case .unmeasured(let reason) = readings[0] else {
      Issue.record("\(readings)")
      return
    }
    #expect(reason.contains("web-1"))
    #expect(readings[1] == .value(1))
  }

  @Test("source_up of a query is measured by asking that query alone")
  func query() async {
    var settings = SystemSettings()
    let queries = ["errors", "latency"].map { PrometheusQuery(metric: $0, query: "x", unit: "count") }
    let kind = SourceSettings.Kind.prometheus(
      PrometheusSourceSettings(url: Secret("http://127.0.0.1:1"), queries: queries))
    settings.sources = [SourceSettings(name: "prom", kind: kind)]
    let meter = CollectionMeter(settings: settings, pace: time.pace) { source in
      guard case .prometheus(let settings) = source.kind else { return FailingCollector(fails: true) }
      return FailingCollector(fails: settings.queries.map(\.metric) != ["errors"])
    }
    func up(_ query: String) -> Signal {
      var signal = Make.signal(
        "source_up", value: 0, above: 1, clear: 1, unit: "bool", source: "prometheus", target: "prom",
        condition: .below)
      signal.rule.kind = .sourceFailure
      signal.labels[Label.query] = query
      return signal
    }
    let readings = await meter.measure([up("errors"), up("latency"), up("unknown")])
    #expect(readings.prefix(2) == [.value(1), .value(0)])
    guard case .unmeasured = readings[2] else {
      Issue.record("\(readings)")
      return
    }
  }

  @Test("a series or a source that is not there is unmeasured")
  func missing() async {
    let meter = meter(interval: 10)
    let readings = await meter.measure([Make.signal("no_such_metric"), Make.signal(target: "elsewhere")])
    for reading in readings {
      guard case .unmeasured = reading else {
        Issue.record("\(reading)")
        continue
      }
    }
  }
}
