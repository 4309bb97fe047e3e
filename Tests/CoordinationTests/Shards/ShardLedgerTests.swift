import Coordination
import IncidentModel
import MessageBus
import TestKit
import Testing

@Suite("Who watches what")
struct ShardLedgerTests {
  private static let shards = ShardWorld.shards(40)

  @Test("a new leader listens first, then everything is watched by one")
  func beginning() {
    var world = ShardWorld()
    world.join("a", Self.shards)
    world.join("b", Self.shards)
    world.pass(3)
    #expect(world.counts == ["a": 0, "b": 0])
    world.pass(3)
    for shard in Self.shards { #expect(world.watchers(shard).count == 1) }
    #expect(world.counts.values.allSatisfy { $0 > 8 })
    #expect(world.moves.isEmpty)
    let report = ShardsReport(world.ledger)
    #expect(report.watched == 40 && report.moving == 0 && report.unassigned == 0 && report.settled)
  }

  @Test("a new leader learns who watches what and changes nothing that is fine")
  func newLeader() {
    var world = ShardWorld()
    for name in ["a", "b", "c"] { world.join(name, Self.shards) }
    world.pass(6)
    // It may give the same again, with what stands; who watches what is as it was.
    let before = world.detectors.mapValues { Set($0.held.keys) }
    world.ledger.begin(epoch: 2, at: world.now)
    world.pass(10)
    #expect(world.detectors.mapValues { Set($0.held.keys) } == before)
    #expect(world.moves.isEmpty)
  }

  @Test("a third detector gets its share, and nothing else moves; what was learned comes along")
  func joining() {
    var world = ShardWorld()
    world.join("a", Self.shards)
    world.join("b", Self.shards)
    world.pass(6)
    let before = Dictionary(uniqueKeysWithValues: Self.shards.map { ($0, world.watchers($0)[0]) })
    world.join("c", Self.shards)
    world.pass(6)
    let moved = Self.shards.filter { world.watchers($0) != [before[$0] ?? ""] }
    #expect(!moved.isEmpty && moved.count < 25)
    for shard in moved {
      #expect(world.watchers(shard) == ["c"])
      #expect(world.memories[shard] == Array("\(shard) by \(before[shard] ?? "")".utf8))
    }
    #expect(world.moves.map(\.shard).sorted() == moved.sorted())
    // Nobody keeps last words that have arrived.
    #expect(world.detectors.values.allSatisfy { $0.words.isEmpty })
  }

  @Test("a detector that dies loses its shards after its silence, with what it said last")
  func dying() throws {
    var world = ShardWorld()
    world.join("a", Self.shards)
    world.join("b", Self.shards)
    world.pass(6)
    let lost = Self.shards.filter { world.watchers($0) == ["a"] }
    let first = try #require(lost.first)
    let stamp = try #require(world.detectors["a"]?.held[first])
    world.perform(
      world.ledger.learned(
        ShardMemory(HeldShard(first, stamp), isReleased: false, bytes: [7, 7]), of: "a", at: world.now))
    world.detectors["a"]?.isSilent = true
    world.pass(8)
    #expect(lost.allSatisfy { world.watchers($0).isEmpty })
    world.pass(3)
    #expect(lost.allSatisfy { world.watchers($0) == ["b"] })
    #expect(world.memories[first] == [7, 7])
    #expect(world.moves.allSatisfy { $0.gap > .seconds(8) && $0.gap < .seconds(13) })
  }

  @Test("a goodbye moves everything at once")
  func leaving() {
    var world = ShardWorld()
    world.join("a", Self.shards)
    world.join("b", Self.shards)
    world.pass(6)
    for (shard, stamp) in (world.detectors["a"]?.held ?? [:]).sorted(by: { $0.key < $1.key }) {
      world.perform(
        world.ledger.learned(
          ShardMemory(HeldShard(shard, stamp), isReleased: true, bytes: [1]), of: "a", at: world.now))
    }
    world.detectors["a"] = nil
    world.ledger.forget("a")
    world.pass(1)
    #expect(Self.shards.allSatisfy { world.watchers($0) == ["b"] })
  }

  @Test("one that does not give a shard back loses it after an interval, and is told until it does")
  func deaf() {
    var world = ShardWorld()
    world.interval = 6
    world.join("a", Self.shards)
    world.pass(6)
    world.detectors["a"]?.isDeaf = true
    world.join("b", Self.shards)
    world.pass(5)
    #expect(world.counts["b"] == 0)
    world.pass(3)
    let taken = Self.shards.filter { world.watchers($0).contains("b") }
    #expect(!taken.isEmpty)
    #expect(taken.allSatisfy { world.watchers($0) == ["a", "b"] })
    world.detectors["a"]?.isDeaf = false
    world.pass(4)
    #expect(taken.allSatisfy { world.watchers($0) == ["b"] })
    // What it knew is late, and not lost.
    #expect(taken.allSatisfy { world.memories[$0] == Array("\($0) by a".utf8) })
    #expect(world.detectors["a"]?.words.isEmpty == true)
  }

  @Test("two that watched the same by themselves share it, and both memories reach the owner")
  func alone() {
    var world = ShardWorld()
    for name in ["a", "b"] {
      world.join(name, Self.shards)
      for shard in Self.shards { world.detectors[name]?.held[shard] = .own }
    }
    world.pass(10)
    for shard in Self.shards { #expect(world.watchers(shard).count == 1) }
    #expect(world.detectors.values.allSatisfy { $0.words.isEmpty })
  }

  @Test("a detector gets only what it can reach; what nobody can is shown")
  func reach() {
    var world = ShardWorld()
    world.join("a", Array(Self.shards[..<10]))
    world.join("b", Array(Self.shards[10...]))
    world.pass(6)
    #expect(world.counts == ["a": 10, "b": 30])
    world.detectors["a"]?.isSilent = true
    world.pass(12)
    #expect(ShardsReport(world.ledger).total == 30)
  }

  @Test("a late report or grant of an earlier time changes nothing")
  func late() {
    var world = ShardWorld()
    world.join("a", Self.shards)
    world.pass(6)
    let before = world.ledger.latest
    let old = ShardReport(sequence: 1, offers: [], held: [])
    #expect(world.ledger.report(old, of: "a", name: "a", at: world.now).isEmpty)
    world.pass(4)
    #expect(world.ledger.latest == before)
  }

  @Test(
    "detectors come, go and die: never two at once, never nobody for longer than it takes to notice",
    arguments: 0..<60 as Range<UInt64>)
  func lives(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var world = ShardWorld()
    world.interval = Double.random(in: 1...40, using: &random)
    let shards = ShardWorld.shards(Int.random(in: 1...20, using: &random))
    var since: [Shard: Timestamp] = [:]
    var worst = Duration.zero
    var doubled = 0
    for number in 0..<12 {
      let alive = world.detectors.filter { !$0.value.isSilent }.keys.sorted()
      switch Int.random(in: 0...3, using: &random) {
      case 0 where alive.count > 1:
        world.detectors[alive[Int.random(in: 0..<alive.count, using: &random)]]?.isSilent = true
      case 1 where alive.count > 1:
        let name = alive[Int.random(in: 0..<alive.count, using: &random)]
        world.detectors[name] = nil
        world.ledger.forget(name)
      default: world.join("d\(number)", shards.filter { _ in Bool.random(using: &random) || alive.isEmpty })
      }
      let isNew = Int.random(in: 0...5, using: &random) == 0
      // Each leader has the time to listen: several in turn would all only do that.
      if isNew { world.ledger.begin(epoch: UInt64(number + 2), at: world.now) }
      world.pass(Double.random(in: (isNew ? 4 : 1)...25, using: &random)) { world in
        for shard in shards {
          let isAble = world.detectors.values.contains { !$0.isSilent && $0.offers.contains(shard) }
          let count = world.watchers(shard).count
          if count > 1 { doubled += 1 }
          if count > 0 || !isAble {
            since[shard] = nil
          } else {
            since[shard] = since[shard] ?? world.now
            worst = max(worst, world.now - (since[shard] ?? world.now))
          }
        }
      }
    }
    #expect(doubled == 0)
    // The silence, a leader that listens first, a report and a tick.
    #expect(worst <= .seconds(10 + 3.5 + 2.5), "\(worst)")
  }
}
