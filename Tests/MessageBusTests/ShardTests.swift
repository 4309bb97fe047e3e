import IncidentModel
import MessageBus
import Testing

@Suite("What a shard covers") struct ShardTests {
  private func signal(
    _ metric: String, _ labels: [String: String], kind: SignalRule.Kind = .threshold
  ) -> Signal {
    Signal(
      id: "1", fingerprint: Fingerprint(source: "host", metric: metric, labels: labels), state: .raised,
      metric: metric, source: "host", labels: labels, value: 95, unit: "percent",
      rule: SignalRule(kind: kind, condition: .above, threshold: 90, clearThreshold: 85, text: ""), score: 1,
      severity: .high, observedAt: Timestamp(milliseconds: 0), breachedSince: Timestamp(milliseconds: 0),
      detector: "d")
  }

  @Test("a machine's shard covers that machine's signals, and old ones that name none")
  func machines() {
    let shard = Shard(target: "hosts", host: "web-2")
    let kinds: [(String, SignalRule.Kind)] = [("host_disk_usage", .threshold), ("source_up", .sourceFailure)]
    for (metric, kind) in kinds {
      #expect(shard.covers(signal(metric, ["target": "hosts", "host": "web-2"], kind: kind)))
      #expect(!shard.covers(signal(metric, ["target": "hosts", "host": "web-1"], kind: kind)))
      #expect(shard.covers(signal(metric, ["target": "hosts"], kind: kind)))
      #expect(!shard.covers(signal(metric, ["target": "others", "host": "web-2"], kind: kind)))
    }
    // A label that another system gave its series says nothing of a shard that any machine can watch.
    #expect(Shard(target: "prom").covers(signal("errors", ["target": "prom", "host": "web-1"])))
  }

  @Test("a query's shard covers its series and its own source_up, and an old one that names no query")
  func queries() {
    let shard = Shard(target: "prom", metric: "errors")
    #expect(shard.covers(signal("errors", ["target": "prom"])))
    #expect(!shard.covers(signal("latency", ["target": "prom"])))
    #expect(shard.covers(signal("source_up", ["target": "prom", "query": "errors"], kind: .sourceFailure)))
    #expect(!shard.covers(signal("source_up", ["target": "prom", "query": "latency"], kind: .sourceFailure)))
    #expect(shard.covers(signal("source_up", ["target": "prom"], kind: .sourceFailure)))
    let whole = Shard(target: "prom")
    #expect(whole.covers(signal("source_up", ["target": "prom", "query": "latency"], kind: .sourceFailure)))
  }
}
