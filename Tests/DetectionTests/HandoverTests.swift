import Detection
import IncidentModel
import MessageBus
import Settings
import Testing

@Suite("Shards that pass from one detector to another")
struct HandoverTests {
  private var rules: [RuleSettings] {
    var rule = threshold(80, clear: 75, for: 60)
    rule.baseline = BaselineSettings()
    rule.baseline?.minimumSamples = 10
    rule.baseline?.windowSamples = 40
    return [rule]
  }

  private func detector(_ name: String, sources: [SourceSettings]? = nil) throws -> Detector {
    var detector = try Detector(
      name: name, instance: name, sources: sources ?? [source(rules: rules)], saysFirstGood: true,
      graph: .standard())
    detector.watchNothing()
    return detector
  }

  private static let shop = Shard(target: "shop")

  /// What is the same of signals whoever says them.
  private static func said(_ signals: [Signal]) -> [String] {
    signals.map {
      "\($0.state) \($0.metric) \($0.value) \($0.rule.text) \($0.severity) \($0.observedAt) \($0.breachedSince)"
    }
  }

  @Test(
    "whoever takes over goes on to the letter as if it had watched all along",
    arguments: 0..<40 as Range<UInt64>)
  func seamless(seed: UInt64) throws {
    var random = Seeded(seed)
    var alone = try detector("alone")
    _ = alone.watch(Self.shop, memory: [], standing: [], at: .at(0))
    var owners = [try detector("a"), try detector("b")]
    var owner = 0
    _ = owners[0].watch(Self.shop, memory: [], standing: [], at: .at(0))
    var level = 40.0
    for step in 0..<160 {
      if Int.random(in: 0..<12, using: &random) == 0 {
        level = [30.0, 40, 60, 78, 90].randomElement(using: &random) ?? 40
      }
      let now = Double(step) * 30
      if Int.random(in: 0..<6, using: &random) == 0 {
        let (memory, series) = owners[owner].unwatch(Self.shop)
        #expect(!series.isEmpty)
        #expect(owners[owner].absorb([sample(99, at: now)], from: "shop", at: .at(now)).isEmpty)
        owner = 1 - owner
        _ = owners[owner].watch(Self.shop, memory: memory, standing: [], at: .at(now))
      }
      let samples = [sample(random.normal(mean: level, deviation: 2), at: now)]
      if Int.random(in: 0..<15, using: &random) == 0 {
        #expect(
          Self.said(owners[owner].fail("shop", because: "gone", at: .at(now)))
            == Self.said(alone.fail("shop", because: "gone", at: .at(now))))
      } else {
        #expect(
          Self.said(owners[owner].absorb(samples, from: "shop", at: .at(now)))
            == Self.said(alone.absorb(samples, from: "shop", at: .at(now))))
      }
    }
    #expect(owners[owner].raised == alone.raised)
    #expect(owners[1 - owner].raised.isEmpty && owners[1 - owner].seriesCount == 0)
  }

  @Test("what stands by the journal alone is cleared when it is over", arguments: [false, true])
  func standing(isBaseline: Bool) throws {
    var rule = isBaseline ? rules[0] : threshold(80, clear: 75)
    if isBaseline { rule.threshold = nil }
    let sources = [source(rules: [rule])]
    var first = try detector("first", sources: sources)
    _ = first.watch(Self.shop, memory: [], standing: [], at: .at(0))
    var said: [Signal] = []
    for step in 0..<24 {
      let value = step < 20 ? 40 + Double(step % 3) : 95
      said += first.absorb([sample(value, at: Double(step) * 30)], from: "shop", at: .at(Double(step) * 30))
    }
    let raised = try #require(said.last { $0.state == .raised })
    // The first one dies, and nothing of what it knew is left.
    var second = try detector("second", sources: sources)
    let adopted = second.watch(Self.shop, memory: [], standing: [raised], at: .at(800))
    #expect(adopted == [raised])
    #expect(second.raised == [raised.fingerprint])
    var later: [Signal] = []
    for step in 0..<4 {
      let now = 810 + Double(step) * 30
      later += second.absorb([sample(41, at: now)], from: "shop", at: .at(now))
    }
    let cleared = try #require(later.first { $0.metric == "usage" })
    #expect(cleared.state == .cleared && cleared.fingerprint == raised.fingerprint)
    #expect(cleared.rule == raised.rule && cleared.breachedSince == raised.breachedSince)
    #expect(second.raised.isEmpty)
  }

  @Test("what another one knew is merged into what is watched, and what is known here stays")
  func merging() throws {
    let sources = [source(rules: [threshold(80, clear: 75)])]
    var late = try detector("late", sources: sources)
    _ = late.watch(Self.shop, memory: [], standing: [], at: .at(0))
    _ = late.absorb([sample(90, at: 0), sample(90, at: 0, labels: ["db": "two"])], from: "shop", at: .at(0))
    var owner = try detector("owner", sources: sources)
    _ = owner.watch(Self.shop, memory: [], standing: [], at: .at(30))
    _ = owner.absorb([sample(85, at: 30)], from: "shop", at: .at(30))
    let (memory, _) = late.unwatch(Self.shop)
    let adopted = owner.watch(Self.shop, memory: memory, standing: [], at: .at(31))
    #expect(adopted.map { $0.labels["db"] } == ["two"])
    #expect(owner.raised.count == 2)
    let cleared = owner.absorb(
      [sample(10, at: 60), sample(10, at: 60, labels: ["db": "two"])], from: "shop", at: .at(60))
    #expect(cleared.map(\.state) == [.cleared, .cleared])
  }

  @Test("a query of a Prometheus source moves alone, and its source goes on being watched")
  func queries() throws {
    let queries = ["errors", "latency"].map { PrometheusQuery(metric: $0, query: "x", unit: "percent") }
    var prometheus = source(
      "prom",
      rules: ["errors", "latency"].map { RuleSettings(metric: $0, threshold: ThresholdSettings(value: 80)) })
    prometheus.kind = .prometheus(
      PrometheusSourceSettings(url: Secret("http://127.0.0.1:1"), queries: queries))
    let offers = ShardOffers.of([prometheus, source("shop")], host: "web-1")
    #expect(offers.map(\.shard.description) == ["prom/errors", "prom/latency", "shop@web-1"])
    var first = try detector("first", sources: [prometheus])
    for offer in offers { _ = first.watch(offer.shard, memory: [], standing: [], at: .at(0)) }
    func both(_ seconds: Double) -> [Sample] {
      [sample(90, at: seconds, "errors", target: "prom"), sample(90, at: seconds, "latency", target: "prom")]
    }
    #expect(first.absorb(both(0), from: "prom", at: .at(0)).count { $0.state == .raised } == 2)
    let (memory, _) = first.unwatch(offers[0].shard)
    #expect(first.raised.count == 1)
    var second = try detector("second", sources: [prometheus])
    #expect(
      second.watch(offers[0].shard, memory: memory, standing: [], at: .at(10)).map(\.metric) == ["errors"])
    // Each says what is its own, even if it is shown both.
    let calm = [sample(1, at: 30, "errors", target: "prom"), sample(1, at: 30, "latency", target: "prom")]
    #expect(first.absorb(calm, from: "prom", at: .at(30)).map(\.metric) == ["latency"])
    #expect(second.absorb(calm, from: "prom", at: .at(30)).map(\.metric) == ["errors"])
  }

  @Test("source_up is of each query alone: who reaches the server clears nothing of who does not")
  func sourceUp() throws {
    let queries = ["errors", "latency"].map { PrometheusQuery(metric: $0, query: "x", unit: "percent") }
    var prometheus = source("prom")
    prometheus.kind = .prometheus(
      PrometheusSourceSettings(url: Secret("http://127.0.0.1:1"), queries: queries))
    let shards = ShardOffers.of([prometheus], host: "web-1").map(\.shard)
    var one = try detector("one", sources: [prometheus])
    var two = try detector("two", sources: [prometheus])
    _ = one.watch(shards[0], memory: [], standing: [], at: .at(0))
    _ = two.watch(shards[1], memory: [], standing: [], at: .at(0))
    let failed = try #require(two.fail("prom", because: "no route", at: .at(0)).first)
    #expect(failed.labels == [Label.target: "prom", Label.query: "latency"])
    #expect(one.absorb([], from: "prom", at: .at(0)).allSatisfy { $0.fingerprint != failed.fingerprint })
    // The alarm moves with its shard, and whoever reaches the server then clears it.
    let (memory, gone) = two.unwatch(shards[1])
    #expect(gone == [failed.fingerprint] && two.raised.isEmpty)
    #expect(one.watch(shards[1], memory: memory, standing: [failed], at: .at(10)).map(\.id) == [failed.id])
    #expect(one.raised == [failed.fingerprint])
    let cleared = one.absorb([], from: "prom", at: .at(30))
    #expect(cleared.map(\.fingerprint) == [failed.fingerprint] && cleared.map(\.state) == [.cleared])
    // One query that the server refuses is down, although the other one was answered.
    let up = SourceUp.sample(false, of: prometheus, query: "errors", at: .at(60))
    let refused = one.absorb([up], from: "prom", at: .at(60))
    #expect(refused.map(\.labels[Label.query]) == ["errors"] && refused.map(\.state) == [.raised])
    #expect(one.fail("prom", because: "gone", at: .at(300)).count == 2)
  }

  @Test("what an older version raised without naming the machine is cleared, and raised by its new name")
  func older() throws {
    let host = source(rules: [threshold(80, clear: 75)])
    var before = try Detector(name: "old", instance: "old", sources: [host], graph: .standard())
    var standing = before.absorb([sample(90, at: 0)], from: "shop", at: .at(0))
    standing += before.fail("shop", because: "gone", at: .at(1))
    #expect(standing.count == 2)
    var detector = try Detector(
      name: "new", instance: "new", sources: [host], host: "web-1", graph: .standard())
    detector.watchNothing()
    let shard = Shard(target: "shop", host: "web-1")
    #expect(detector.watch(shard, memory: [], standing: standing, at: .at(10)).count == 2)
    let failed = detector.fail("shop", because: "gone", at: .at(20))
    #expect(failed.map(\.labels) == [[Label.target: "shop", Label.host: "web-1"]])
    let good = sample(10, at: 30, labels: [Label.host: "web-1"])
    let cleared = detector.absorb([good], from: "shop", at: .at(30)).filter { $0.state == .cleared }
    #expect(Set(standing.map(\.fingerprint)).isSubset(of: cleared.map(\.fingerprint)))
    #expect(detector.raised.isEmpty)
    #expect(detector.absorb([good], from: "shop", at: .at(60)).isEmpty)
  }

  @Test("memory from anywhere is read or left out, never a crash, and takes no room that is not there")
  func hostile() throws {
    var first = try detector("first")
    _ = first.watch(Self.shop, memory: [], standing: [], at: .at(0))
    for step in 0..<50 {
      _ = first.absorb([sample(40, at: Double(step) * 30)], from: "shop", at: .at(Double(step) * 30))
    }
    let good = first.memory(of: Self.shop)
    #expect(!good.isEmpty && good.count < 4_000)
    var random = Seeded(7)
    for _ in 0..<400 {
      var bytes = good
      for _ in 0...Int.random(in: 0..<4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      var second = try detector("second")
      _ = second.watch(Self.shop, memory: bytes, standing: [], at: .at(2_000))
      _ = second.absorb([sample(40, at: 2_030)], from: "shop", at: .at(2_030))
      #expect(second.seriesCount <= 1)
    }
  }

  @Test("a memory that is too large keeps its alarms and leaves out what can be learned anew")
  func bounded() throws {
    var first = try detector("first")
    _ = first.watch(Self.shop, memory: [], standing: [], at: .at(0))
    for step in 0..<45 {
      let now = Double(step) * 30
      let samples = (0..<600).map {
        sample(step > 40 && $0 == 599 ? 95 : 40, at: now, labels: ["db": "\($0)"])
      }
      _ = first.absorb(samples, from: "shop", at: .at(now))
    }
    #expect(first.raised.count == 1)
    let memory = first.memory(of: Self.shop)
    #expect(memory.count <= ShardMemory.maxBytes && memory.count > ShardMemory.maxBytes / 2)
    var second = try detector("second")
    _ = second.watch(Self.shop, memory: memory, standing: [], at: .at(2_000))
    #expect(second.raised == first.raised)
  }
}
