import Coordination
import TestKit
import Testing

@Suite("Rendezvous hashing")
struct RendezvousTests {
  private static let things = (0..<3_000).map { Rendezvous.key(["source-\($0)", "", ""]) }

  private static func owners(_ members: [String]) -> [String] {
    let members = members.map(Rendezvous.Member.init)
    return things.map { Rendezvous.owner(of: $0, among: members) ?? "" }
  }

  @Test("everybody gets about as much", arguments: [2, 3, 4, 7, 16, 40])
  func balanced(count: Int) {
    for salt in 0..<5 {
      let owners = Self.owners((0..<count).map { "detector-\(salt)-\($0)" })
      let shares = Dictionary(grouping: owners) { $0 }.mapValues(\.count)
      #expect(shares.count == count)
      let fair = Double(Self.things.count) / Double(count)
      // Five standard deviations of what chance alone gives.
      let slack = 5 * (fair * (1 - 1 / Double(count))).squareRoot()
      for (name, share) in shares {
        #expect(abs(Double(share) - fair) < slack, "\(name): \(share) of \(fair)")
      }
    }
  }

  @Test(
    "whoever comes takes only its own, whoever leaves gives up only its own",
    arguments: 0..<20 as Range<UInt64>)
  func minimalMovement(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var members = (0..<Int.random(in: 1...12, using: &random)).map { "d\($0)-\(seed)" }
    var before = Self.owners(members)
    for step in 0..<6 {
      if members.count > 1, Bool.random(using: &random) {
        let gone = members.remove(at: Int.random(in: 0..<members.count, using: &random))
        let after = Self.owners(members)
        #expect(zip(before, after).allSatisfy { $0 == $1 || $0 == gone })
        before = after
      } else {
        let new = "new-\(seed)-\(step)"
        members.append(new)
        let after = Self.owners(members)
        #expect(zip(before, after).allSatisfy { $0 == $1 || $1 == new })
        before = after
      }
    }
  }

  @Test("the order in which members are known says nothing", arguments: 0..<10 as Range<UInt64>)
  func orderIndependent(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let members = (0..<9).map { "d\($0)" }
    #expect(Self.owners(members) == Self.owners(members.shuffled(using: &random)))
  }

  @Test("the hash is the same for ever: other versions must find the same owners")
  func stable() {
    #expect(Rendezvous.key(["shop-db", "", ""]) == 0xdb66_af57_542a_94d2)
    #expect(Rendezvous.key(["ab", "c"]) != Rendezvous.key(["a", "bc"]))
    #expect(Rendezvous.key([]) == 0xefd0_1f60_ba99_2926)
    #expect(Rendezvous.owner(of: 1, among: []) == nil)
  }
}
