/// Rendezvous hashing (highest random weight): who, of those who can, gets what.
///
/// D. G. Thaler and C. V. Ravishankar, "Using name-based mappings to increase hit rates", 1998. Every pair of
/// a thing and a member has a weight; the thing is the member's with the highest. So a member that leaves gives up
/// its own things only, one that comes takes its own share only, and nobody has to remember anything: whoever knows
/// the members knows the same owners, in whatever order it learned of them.
///
/// The hash is ours because it must be the same in every process and version: FNV-1a with 64 bits (G. Fowler,
/// L. C. Noll, K.-P. Vo), whose high bits depend too little on the last bytes, and so finished with
/// MurmurHash3's `fmix64` (A. Appleby).
package enum Rendezvous {
  /// Somebody who may get things.
  package struct Member: Hashable, Sendable {
    package let id: String
    let key: UInt64

    /// A member by its name, which is unique among them.
    package init(_ id: String) {
      self.id = id
      key = Rendezvous.key([id])
    }
  }

  /// The number of a thing with a name of several parts.
  package static func key(_ parts: [String]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for part in parts {
      for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      // Never a byte of UTF-8: ("ab", "c") is another thing than ("a", "bc").
      hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
    return mixed(hash)
  }

  /// Whose a thing is; `nil` only when there are no members.
  package static func owner(of key: UInt64, among members: some Sequence<Member>) -> String? {
    var best: (weight: UInt64, id: String)?
    for member in members {
      let weight = mixed(key ^ (member.key &* 0x9e37_79b9_7f4a_7c15))
      // Two of the same weight: the names decide, as they do everywhere.
      if best.map({ ($0.weight, $0.id) < (weight, member.id) }) ?? true { best = (weight, member.id) }
    }
    return best?.id
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var hash = value
    hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ (hash >> 33)
  }
}
