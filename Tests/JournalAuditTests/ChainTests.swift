import JournalAudit
import TestKit
import Testing

@Suite("The chain of a journal's records")
struct ChainTests {
  private static let seeds = 0..<300 as Range<UInt64>

  /// Runs `body` with many journals.
  private func withJournals(_ body: (inout RandomJournal) -> Void) {
    for seed in Self.seeds {
      var journal = RandomJournal(seed: seed, count: 2 + Int(seed % 40))
      body(&journal)
    }
  }

  @Test("the encoding is what it was: a journal that was written once can always be verified")
  func vector() {
    var encoder = ChainEncoder()
    let first = encoder.hash(
      after: .origin, sequence: 1, epoch: 2, at: 3, incident: "INC-00000001", kind: "opened", actor: "d",
      payload: "{}")
    let second = encoder.hash(
      after: first, isLate: true, sequence: 2, epoch: 2, at: -1, incident: nil, kind: "é", actor: "",
      payload: "{\"a\":1}")
    #expect(first.hex == "433c6678e5ff6416a82431b3772efaa428bd870362213fe137e9497c2a808bb1")
    #expect(second.hex == "2e1fcd8db43131ecdcd22171963c71a7ad2a4d75f1a780037fbd818df1ca76b2")
  }

  @Test("an untouched journal is whole, with every tip of it")
  func whole() {
    withJournals { journal in
      let tips = (1...journal.records.count).map { journal.tip($0) }
      let report = journal.report(tips: tips)
      #expect(report.isWhole)
      #expect(report.records == Int64(journal.records.count))
      #expect(report.tip == tips.last)
    }
  }

  @Test("any one bit flipped in any field of any record is found, and the record is named")
  func flipped() {
    withJournals { journal in
      for _ in 0..<8 {
        var copy = journal
        let place = journal.place()
        let sequence = copy.records[place].sequence
        let isHash = copy.flip(place)
        let report = copy.report()
        // The last record under another number is named by that one: nobody knows that there was another.
        let now = copy.records[place].sequence
        #expect(report.names(sequence) || report.names(now), "\(report.flaws) says nothing of \(sequence)")
        if isHash, place < copy.records.count - 1 { #expect(report.problems(sequence) == [.hashChanged]) }
        // With its tip kept, even the last record's hash is known to be the one that was changed.
        if isHash {
          #expect(copy.report(tips: [journal.tip(place + 1)]).problems(sequence) == [.hashChanged])
        }
        // Nothing else is suspected, but what a changed number leaves behind.
        if copy.records[place].sequence == sequence { #expect(report.flaws.count == 1) }
        journal.random = copy.random
      }
    }
  }

  @Test("a record's field that is added, emptied or made longer is found")
  func replaced() {
    withJournals { journal in
      let place = journal.place()
      let sequence = journal.records[place].sequence
      var copy = journal
      copy.records[place].incident = journal.records[place].incident == nil ? [] : nil
      #expect(copy.report().problems(sequence) == [.changed])
      // The same bytes in all, with a border between two fields moved.
      copy = journal
      copy.records[place].actor = journal.records[place].actor + [0]
      #expect(copy.report().problems(sequence) == [.changed])
      copy = journal
      copy.records[place].hash = []
      #expect(copy.report().problems(sequence) == [.unchained])
    }
  }

  @Test("records that are taken out are named; the last ones when a later tip was kept")
  func removed() {
    withJournals { journal in
      let last = journal.records.count
      var copy = journal
      let from = Int.random(in: 0..<(last - 1), using: &journal.random)
      let to = Int.random(in: from..<(last - 1), using: &journal.random)
      copy.records.removeSubrange(from...to)
      #expect(copy.report().flaws == [Flaw(Int64(from + 1)...Int64(to + 1), .missing)])
      copy = journal
      copy.records.removeSubrange(from...)
      #expect(copy.report().isWhole)
      let report = copy.report(tips: [journal.tip(last)])
      #expect(report.flaws == [Flaw(Int64(from + 1)...Int64(last), .cutOff)])
    }
  }

  @Test(
    "records that changed places are named with the places where they belong, with their hashes or without")
  func swapped() {
    withJournals { journal in
      let (a, b) = (journal.place(), journal.place())
      guard a != b else { return }
      for takesHash in [true, false] {
        var copy = journal
        copy.records.swapAt(a, b)
        (copy.records[a].sequence, copy.records[b].sequence) = (Int64(a + 1), Int64(b + 1))
        if !takesHash {
          (copy.records[a].hash, copy.records[b].hash) = (journal.records[a].hash, journal.records[b].hash)
        }
        let report = copy.report()
        #expect(report.problems(Int64(a + 1)) == [.moved(from: Int64(b + 1))])
        #expect(report.problems(Int64(b + 1)) == [.moved(from: Int64(a + 1))])
        #expect(report.flaws.count == 2)
      }
    }
  }

  @Test("any other order of any records is found")
  func reordered() {
    withJournals { journal in
      var copy = journal
      copy.records.shuffle(using: &journal.random)
      let moved = copy.records.indices.filter { copy.records[$0] != journal.records[$0] }
      for index in copy.records.indices { copy.records[index].sequence = Int64(index + 1) }
      let report = copy.report()
      #expect(report.isWhole == moved.isEmpty)
      for index in moved { #expect(report.names(Int64(index + 1))) }
    }
  }

  @Test("a record that was put there is named: at the end, between others that were renumbered, or doubled")
  func inserted() {
    withJournals { journal in
      var copy = journal
      var strange = journal.records[journal.place()]
      strange.sequence = Int64(journal.records.count + 1)
      copy.records.append(strange)
      #expect(copy.report().names(strange.sequence))
      copy = journal
      let place = journal.place()
      strange.hash[3] ^= 1
      copy.records.insert(strange, at: place)
      for index in copy.records.indices { copy.records[index].sequence = Int64(index + 1) }
      let report = copy.report()
      #expect(report.names(Int64(place + 1)))
      if place + 1 < copy.records.count - 1, place < 20 {
        #expect(report.problems(Int64(place + 2)) == [.moved(from: Int64(place + 1))])
      }
      copy = journal
      copy.records.append(journal.records[place])
      #expect(copy.report().problems(Int64(place + 1)) == [.twice])
      strange.sequence = -3
      copy = journal
      copy.records.append(strange)
      #expect(copy.report().flaws.map(\.problem) == [.impossible])
    }
  }

  @Test("a chain that was computed anew is found by a tip kept from after the change, and by none before it")
  func rewritten() {
    withJournals { journal in
      let place = journal.place()
      var copy = journal
      copy.records[place].payload.append(1)
      copy.chain(from: place)
      #expect(copy.report().isWhole)
      let tips = (1...journal.records.count).map { journal.tip($0) }
      #expect(copy.report(tips: Array(tips[..<place])).isWhole)
      let later = tips[Int.random(in: place..<tips.count, using: &journal.random)]
      let before = Array(tips[..<place].suffix(1))
      let report = copy.report(tips: before + [later])
      #expect(report.flaws == [Flaw(Int64(place + 1)...later.sequence, .rewritten)])
    }
  }

  @Test("of a journal where everything is wrong a bounded part is told, and the place where it begins")
  func bounded() {
    var journal = RandomJournal(seed: 1, count: 5_000)
    for index in journal.records.indices.dropFirst(9) { journal.records[index].epoch += 1 }
    let report = journal.report()
    #expect(report.flaws.count < 50)
    #expect(report.flaws.first?.numbers.lowerBound == 10)
    #expect(report.flaws.last?.numbers.upperBound == 5_000)
    for index in journal.records.indices where index % 2 == 0 { journal.records[index].hash = [] }
    let worse = journal.report()
    #expect(worse.flaws.count <= 200)
    #expect(worse.omitted > 1_000)
  }

  @Test("tips are read from any text, and nothing else is taken for one")
  func tips() {
    let hash = String(repeating: "0aF", count: 21) + "1"
    let text = "{\"message\":\"journal tip 42:\(hash)\",\"a\":\"7:\(hash.dropLast())\"} x:\(hash) 3:\(hash)"
    #expect(ChainTip.all(in: text).map(\.sequence) == [42, 3])
    #expect(ChainTip("42:" + hash)?.description == "42:" + hash.lowercased())
    for bad in ["", ":", "42", "42:", "-1:" + hash, "42:" + hash + "0", "4 2:" + hash, "42:" + hash + ":1"] {
      #expect(ChainTip(bad) == nil)
    }
  }
}
