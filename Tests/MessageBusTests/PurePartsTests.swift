import IncidentModel
import Testing

@testable import MessageBus

@Suite struct SignalSpoolTests {
  private func signal(_ series: Int, _ state: Signal.State, id: String) -> Signal {
    var generator = Generator(seed: UInt64(series))
    var signal = generator.signal()
    signal.fingerprint = Fingerprint(text: "host/m{series=\"\(series)\"}")
    signal.state = state
    signal.id = id
    return signal
  }

  @Test("signals leave in order, one batch at a time, and the same batch until it is accepted")
  func order() throws {
    var spool = SignalSpool(limit: 1_000)
    for index in 0..<300 { spool.add(signal(index, .raised, id: "\(index)"), bytes: 100) }
    var ids: [String] = []
    while let batch = spool.takeBatch() {
      #expect(spool.takeBatch() == nil)
      #expect(spool.inFlight?.number == batch.number)
      #expect(spool.accepted(batch.number + 1) == 0)
      #expect(spool.accepted(batch.number) == batch.signals.count)
      #expect(spool.accepted(batch.number) == 0)
      ids += batch.signals.map(\.id)
    }
    #expect(ids == (0..<300).map(String.init))
    #expect(spool.count == 0)
  }

  @Test("a batch keeps to its bytes, but always has a signal")
  func bytes() throws {
    var spool = SignalSpool(limit: 10)
    for index in 0..<3 { spool.add(signal(index, .raised, id: "\(index)"), bytes: SignalSpool.batchBytes) }
    #expect(spool.takeBatch()?.signals.count == 1)
  }

  @Test("at the bound the latest of a series replaces the earlier ones")
  func coalescing() {
    var spool = SignalSpool(limit: 4)
    for round in 0..<10 {
      spool.add(signal(1, round % 2 == 0 ? .raised : .cleared, id: "a\(round)"), bytes: 10)
      spool.add(signal(2, .raised, id: "b\(round)"), bytes: 10)
    }
    #expect(spool.count <= 4)
    #expect(spool.dropped == 0)
    #expect(spool.coalesced + spool.count == 20)
    #expect(Array(spool.takeBatch()?.signals.map(\.id).suffix(2) ?? []) == ["a9", "b9"])
  }

  @Test("when nothing coalesces, the oldest that is over goes first, then the oldest; every loss counts")
  func dropping() {
    var spool = SignalSpool(limit: 3)
    spool.add(signal(1, .raised, id: "1"), bytes: 10)
    spool.add(signal(2, .cleared, id: "2"), bytes: 10)
    spool.add(signal(3, .raised, id: "3"), bytes: 10)
    spool.add(signal(4, .raised, id: "4"), bytes: 10)
    spool.add(signal(5, .raised, id: "5"), bytes: 10)
    #expect(spool.dropped == 2)
    #expect(spool.takeBatch()?.signals.map(\.id) == ["3", "4", "5"])
  }

  @Test("while nothing leaves, a signal takes the place of the one before that says the same")
  func held() {
    var spool = SignalSpool(limit: 100)
    for round in 0..<10 {
      spool.add(signal(1, .raised, id: "a\(round)"), bytes: 10, isHeld: true)
      spool.add(signal(2, round < 5 ? .raised : .cleared, id: "b\(round)"), bytes: 10, isHeld: true)
    }
    #expect(spool.coalesced == 17)
    #expect(spool.takeBatch()?.signals.map(\.id) == ["a9", "b4", "b9"])
    // What is under way stays as it is.
    spool.add(signal(2, .cleared, id: "c"), bytes: 10, isHeld: true)
    #expect(spool.inFlight?.signals.map(\.id) == ["a9", "b4", "b9"])
    #expect(spool.count == 4)
  }

  @Test("the last state of every series arrives, or its loss is counted", arguments: 0..<40)
  func lastState(seed: UInt64) {
    var generator = Generator(seed: seed)
    // Some runs never reach the bound.
    let limit = generator.bool() ? 1_000 : 12
    var spool = SignalSpool(limit: limit)
    var submitted: [Fingerprint: Signal.State] = [:]
    var arrived: [Fingerprint: (id: Int, state: Signal.State)] = [:]
    var held = false
    func deliver(_ batch: SignalSpool.Batch) {
      for signal in batch.signals {
        // Never out of order within a series.
        let id = Int(signal.id) ?? -1
        #expect(id > arrived[signal.fingerprint]?.id ?? -1)
        arrived[signal.fingerprint] = (id, signal.state)
      }
    }
    for index in 0..<800 {
      switch generator.int(12) {
      case 0: held.toggle()
      case 1:
        if !held { _ = spool.takeBatch() }
      case 2:
        guard let batch = spool.inFlight else { continue }
        #expect(spool.accepted(batch.number) > 0)
        deliver(batch)
      default:
        let new = signal(generator.int(20), generator.bool() ? .raised : .cleared, id: "\(index)")
        submitted[new.fingerprint] = new.state
        spool.add(new, bytes: 10, isHeld: held)
        #expect(spool.count <= limit)
      }
    }
    while let batch = spool.inFlight ?? spool.takeBatch() {
      _ = spool.accepted(batch.number)
      deliver(batch)
    }
    let wrong = submitted.filter { arrived[$0.key]?.state != $0.value }
    #expect(wrong.count <= spool.dropped)
    if limit == 1_000 { #expect(spool.dropped == 0) }
  }

  @Test("whatever comes, the bound holds and no signal vanishes uncounted", arguments: 0..<5)
  func bound(seed: UInt64) {
    var generator = Generator(seed: seed)
    var spool = SignalSpool(limit: 20)
    var added = 0
    var accepted = 0
    for index in 0..<2_000 {
      switch generator.int(10) {
      case 0: _ = spool.takeBatch()
      case 1: accepted += spool.accepted(spool.inFlight?.number ?? 0)
      default:
        spool.add(
          signal(generator.int(40), generator.bool() ? .raised : .cleared, id: "\(index)"), bytes: 10)
        added += 1
      }
      #expect(spool.count <= 20)
      #expect(added == accepted + spool.count + spool.coalesced + spool.dropped)
    }
  }
}

@Suite struct LeaseTableTests {
  private let start = Duration.seconds(100)

  private func table(_ leases: [Lease]) -> LeaseTable {
    var table = LeaseTable()
    for lease in leases {
      table.add(lease, at: start)
    }
    return table
  }

  private func lease(_ token: UInt64) -> Lease {
    Lease(incident: IncidentID(number: UInt32(token)), kind: .resolve, token: token)
  }

  @Test("a lease is renewed from when the heartbeat was sent, not from when the answer came")
  func renewal() {
    var table = table([lease(1)])
    let sequence = table.beat(at: start + .seconds(4))
    #expect(table.acknowledged(sequence, valid: [lease(1)]) == [])
    #expect(table.expired(at: start + .seconds(13), period: .seconds(10)) == [])
    #expect(table.expired(at: start + .seconds(14), period: .seconds(10)) == [1])
    #expect(table.nextExpiry(period: .seconds(10)) == start + .seconds(14))
  }

  @Test("a lease that the coordinator does not confirm is named, one that is younger than the heartbeat not")
  func unknown() {
    var table = table([lease(1), lease(2)])
    let sequence = table.beat(at: start)
    table.add(lease(3), at: start)
    #expect(table.acknowledged(sequence, valid: [lease(2)]) == [1])
  }

  @Test("an answer to a forgotten or repeated heartbeat renews nothing")
  func stale() {
    var table = table([lease(1)])
    let first = table.beat(at: start + .seconds(1))
    let second = table.beat(at: start + .seconds(2))
    _ = table.acknowledged(second, valid: [lease(1)])
    #expect(table.acknowledged(first, valid: []) == [])
    #expect(table.acknowledged(999, valid: []) == [])
    #expect(table.nextExpiry(period: .seconds(10)) == start + .seconds(12))
  }

  @Test("a lost lease is lost once, is no longer valid and does not expire again")
  func losing() {
    var table = table([lease(1)])
    let first = table.lose(1, reason: "x")
    let second = table.lose(1, reason: "y")
    #expect(first == lease(1) && second == nil)
    #expect(table[1]?.lostReason == "x")
    #expect(table.valid.isEmpty)
    #expect(table.expired(at: start + .seconds(99), period: .seconds(1)) == [])
  }
}

@Suite struct ChangeTrackerTests {
  private func change(_ sequence: UInt64, of coordinator: String = "A") -> Change {
    var generator = Generator(seed: sequence)
    return Change(sequence: sequence, coordinator: coordinator, incident: generator.digest())
  }

  private func snapshot(_ sequence: UInt64, of coordinator: String = "A") -> Snapshot {
    Snapshot(coordinator: coordinator, sequence: sequence, incidents: [])
  }

  @Test("changes that come while a snapshot is awaited are applied on it when they are later")
  func start() {
    var tracker = ChangeTracker()
    for sequence in 3...6 { #expect(tracker.take(change(UInt64(sequence))) == nil) }
    #expect(
      tracker.take(snapshot(4)) == [
        .reset([]), .changed(change(5).incident), .changed(change(6).incident),
      ])
    #expect(!tracker.needsSnapshot)
    #expect(tracker.take(change(7)) == .changed(change(7).incident))
  }

  @Test("a gap needs a snapshot, a duplicate nothing")
  func gap() {
    var tracker = ChangeTracker()
    _ = tracker.take(snapshot(1))
    #expect(tracker.take(change(1)) == nil)
    #expect(!tracker.needsSnapshot)
    #expect(tracker.take(change(3)) == nil)
    #expect(tracker.needsSnapshot)
    #expect(tracker.take(snapshot(2)) == [.reset([]), .changed(change(3).incident)])
  }

  @Test("another coordinator needs a snapshot, and a late one of the old does not stick")
  func restart() {
    var tracker = ChangeTracker()
    _ = tracker.take(snapshot(9))
    #expect(tracker.take(change(1, of: "B")) == nil)
    #expect(tracker.take(snapshot(9)) == [.reset([])])
    #expect(tracker.needsSnapshot)
    #expect(tracker.take(snapshot(1, of: "B")) == [.reset([])])
    #expect(!tracker.needsSnapshot)
    #expect(tracker.take(change(2, of: "B")) == .changed(change(2, of: "B").incident))
  }

  @Test("a snapshot that was only asked for to be sure says something only when there is news")
  func refresh() {
    var tracker = ChangeTracker()
    _ = tracker.take(snapshot(3))
    #expect(tracker.take(snapshot(3)) == [])
    #expect(tracker.take(snapshot(2)) == [])
    #expect(tracker.take(snapshot(4)) == [.reset([])])
    #expect(tracker.take(snapshot(0, of: "B")) == [.reset([])])
  }

  @Test("waiting for a snapshot takes bounded memory, and what it lost is asked for again")
  func bounded() {
    var tracker = ChangeTracker()
    for sequence in 1...UInt64(ChangeTracker.maxWaiting + 5) {
      _ = tracker.take(Change(sequence: sequence, coordinator: "A", incident: change(1).incident))
    }
    #expect(tracker.take(snapshot(1)).count == 1)
    #expect(tracker.needsSnapshot)
  }
}

@Suite struct BusEndpointTests {
  @Test("an address of every interface is reached where the bus was reached")
  func reachable() {
    #expect(
      BusEndpoint.reachable("tcp://0.0.0.0:7712", from: "tcp://10.0.0.5:7711") == "tcp://10.0.0.5:7712")
    #expect(
      BusEndpoint.reachable("tcp://127.0.0.1:7712", from: "tcp://10.0.0.5:7711") == "tcp://127.0.0.1:7712")
    #expect(BusEndpoint.reachable("nonsense", from: "tcp://10.0.0.5:7711") == "nonsense")
  }
}
