import TestKit
import Testing

@testable import Coordination

@Suite("Connections are shared out among addresses") struct AddressShareTests {
  @Test("a few addresses that take all they get leave room for others", arguments: [64, 256, 1_000])
  func room(total: Int) {
    var shares = AddressShares(limit: total / 2, total: total)
    var left = total
    for greedy in 0..<3 {
      while shares.admit("greedy \(greedy)") { left -= 1 }
    }
    #expect(left >= AddressShares.least)
    // The engineer comes late, with a page and its stream.
    for _ in 0..<AddressShares.least {
      let isAdmitted = shares.admit("engineer")
      #expect(isAdmitted)
    }
  }

  @Test(
    "whatever comes and goes, no address has more than its limit, and what went is free",
    arguments: UInt64(1)...20)
  func counts(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var shares = AddressShares(limit: 20, total: 100)
    var open: [String] = []
    for _ in 0..<2_000 {
      if Bool.random(using: &random), let place = open.indices.randomElement(using: &random) {
        shares.release(open.remove(at: place))
      } else {
        let address = "a\(Int.random(in: 0..<6, using: &random))"
        let own = open.count { $0 == address }
        let expected = own < min(20, max((100 - (open.count - own)) / 2, AddressShares.least))
        let isAdmitted = shares.admit(address)
        #expect(isAdmitted == expected)
        if isAdmitted { open.append(address) }
      }
    }
    for address in open { shares.release(address) }
    let isAdmitted = shares.admit("a0")
    #expect(isAdmitted)
  }
}
