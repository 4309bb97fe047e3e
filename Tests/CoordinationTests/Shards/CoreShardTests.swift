import Coordination
import IncidentEngine
import IncidentModel
import MessageBus
import Testing

/// A core that leads, with what it says to each agent.
private struct DrivenCore {
  var core: CoordinatorCore
  var now = Timestamp(milliseconds: 1_700_000_000_000)
  private(set) var said: [(message: CoordinatorMessage, to: PeerID)] = []

  init() {
    core = CoordinatorCore(
      policy: EnginePolicy(),
      identity: CoordinatorCore.Identity(
        instance: "c", version: "1", leaseSeconds: 10, heartbeatSeconds: 2, changesEndpoint: "", sinks: []))
    core.lead(epoch: 3, asked: now, at: now)
  }

  mutating func hear(_ message: AgentMessage, from name: String) {
    take(core.receive(.message(message, from: PeerID(instance: name)), at: now))
    commit()
  }

  mutating func pass(_ seconds: Double, isConfirmed: Bool = true) {
    for _ in 0..<Int(seconds * 4) {
      now = now + .milliseconds(250)
      if isConfirmed { take(core.confirmed(asked: now, at: now)) }
      take(core.receive(.tick, at: now))
      commit()
    }
  }

  private mutating func commit() {
    while let batch = core.begin(at: now) { take(core.commit(batch, at: now)) }
  }

  private mutating func take(_ outputs: [CoreOutput]) {
    for case .send(let message, let peer) in outputs { said.append((message, peer)) }
  }

  mutating func join(_ name: String) {
    hear(
      .hello(
        AgentInfo(instance: name, kind: .detector, name: name, version: "1", pid: 1, targets: ["shop"])),
      from: name)
  }

  mutating func report(_ name: String, _ sequence: UInt64, held: [HeldShard] = [], released: [HeldShard] = [])
  {
    hear(
      .shards(
        ShardReport(
          sequence: sequence, offers: [ShardOffer(Shard(target: "shop"), intervalSeconds: 30)], held: held,
          released: released)), from: name)
  }

  /// The last grant that an agent was told.
  func grant(_ name: String) -> ShardGrant? {
    said.last { message, peer in
      if case .shardGranted = message { peer == PeerID(instance: name) } else { false }
    }.flatMap { if case .shardGranted(let grant) = $0.message { grant } else { nil } }
  }
}

@Suite("Shards in the coordinator's core")
struct CoreShardTests {
  private static func signal(_ state: Signal.State = .raised, at: Timestamp) -> Signal {
    let labels = [Label.target: "shop"]
    return Signal(
      id: "s-\(state)-\(at.milliseconds)",
      fingerprint: Fingerprint(source: "http", metric: "http_up", labels: labels), state: state,
      metric: "http_up", source: "http", labels: labels, value: 0, unit: "bool",
      rule: SignalRule(kind: .threshold, condition: .below, threshold: 1, clearThreshold: 1, text: "down"),
      score: 1, severity: .high, observedAt: at, breachedSince: at, detector: "d")
  }

  @Test("a grant brings what stands by the journal, and none of what was cleared")
  func standing() throws {
    var core = DrivenCore()
    core.join("a")
    core.hear(.signals(batch: 1, [Self.signal(at: core.now)]), from: "a")
    core.report("a", 1)
    core.pass(5)
    let first = try #require(core.grant("a"))
    #expect(first.standing.map(\.metric) == ["http_up"])
    #expect(first.held.stamp.epoch == 3)
    core.report("a", 2, held: [first.held])
    core.hear(.signals(batch: 2, [Self.signal(.cleared, at: core.now)]), from: "a")
    core.hear(.goodbye, from: "a")
    core.join("b")
    core.report("b", 1)
    core.pass(1)
    #expect(core.grant("b")?.standing == [])
  }

  @Test("what another one raised meanwhile the owner is told")
  func foreign() throws {
    var core = DrivenCore()
    for name in ["a", "b"] { core.join(name) }
    core.report("a", 1)
    core.pass(5)
    let first = try #require(core.grant("a"))
    core.report("a", 2, held: [first.held])
    core.hear(.signals(batch: 1, [Self.signal(at: core.now)]), from: "b")
    core.pass(0.5)
    let second = try #require(core.grant("a"))
    #expect(second.held.stamp > first.held.stamp && second.standing.count == 1)
    // Its own is no news to it.
    core.report("a", 3, held: [second.held])
    core.hear(.signals(batch: 2, [Self.signal(at: core.now)]), from: "a")
    core.pass(1)
    #expect(core.grant("a") == second)
  }

  @Test("a leader that is not sure of itself gives nothing away")
  func unsure() {
    var core = DrivenCore()
    core.join("a")
    core.pass(6, isConfirmed: false)
    core.report("a", 1)
    core.pass(2, isConfirmed: false)
    #expect(core.grant("a") == nil)
    // It heard nobody meanwhile: before it shares anything out it listens who watches what.
    core.pass(0.5)
    core.report("a", 2)
    #expect(core.grant("a") == nil)
    core.pass(4)
    #expect(core.grant("a") != nil)
  }

  @Test("one that is not known is asked to say hello, and a standby names the leader")
  func unknown() {
    var core = DrivenCore()
    core.report("stranger", 1)
    #expect(core.said.last?.message == .unknownAgent)
    core.core.follow(LeaderInfo(instance: "x", bus: "tcp://x", changes: "", http: "", epoch: 4))
    core.report("stranger", 2)
    #expect(core.said.last?.message == .notLeading(leader: "tcp://x"))
  }
}
