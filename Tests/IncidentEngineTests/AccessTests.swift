import IncidentModel
import Testing

@testable import IncidentEngine

@Suite("Access to the bus in the journal") struct AccessTests {
  private func identity(_ name: String, key: String? = nil) -> AgentIdentity {
    AgentIdentity(name: name, key: key ?? "key-\(name)")
  }

  private func info(_ instance: String, _ kind: AgentKind = .diagnoser) -> AgentInfo {
    AgentInfo(instance: instance, kind: kind, name: instance, version: "1", pid: 1, targets: [])
  }

  private func records(_ world: EngineWorld) -> [AccessRecord] {
    world.journal.compactMap { if case .access(let record) = $0.fact { record } else { nil } }
  }

  @Test("who may connect is said when it changes, and only then, also after a restart")
  func allowed() {
    var world = EngineWorld()
    world.tell(.allowed(["a": "1", "b": "2"]))
    world.tell(.allowed(["a": "1", "b": "2"]))
    world.engine = world.replayed()
    world.tell(.allowed(["a": "1", "b": "2"]))
    #expect(
      records(world) == [
        AccessRecord(.keyAllowed, name: "a", key: "1"), AccessRecord(.keyAllowed, name: "b", key: "2"),
      ])
    // What changed while no coordinator ran is said by the next one; another key under a name is two changes.
    world.engine = world.replayed()
    world.tell(.allowed(["a": "9"]))
    #expect(
      records(world).dropFirst(2).map { $0 } == [
        AccessRecord(.keyRevoked, name: "a", key: "1"), AccessRecord(.keyRevoked, name: "b", key: "2"),
        AccessRecord(.keyAllowed, name: "a", key: "9"),
      ])
  }

  @Test("a run of an agent is said to have connected once, by the name of its key")
  func connected() {
    var world = EngineWorld()
    for _ in 0..<3 { world.tell(.joined(info("i1"), identity: identity("d"))) }
    world.engine = world.replayed()
    world.tell(.joined(info("i1"), identity: identity("d")))
    world.tell(.joined(info("plain")))
    #expect(
      records(world) == [
        AccessRecord(.connected, name: "d", key: "key-d", instance: "i1", agent: .diagnoser)
      ])
    #expect(world.journal.last?.actor == "d")
    #expect(world.engine.state.workers["i1"]?.identity == identity("d"))
    #expect(world.engine.state.workers["plain"]?.identity == nil)
  }

  @Test("a storm of runs and refusals leaves few entries, and what they stand for is all of it")
  func storm() {
    var world = EngineWorld()
    var (runs, refused) = (0, 0)
    // Three hours of a process that is restarted all the time, and of a thousand unknown keys.
    for minute in 0..<180 {
      for number in 0..<20 {
        world.tell(.joined(info("i\(minute)-\(number)"), identity: identity("d")))
        runs += 1
      }
      world.tell(
        .refused(
          (0..<64).map { RefusedPeers(reason: "unknown_key", key: "\($0 * 17 + minute * 5)", count: 100) }
            + [RefusedPeers(reason: "no_key", count: 7)]))
      refused += 64 * 100 + 7
      world.pass(.seconds(60))
    }
    world.pass(.seconds(3_601))
    world.tell(.joined(info("last"), identity: identity("d")))
    let all = records(world)
    let connections = all.filter { $0.kind == .connected }
    #expect(connections.count <= 4 * AccessLedger.maxRuns + 1)
    #expect(connections.reduce(0) { $0 + $1.count } == runs + 1)
    let refusals = all.filter { $0.kind == .refused }
    #expect(refusals.count <= 5 * (AccessLedger.maxRefused + 2))
    #expect(refusals.reduce(0) { $0 + $1.count } == refused)
    // One that is told apart has one entry an hour.
    #expect(refusals.filter { $0.reason == "no_key" }.count <= 5)
  }

  @Test("who is revoked loses its work to another at once, also when it took it from an earlier leader")
  func revoked() throws {
    for isRestarted in [false, true] {
      var world = EngineWorld()
      world.tell(.allowed(["one": "key-one", "two": "key-two"]))
      world.tell(.joined(info("i1"), identity: identity("one")))
      world.beat("i1")
      world.tell(.signals([world.signal()]))
      let lease = try #require(world.jobs.last?.lease)
      #expect(world.leases(of: "i1") == [lease])
      if isRestarted {
        world.engine = world.replayed()
        _ = world.engine.resume(at: world.now)
      }
      world.tell(.joined(info("i2"), identity: identity("two")))
      world.beat("i2")
      world.tell(.allowed(["two": "key-two"]))
      #expect(world.leases(of: "i1").isEmpty && world.leases(of: "i2").count == 1)
      #expect(world.engine.state.workers["i1"] == nil)
      #expect(world.jobs.last?.lease.token == lease.token + 1)
      let lost = world.journal.compactMap {
        if case .leaseLost(_, let reason) = $0.fact { reason } else { nil }
      }
      #expect(lost == ["the key of one was revoked"])
      // What it still says comes too late.
      #expect(world.tell(.heartbeat(instance: "i1", load: 0, freeSlots: 1, leases: [lease])) == .unknownAgent)
    }
  }

  @Test(
    "the journal gives the same memory of it, whatever was archived meanwhile",
    arguments: 1...20 as ClosedRange<UInt64>)
  func replay(seed: UInt64) {
    var random = SplitMix(state: seed)
    var world = EngineWorld()
    var moved = 0
    for step in 0..<400 {
      let number = Int.random(in: 0..<12, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0:
        let names = (0..<6).filter { _ in Bool.random(using: &random) }
        world.tell(
          .allowed(
            Dictionary(
              uniqueKeysWithValues: names.map { ("n\($0)", "k\($0)\(Int.random(in: 0..<2, using: &random))") }
            )))
      case 1, 2:
        world.tell(
          .joined(info("i\(step / 3)"), identity: AgentIdentity(name: "n\(number % 6)", key: "k\(number)")))
      case 3:
        world.tell(.refused([RefusedPeers(reason: "unknown_key", key: "x\(number)", count: 1 + number)]))
      default: world.pass(.seconds(Int.random(in: 1..<1_500, using: &random)))
      }
      guard step % 60 == 59,
        case .archived(let point) = world.tell(.archive(before: world.now - .seconds(4_000)))
      else { continue }
      moved += RetentionTests.move(&world.journal, point, &random, isInterrupted: Bool.random(using: &random))
      #expect(world.replayed().state.difference(from: world.engine.state) == nil)
    }
    #expect(world.replayed().state.difference(from: world.engine.state) == nil)
    #expect(moved > 0)
    // Who may connect is never forgotten.
    #expect(
      world.journal.contains {
        if case .access(let record) = $0.fact { record.kind == .keyAllowed } else { false }
      })
  }
}
