import IncidentEngine
import IncidentModel
import Testing

@Suite("What is over is forgotten")
struct RetentionTests {
  /// A policy that remembers little, so that a short life has much to forget.
  private static func forgetful(_ policy: inout EnginePolicy) {
    policy.falsePositiveQuiet = .seconds(40)
    policy.breakerWindow = .seconds(50)
    policy.lateSignalWindow = .seconds(20)
    policy.correlationWindow = .seconds(30)
    policy.maxRemembered = 24
    policy.breakerLimit = 2
  }

  /// Takes what may be archived out of the journal: all of it, or as far as a store came that was
  /// interrupted. An incident's records go in order, its end last.
  static func move(
    _ journal: inout [EngineEvent], _ point: ArchivePoint, _ random: inout SplitMix, isInterrupted: Bool
  ) -> Int {
    let old = journal.filter { $0.sequence < point.sequence }
    let ended = Set(
      old.filter { $0.fact.endsIncident && $0.at < point.before }.compactMap(\.incident)
    ).subtracting(point.keeping)
    var gone = Set(old.filter { $0.fact.isLoose && $0.at < point.before }.map(\.sequence))
    if isInterrupted { gone = gone.filter { _ in Bool.random(using: &random) } }
    for id in ended.sorted() {
      let rows = old.filter { $0.incident == id && !$0.fact.endsIncident }.map(\.sequence)
      let end = old.filter { $0.incident == id && $0.fact.endsIncident }.map(\.sequence)
      let all = rows + end
      gone.formUnion(all.prefix(isInterrupted ? Int.random(in: 0...all.count, using: &random) : all.count))
    }
    journal.removeAll { gone.contains($0.sequence) }
    return gone.count
  }

  @Test(
    "what the journal still holds gives the very state of the engine that wrote it all",
    arguments: 1...120 as ClosedRange<UInt64>)
  func replay(seed: UInt64) throws {
    var chance = SplitMix(state: seed &* 7919)
    var moved = 0
    var differences: [String] = []
    let world = JournalTests.life(seed: seed, steps: 600, policy: Self.forgetful) { world in
      guard Int.random(in: 0..<40, using: &chance) == 0 else { return }
      let wanted = world.now - .seconds(Int.random(in: 0..<200, using: &chance))
      guard case .archived(let point) = world.tell(.archive(before: wanted)) else {
        Issue.record("no point")
        return
      }
      #expect(point.before <= wanted)
      moved += Self.move(&world.journal, point, &chance, isInterrupted: Bool.random(using: &chance))
      differences += [world.replayed().state.difference(from: world.engine.state)].compactMap { $0 }
    }
    differences += [world.replayed().state.difference(from: world.engine.state)].compactMap { $0 }
    #expect(differences == [])
    #expect(moved > 0)
  }

  @Test("what the policy still goes by stays, however late the moment is")
  func memory() throws {
    var world = EngineWorld { $0.falsePositiveQuiet = .seconds(7200) }
    world.tell(.signals([world.signal()]))
    world.tell(.person(.falsePositive, world.only.id, by: "ann", note: nil))
    world.pass(.seconds(3600))
    guard case .archived(let point) = world.tell(.archive(before: world.now)) else {
      Issue.record("no point")
      return
    }
    #expect(point.before == world.now - .seconds(7200))
    // Still quiet.
    world.tell(.signals([world.signal()]))
    #expect(world.incidents.count == 1)
    world.pass(.seconds(3601))
    world.tell(.archive(before: world.now))
    world.tell(.signals([world.signal()]))
    #expect(world.incidents.filter(\.status.isOpen).count == 1)
  }

  @Test("an ended incident of which somebody is still to be told keeps its records")
  func untold() throws {
    var world = EngineWorld(Self.forgetful)
    world.tell(.signals([world.signal(target: "museum-db")]))
    let id = world.only.id
    world.pass(.seconds(150))
    #expect(world.only.status == .escalated)
    world.tell(.person(.resolve, id, by: "ann", note: nil))
    let keys = world.announcements.map(\.key)
    #expect(!keys.isEmpty)
    world.pass(.seconds(1000))
    guard case .archived(let point) = world.tell(.archive(before: world.now)) else {
      Issue.record("no point")
      return
    }
    #expect(point.keeping == [id])
    // The engine itself needs the incident no more.
    #expect(world.incidents.isEmpty)
    for key in keys { world.tell(.announcementSettled(key: key, outcome: "delivered")) }
    guard case .archived(let later) = world.tell(.archive(before: world.now)) else {
      Issue.record("no point")
      return
    }
    #expect(later.keeping.isEmpty)
    #expect(world.replayed().state.difference(from: world.engine.state) == nil)
  }

  @Test("ids and tokens go on where they were, although the incidents before are gone")
  func numbers() throws {
    var world = EngineWorld(Self.forgetful)
    world.join(.diagnoser, "s1", slots: 5)
    var ids: Set<IncidentID> = []
    var random = SplitMix(state: 1)
    for round in 0..<20 {
      let signal = world.signal("queue_depth", target: "shop-\(round)")
      world.tell(.signals([signal]))
      let id = try #require(world.incidents.first { $0.status.isOpen }?.id)
      #expect(ids.insert(id).inserted)
      world.tell(.person(.resolve, id, by: "ann", note: nil))
      for key in world.announcements.map(\.key) {
        world.tell(.announcementSettled(key: key, outcome: "delivered"))
      }
      world.pass(.seconds(100))
      if case .archived(let point) = world.tell(.archive(before: world.now)) {
        _ = Self.move(&world.journal, point, &random, isInterrupted: false)
      }
      world.engine = world.replayed()
      _ = world.engine.resume(at: world.now)
      world.join(.diagnoser, "s1", slots: 5)
    }
    let tokens = world.jobs.map(\.lease.token)
    #expect(Set(tokens).count == tokens.count)
    #expect(tokens == tokens.sorted())
    #expect(world.journal.count < 30)
  }
}
