import IncidentEngine
import IncidentModel
import MessageBus
import Testing

@testable import Coordination

@Suite("Agents are who their keys say") struct IdentityTests {
  private let start = Timestamp(milliseconds: 1_700_000_000_000)

  private func leading() -> CoordinatorCore {
    var core = CoordinatorCore(
      policy: EnginePolicy(),
      identity: CoordinatorCore.Identity(
        instance: "c", version: "1", leaseSeconds: 10, heartbeatSeconds: 2,
        changesEndpoint: "tcp://127.0.0.1:1",
        sinks: []))
    core.lead(epoch: 1, asked: start, at: start)
    return core
  }

  private func info(_ instance: String, _ kind: AgentKind = .diagnoser, name: String = "x") -> AgentInfo {
    AgentInfo(instance: instance, kind: kind, name: name, version: "1", pid: 1, targets: [])
  }

  private func peer(_ instance: String, _ name: String?, secret: UInt8 = 1) -> PeerID {
    PeerID(
      instance: instance, secret: name == nil ? nil : [secret],
      identity: name.map { AgentIdentity(name: $0, key: "key of \($0)") })
  }

  /// Takes a message and does a whole batch.
  private func say(
    _ message: AgentMessage, _ peer: PeerID, _ core: inout CoordinatorCore
  ) -> (outputs: [CoreOutput], events: [EngineEvent]) {
    var outputs = core.receive(.message(message, from: peer), at: start)
    guard let batch = core.begin(at: start) else { return (outputs, []) }
    outputs += core.commit(batch, at: start)
    return (outputs, batch.events)
  }

  private func signal() -> Signal {
    let rule = SignalRule(
      kind: .threshold, condition: .above, threshold: 80, clearThreshold: 75, text: "above 80")
    return Signal(
      id: "s", fingerprint: Fingerprint(source: "s", metric: "m", labels: [:]), state: .raised, metric: "m",
      source: "s", labels: [:], value: 90, unit: "", rule: rule, score: 1, severity: .high, observedAt: start,
      breachedSince: start, detector: "d")
  }

  private func sends(_ outputs: [CoreOutput]) -> [(name: String, peer: PeerID)] {
    outputs.compactMap { if case .send(let message, let peer) = $0 { (message.name, peer) } else { nil } }
  }

  @Test("nobody speaks under the connection of another key, whatever it says it is")
  func impostor() {
    var core = leading()
    let good = peer("i1", "a")
    #expect(sends(say(.hello(info("i1")), good, &core).outputs).contains { $0 == ("welcome", good) })
    // The same name on the wire under another key, and another name that claims to be the same agent.
    for bad in [peer("i1", "b"), peer("i1", "b", secret: 2), peer("i1", nil), peer("i2", "a")] {
      #expect(sends(say(.hello(info("i1")), bad, &core).outputs).first?.name == "rejected")
      let beat = Heartbeat(sequence: 1, load: 0, freeSlots: 4, leases: [])
      #expect(sends(say(.heartbeat(beat), bad, &core).outputs).first?.name == "unknown_agent")
      _ = say(.goodbye, bad, &core)
    }
    #expect(core.impostors == 4)
    #expect(core.engine.state.workers["i1"]?.identity?.name == "a")
    // Its own process after a lost connection, under the same key.
    let again = peer("i1", "a", secret: 9)
    #expect(sends(say(.hello(info("i1")), again, &core).outputs).contains { $0 == ("welcome", again) })
    #expect(core.connection(of: "i1") == again && core.instance(of: good) == nil)
  }

  @Test("a diagnoser's key is no resolver's and no detector's, whatever its holder says it is")
  func kind() {
    var core = leading()
    let peer = PeerID(
      instance: "i1", secret: [1], identity: AgentIdentity(name: "a", key: "k", kind: .diagnoser))
    for kind in [AgentKind.resolver, .detector, .coordinator] {
      #expect(sends(say(.hello(info("i1", kind)), peer, &core).outputs).map(\.name) == ["rejected"])
    }
    #expect(core.engine.state.workers.isEmpty)
    #expect(sends(say(.hello(info("i1")), peer, &core).outputs).contains { $0 == ("welcome", peer) })
    let signals = say(.signals(batch: 1, [signal()]), peer, &core)
    #expect(signals.events.isEmpty && !sends(signals.outputs).contains { $0.name == "accepted" })
    #expect(core.impostors == 4)
  }

  @Test("what a run of an agent holds stays its key's when another coordinator leads")
  func inheritance() throws {
    var core = leading()
    let worker = peer("i1", "a")
    let joined = say(.hello(info("i1")), worker, &core).events
    let beat = Heartbeat(sequence: 1, load: 0, freeSlots: 4, leases: [])
    _ = say(.heartbeat(beat), worker, &core)
    var journal = say(.signals(batch: 1, [signal()]), peer("d", "detector"), &core).events
    #expect(core.engine.owner(ofLeasesOf: "i1") == "a/x")
    journal = joined + journal
    // A new leader knows the journal, and no connections.
    var next = CoordinatorCore(policy: EnginePolicy(), identity: core.identity)
    _ = next.follow(journal)
    next.lead(epoch: 2, asked: start, at: start)
    let thief = peer("i1", "b")
    #expect(sends(say(.hello(info("i1")), thief, &next).outputs).contains { $0.name == "rejected" })
    #expect(sends(say(.hello(info("i1")), worker, &next).outputs).contains { $0 == ("welcome", worker) })
  }

  @Test("a key whose kind is narrowed loses what it was before, not only with its next connection")
  func narrowed() {
    var core = leading()
    let before = peer("i1", "a")
    _ = say(.hello(info("i1", .resolver)), before, &core)
    let after = PeerID(
      instance: "i1", secret: [1], identity: AgentIdentity(name: "a", key: "key of a", kind: .diagnoser))
    #expect(before == after)
    let beat = Heartbeat(sequence: 1, load: 0, freeSlots: 4, leases: [])
    _ = say(.heartbeat(beat), after, &core)
    #expect(core.engine.state.workers["i1"] == nil && core.instance(of: after) == nil)
  }

  @Test("jobs go to the connection that said hello, and the journal names the key's owner")
  func author() throws {
    var core = leading()
    let worker = peer("i1", "diagnoser-1")
    let hello = say(.hello(info("i1", name: "root")), worker, &core)
    #expect(hello.events.map(\.fact.name) == ["agent_connected"] && hello.events[0].actor == "diagnoser-1")
    _ = say(.heartbeat(Heartbeat(sequence: 1, load: 0, freeSlots: 2, leases: [])), worker, &core)
    let signal = Signal(
      id: "s1", fingerprint: Fingerprint(text: "f"), state: .raised, metric: "m", source: "s", labels: [:],
      value: 200, unit: "",
      rule: SignalRule(
        kind: .threshold, condition: .above, threshold: 100, clearThreshold: 90, text: "above 100"), score: 1,
      severity: .critical, observedAt: start, breachedSince: start, detector: "coordinator")
    let told = say(.signals(batch: 1, [signal]), peer("i9", "detector-7"), &core)
    let opened = try #require(told.events.first)
    #expect(opened.actor == "detector-7/coordinator")
    let leased = told.events.compactMap { event -> String? in
      if case .leased(_, let worker, _, _, _) = event.fact { worker } else { nil }
    }
    #expect(leased == ["diagnoser-1/root"])
    #expect(sends(told.outputs).contains { $0 == ("work", worker) })
  }

  @Test("without keys everything is as it was")
  func plain() {
    var core = leading()
    let peer = peer("i1", nil)
    let hello = say(.hello(info("i1", name: "root")), peer, &core)
    #expect(hello.events.isEmpty && core.engine.state.workers["i1"]?.info.name == "root")
    #expect(sends(say(.hello(info("i2")), peer, &core).outputs).first?.name == "rejected")
    #expect(core.connection(of: "i1") == PeerID(instance: "i1"))
  }
}
