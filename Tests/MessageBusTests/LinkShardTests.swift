import IncidentModel
import Testing

@testable import MessageBus

extension [LinkOutput] {
  var watched: [ShardGrant] { compactMap { if case .watch(let grant) = $0 { grant } else { nil } } }
  var unwatched: [Shard] { compactMap { if case .unwatch(let shard) = $0 { shard } else { nil } } }
  var memories: [ShardMemory] {
    sent(to: 0).compactMap { if case .shardMemory(let memory) = $0 { memory } else { nil } }
  }
  var reports: [ShardReport] {
    sent(to: 0).compactMap { if case .shards(let report) = $0 { report } else { nil } }
  }
}

@Suite("A detector's shards") struct LinkShardTests {
  private let a = Shard(target: "a")
  private let b = Shard(target: "b", metric: "errors")

  private func link() -> DrivenLink {
    DrivenLink(
      kind: .detector, takes: nil, shards: [a, b].map { ShardOffer($0, intervalSeconds: 30) })
  }

  private func stamp(_ number: UInt64, epoch: UInt64 = 1) -> ShardStamp {
    ShardStamp(epoch: epoch, number: number)
  }

  private func grant(_ shard: Shard, _ number: UInt64, memory: [UInt8] = []) -> CoordinatorMessage {
    .shardGranted(ShardGrant(HeldShard(shard, stamp(number)), memory: memory))
  }

  @Test(
    "without a coordinator it watches everything after two seconds, and says so to the first that assigns")
  func alone() {
    var link = link()
    #expect(link.pass(.milliseconds(1_900)).watched.isEmpty)
    #expect(link.pass(.milliseconds(200)).watched.map(\.held.shard) == [a, b])
    let report = link.welcome(assignsShards: true).reports.last
    #expect(report?.held == [HeldShard(a, .own), HeldShard(b, .own)])
  }

  @Test(
    "of a coordinator that assigns nothing it watches everything at once; of one that does, what it is given")
  func older() {
    var older = link()
    older.pass(.zero)
    #expect(older.welcome().watched.count == 2)
    #expect(older.outputs.reports.isEmpty)
    var newer = link()
    newer.pass(.zero)
    #expect(newer.welcome(assignsShards: true).watched.isEmpty)
    #expect(newer.hear(grant(a, 1)).watched.map(\.held) == [HeldShard(a, stamp(1))])
    newer.live(.seconds(20))
    #expect(newer.core.watchedShards.map(\.shard) == [a])
    #expect(newer.outputs.reports.last?.held == [HeldShard(a, stamp(1))])
  }

  @Test(
    "one that loses its coordinator keeps what it has; one that was never told what is whose takes everything"
  )
  func lost() {
    var told = link()
    told.pass(.zero)
    told.welcome(assignsShards: true)
    told.hear(grant(a, 1))
    told.hear(.shardsNoted(ShardNotice(latest: stamp(1), isSettled: true)))
    told.pass(.seconds(600))
    #expect(told.core.watchedShards.map(\.shard) == [a])
    var untold = link()
    untold.pass(.zero)
    untold.welcome(assignsShards: true)
    untold.hear(.shardsNoted(ShardNotice(latest: stamp(0), isSettled: false)))
    untold.pass(.seconds(10))
    #expect(untold.core.watchedShards.map(\.shard) == [a, b])
  }

  @Test(
    "what is given back is said with what was learned, again whenever it is asked, until another one has it")
  func release() {
    var link = link()
    link.pass(.zero)
    link.welcome(assignsShards: true)
    link.hear(grant(a, 1))
    let held = HeldShard(a, stamp(1))
    #expect(link.hear(.shardRecalled(held)).unwatched == [a])
    // Asked again before the detector has stopped.
    #expect(link.hear(.shardRecalled(held)).isEmpty)
    let words = ShardMemory(held, isReleased: true, bytes: [1, 2])
    #expect(link.handle(.shardLearned(a, [1, 2], isReleased: true)).memories == [words])
    #expect(link.hear(.shardRecalled(held)).memories == [words])
    #expect(link.pass(.seconds(2)).reports.last?.released == [held])
    link.acknowledge()
    link.hear(.shardPassedOn(held))
    #expect(link.pass(.seconds(2)).reports.last?.released == [])
    // A copy of the grant that was late.
    #expect(link.hear(grant(a, 1)).watched.isEmpty)
    #expect(link.hear(grant(a, 2)).watched.count == 1)
  }

  @Test("signals of a shard go before its last words, and a full spool of others does not hold them up")
  func order() {
    var generator = Generator(seed: 3)
    var link = link()
    link.pass(.zero)
    link.welcome(assignsShards: true)
    link.hear(grant(a, 1))
    var mine = generator.signal()
    mine.labels[Label.target] = "a"
    link.handle(.submit([mine]))
    link.hear(.shardRecalled(HeldShard(a, stamp(1))))
    #expect(link.handle(.shardLearned(a, [9], isReleased: true)).memories.isEmpty)
    #expect(link.hear(.shardRecalled(HeldShard(a, stamp(1)))).memories.isEmpty)
    #expect(link.hear(.accepted(batch: 1, pause: 0)).memories.map(\.bytes) == [[9]])
  }

  @Test("what it raised and has not got through stands when a shard comes back, whatever others knew of it")
  func waiting() throws {
    var generator = Generator(seed: 5)
    var link = link()
    link.pass(.zero)
    link.welcome(assignsShards: true)
    link.hear(grant(a, 1))
    var (raised, over) = (generator.signal(), generator.signal())
    (raised.labels, raised.state, raised.id) = ([Label.target: "a"], .raised, "1")
    (over.labels, over.state, over.id) = ([Label.target: "a"], .raised, "2")
    raised.fingerprint = Fingerprint(source: "s", metric: "one", labels: raised.labels)
    over.fingerprint = Fingerprint(source: "s", metric: "two", labels: over.labels)
    var cleared = over
    (cleared.state, cleared.id) = (.cleared, "3")
    link.handle(.submit([raised, over, cleared]))
    link.hear(.shardRecalled(HeldShard(a, stamp(1))))
    link.handle(.shardLearned(a, [1], isReleased: true))
    let back = try #require(link.hear(grant(a, 3, memory: [2])).watched.first)
    #expect(back.standing.map(\.id) == ["1"] && back.memory == [2])
  }

  @Test("an order for what it never had is answered, and the grant that is late does not bring it back")
  func neverHad() {
    var link = link()
    link.pass(.zero)
    link.welcome(assignsShards: true)
    let held = HeldShard(a, stamp(4))
    #expect(link.hear(.shardRecalled(held)).memories == [ShardMemory(held, isReleased: true, bytes: [])])
    #expect(link.hear(grant(a, 4)).watched.isEmpty)
    #expect(link.hear(grant(a, 5)).watched.count == 1)
    // Something it can't watch at all.
    #expect(link.hear(grant(Shard(target: "elsewhere"), 6)).watched.isEmpty)
  }

  @Test("a newer grant of what it holds is more to know, an older one nothing")
  func merged() {
    var link = link()
    link.pass(.zero)
    link.welcome(assignsShards: true)
    link.hear(grant(a, 4))
    #expect(link.hear(grant(a, 3)).watched.isEmpty)
    #expect(link.hear(grant(a, 6, memory: [5])).watched.map(\.memory) == [[5]])
    #expect(link.core.watchedShards == [HeldShard(a, stamp(6))])
    #expect(link.hear(.shardRecalled(HeldShard(a, stamp(4)))).unwatched.isEmpty)
  }

  @Test("many grants make one report")
  func reports() {
    var link = link()
    link.pass(.zero)
    link.welcome(assignsShards: true)
    let before = link.outputs.reports.count
    link.hear(grant(a, 1))
    link.hear(grant(b, 2))
    link.pass(.milliseconds(60))
    #expect(link.outputs.reports.count == before + 1)
    #expect(link.outputs.reports.last?.held.count == 2)
  }
}
