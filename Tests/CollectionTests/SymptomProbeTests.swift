import Collection
import IncidentModel
import Settings
import TestKit
import Testing

@Suite("Symptom probe")
struct SymptomProbeTests {
  private func signal(
    _ source: String, _ metric: String, _ labels: [String: String], condition: Condition = .above,
    kind: SignalRule.Kind = .threshold
  ) -> Signal {
    Signal(
      id: "1", fingerprint: Fingerprint(source: source, metric: metric, labels: labels), state: .raised,
      metric: metric, source: source, labels: labels, value: 1, unit: "percent",
      rule: SignalRule(kind: kind, condition: condition, threshold: 80, clearThreshold: 76, text: ""),
      score: 1,
      severity: .high, observedAt: now, breachedSince: now, detector: "d")
  }

  private func sample(_ name: String, _ value: Double, _ labels: [String: String]) -> Sample {
    Sample(name: name, labels: labels, value: value, unit: "", source: "host", timestamp: now)
  }

  @Test("a detector's signal finds its own series and no sister")
  func exact() {
    let samples = [
      sample("host_disk_usage", 10, ["target": "h", "mount": "/"]),
      sample("host_disk_usage", 90, ["target": "h", "mount": "/var"]),
    ]
    let found = signal("host", "host_disk_usage", ["target": "h", "mount": "/var"])
    #expect(SymptomProbe.find(found, in: samples, of: "h")?.value == 90)
    let gone = signal("host", "host_disk_usage", ["target": "h", "mount": "/tmp"])
    #expect(SymptomProbe.find(gone, in: samples, of: "h") == nil)
  }

  @Test("an alert finds metric and target, by its tags the right series, else the worst")
  func alert() {
    let samples = [
      sample("host_disk_usage", 10, ["target": "h", "mount": "/"]),
      sample("host_disk_usage", 90, ["target": "h", "mount": "/var"]),
      sample("host_disk_usage", .nan, ["target": "h", "mount": "/nan"]),
    ]
    func find(_ labels: [String: String], _ condition: Condition = .above) -> Double? {
      SymptomProbe.find(
        signal("alert", "host_disk_usage", labels, condition: condition, kind: .alert), in: samples, of: "h")?
        .value
    }
    #expect(find(["target": "h"]) == 90)
    #expect(find(["target": "h"], .below) == 10)
    #expect(find(["target": "h", "mount": "/", "team": "shop"]) == 10)
    #expect(find(["target": "h", "mount": "/other"]) == nil)
    #expect(find(["target": "other"]) == nil)
  }

  @Test("another machine's symptom is unknown here; source_up of a query is measured by asking it")
  func elsewhere() async throws {
    let here = source("here", .host(HostSourceSettings()))
    let probe = SymptomProbe(source: here, host: "web-2")
    let kinds: [(String, SignalRule.Kind)] = [
      ("host_memory_usage", .threshold), ("source_up", .sourceFailure),
    ]
    for (metric, kind) in kinds {
      let foreign = signal("host", metric, ["target": "here", "host": "web-1"], kind: kind)
      guard case .missing = await probe.measure(foreign, now: { now }) else {
        Issue.record("\(metric) of web-1 was measured on web-2")
        continue
      }
      let own = signal("host", metric, ["target": "here", "host": "web-2"], kind: kind)
      guard case .measured(let sample) = await probe.measure(own, now: { now }) else {
        Issue.record("\(metric) was not measured")
        continue
      }
      #expect(sample.labels["host"] == "web-2")
    }
    await probe.close()
    try await ScriptedHTTPServer.with { request in
      request.text.contains("good")
        ? .json("{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"7\"]}}")
        : .json("{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}", status: 400)
    } _: { server in
      let queries = ["good", "wrong"].map { PrometheusQuery(metric: $0, query: $0, unit: "count") }
      let settings = PrometheusSourceSettings(url: Secret(server.url), queries: queries)
      let probe = SymptomProbe(source: source("prom", .prometheus(settings)))
      func up(_ query: String) async -> SymptomProbe.Reading {
        await probe.measure(
          signal("prometheus", "source_up", ["target": "prom", "query": query], kind: .sourceFailure),
          now: { now })
      }
      guard case .measured(let good) = await up("good"), case .measured(let wrong) = await up("wrong"),
        case .missing = await up("unknown")
      else {
        Issue.record("the wrong readings")
        return
      }
      #expect(good.value == 1 && wrong.value == 0)
      await probe.close()
    }
  }

  @Test("a delta is measured by two collections, another metric by one; a source that is gone is unknown")
  func measure() async throws {
    try await TestRedis.withServer(maxMemory: "50mb") { server in
      let cache = source(
        "cache", .redis(RedisSourceSettings(host: "127.0.0.1", port: server.port)), timeout: 2)
      let probe = SymptomProbe(source: cache, deltaInterval: .milliseconds(50))
      let labels = ["target": "cache"]
      let evictions = await probe.measure(signal("redis", "cache_evictions", labels)) { now }
      guard case .measured(let delta) = evictions else {
        Issue.record("\(evictions)")
        return
      }
      #expect(delta.value == 0)
      let usage = await probe.measure(signal("redis", "cache_memory_usage", labels)) { now }
      guard case .measured = usage else {
        Issue.record("\(usage)")
        return
      }
      let up = await probe.measure(signal("redis", "source_up", labels, kind: .sourceFailure)) { now }
      guard case .measured(let alive) = up else {
        Issue.record("\(up)")
        return
      }
      #expect(alive.value == 1)
      let nothing = await probe.measure(signal("redis", "no_such_metric", labels)) { now }
      guard case .missing = nothing else {
        Issue.record("\(nothing)")
        return
      }
      await server.halt()
      let gone = await probe.measure(signal("redis", "cache_memory_usage", labels)) { now }
      guard case .missing(let reason) = gone else {
        Issue.record("\(gone)")
        return
      }
      #expect(reason.contains("cache"))
      let down = await probe.measure(signal("redis", "source_up", labels, kind: .sourceFailure)) { now }
      #expect(
        down
          == .measured(
            Sample(
              name: "source_up", labels: labels, value: 0, unit: "bool", source: "redis", timestamp: now)))
      await probe.close()
    }
  }
}
