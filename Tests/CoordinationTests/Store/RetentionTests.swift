import IncidentEngine
import IncidentModel
import TestKit
import Testing

@testable import Coordination

@Suite("The journal's archive") struct StoreRetentionTests {
  /// An engine that writes into a store as a coordinator does.
  private struct Keeper {
    var engine: Engine
    let store: any JournalStore
    let epoch: UInt64
    var now = Fixture.wall
    var random: SeededRandom
    private var number = 0
    private var untold: [String] = []

    init(_ store: any JournalStore, seed: UInt64) async throws {
      var policy = EnginePolicy()
      policy.falsePositiveQuiet = .seconds(30)
      policy.breakerWindow = .seconds(30)
      policy.lateSignalWindow = .seconds(30)
      policy.correlationWindow = .seconds(30)
      engine = Engine(policy: policy)
      self.store = store
      random = SeededRandom(seed: seed)
      epoch = try await store.lead()
    }

    mutating func tell(_ input: EngineInput) async throws -> EngineReply {
      let decision = engine.handle(input, at: now)
      for case .announce(let announcement) in decision.effects { untold.append(announcement.key) }
      let encoder = JSONCoding.encoder()
      try await store.append(decision.events.map { try JournalRecord($0, encoder: encoder) }, epoch: epoch)
      return decision.reply
    }

    /// Something that happens.
    mutating func live() async throws {
      now = now + .milliseconds(Int.random(in: 0...4000, using: &random))
      switch Int.random(in: 0..<6, using: &random) {
      case 0, 1, 2:
        number += 1
        let alert = Fixture.alert(
          "queue_depth", value: Bool.random(using: &random) ? 200 : 5,
          resource: "queue-\(Int.random(in: 0..<6, using: &random))", at: now)
        _ = try await tell(.alerts([alert], posting: "p\(number)"))
      case 3, 4:
        let open = engine.state.records.values.map(\.incident).filter(\.status.isOpen).map(\.id).sorted()
        guard let id = open.randomElement(using: &random) else { return }
        _ = try await tell(
          .person(Bool.random(using: &random) ? .resolve : .falsePositive, id, by: "ann", note: nil))
      default: _ = try await tell(.tick)
      }
      guard let index = untold.indices.randomElement(using: &random) else { return }
      _ = try await tell(.announcementSettled(key: untold.remove(at: index), outcome: "delivered"))
    }

    /// The engine that the journal gives.
    func replayed() async throws -> Engine {
      var copy = Engine(policy: engine.policy)
      let decoder = JSONCoding.decoder()
      for record in try await store.all() { copy.replay(try record.event(decoder: decoder)) }
      return copy
    }
  }

  @Test(
    "what stays gives the same state, what goes is still found by its incident, and nothing is changed",
    arguments: StoreKind.allCases)
  func lives(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { store in
        var keeper = try await Keeper(store, seed: 5)
        var everything: [JournalRecord] = []
        var moved = 0
        for _ in 0..<6 {
          for _ in 0..<60 { try await keeper.live() }
          everything += try await store.all(from: Int64(everything.count) + 1)
          var teller = keeper
          let now = keeper.now
          moved += try await Retention(keep: .seconds(60)).run(on: store, epoch: keeper.epoch, now: now) {
            try? await teller.tell($0)
          }
          keeper = teller
          everything += try await store.all(from: Int64(everything.count) + 1)
          let copy = try await keeper.replayed()
          #expect(copy.state.difference(from: keeper.engine.state) == nil)
        }
        let left = try await store.all()
        #expect(moved > 100)
        #expect(left.count == everything.count - moved)
        let last = try await store.lastSequence()
        #expect(everything.count == Int(last))
        for id in Set(everything.compactMap(\.incident)) {
          #expect(try await store.records(of: id, limit: 10_000) == everything.filter { $0.incident == id })
        }
        let first = try #require(everything[0].incident)
        let own = everything.filter { $0.incident == first }
        let latest = Array(own.suffix(2))
        #expect(
          try await store.records(of: first, limit: 2) == (own.count > 2 ? [own[0]] + latest : latest))
      }
      // It opens and goes on.
      try await place.withJournal { store in
        let last = try await store.lastSequence()
        try await store.append([.sample(last + 1)])
        #expect(try await store.all(from: last + 1).map(\.epoch) == [2])
      }
    }
  }

  @Test(
    "large incidents go in lots, their end last; interrupted, the next order does the rest",
    arguments: StoreKind.allCases)
  func lots(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { store in
        var records = (1...2_600).map { JournalRecord.sample($0, incident: UInt32($0 % 2)) }
        records[1_300].kind = "resolved"
        let ended = try #require(records[1_300].incident)
        records[1_310].kind = "noted"
        records[1_310].incident = nil
        try await store.append(records)
        let epoch = try #require(try await store.leader()).epoch
        let order = ArchiveOrder(
          upTo: 2_500, before: records[2_000].at, endings: ["resolved"], loose: ["noted"], keeping: [])
        var keeping = order
        keeping.keeping = [ended]
        #expect(try await store.archive(keeping, epoch: epoch) == 1)
        let task = Task {
          withUnsafeCurrentTask { $0?.cancel() }
          return try await store.archive(order, epoch: epoch)
        }
        #expect(try await task.value == 0)
        let gone = records.filter { $0.incident == ended && $0.sequence < 2_500 }
        #expect(gone.count > ArchiveOrder.lot)
        #expect(try await store.archive(order, epoch: epoch) == gone.count)
        #expect(try await store.archive(order, epoch: epoch) == 0)
        let left = try await store.all()
        #expect(left == records.filter { record in record.sequence != 1_311 && !gone.contains(record) })
        // Who has read a part before must not miss what was archived after it.
        await #expect(throws: StoreError.self) { try await store.all(from: 2) }
        #expect(try await store.all(from: 2_501).first?.sequence == 2_501)
        #expect(try await store.records(of: ended, limit: 10_000) == records.filter { $0.incident == ended })
        await #expect(throws: StoreError.self) { try await store.archive(order, epoch: epoch + 1) }
      }
    }
  }

  @Test(
    "nothing is moved that ended later, is not over, or comes after the order", arguments: StoreKind.allCases)
  func bounds(kind: StoreKind) async throws {
    try await StorePlace.with(kind) { place in
      try await place.withJournal { store in
        #expect(try await store.oldest() == nil)
        var records = (1...40).map { JournalRecord.sample($0, incident: UInt32($0 % 4)) }
        records[19].kind = "resolved"
        records[30].kind = "resolved"
        try await store.append(records)
        #expect(try await store.oldest() == records[0].at)
        let epoch = try #require(try await store.leader()).epoch
        func order(_ before: Timestamp, _ upTo: Int64) -> ArchiveOrder {
          ArchiveOrder(upTo: upTo, before: before, endings: ["resolved"], loose: ["noted"], keeping: [])
        }
        // The end itself must be older than the moment.
        #expect(try await store.archive(order(records[19].at, 40), epoch: epoch) == 0)
        #expect(try await store.archive(order(records[39].at + .seconds(1), 20), epoch: epoch) == 0)
        #expect(try await store.archive(order(Timestamp(milliseconds: 0), 40), epoch: epoch) == 0)
        // The last one stays: it is not before the order.
        #expect(try await store.archive(order(records[20].at, 40), epoch: epoch) == 9)
        #expect(try await store.all().last == records[39])
        #expect(try await store.lastSequence() == 40)
      }
    }
  }

  @Test("the kinds that the store is told are the facts' own")
  func kinds() throws {
    let order = Retention.order(ArchivePoint(sequence: 1, before: Fixture.wall, keeping: []))
    var chance = FactChance(random: SeededRandom(seed: 3))
    for _ in 0..<2_000 {
      let fact = chance.fact()
      #expect(order.endings.contains(fact.name) == fact.endsIncident)
      #expect(order.loose.contains(fact.name) == fact.isLoose)
    }
  }
}
