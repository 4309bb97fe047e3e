import IncidentModel

/// How a journal's incidents are numbered: by a bijection of a counter, so that no two are alike.
package enum IncidentNumbering: String, Sendable, Equatable, Codable, CaseIterable {
  /// All over the numbers (MurmurHash3's finaliser; Appleby, 2011): every new incident is elsewhere in the journal's
  /// index. Only journals go on with it that began with it.
  case scattered
  /// Incidents that follow one another differ in the last three digits, in each of them, so that nobody takes one for
  /// the other; and the journal's index grows where it is in memory.
  case near

  fileprivate func mix(_ number: UInt32) -> UInt32 {
    switch self {
    case .scattered:
      var hash = number
      hash ^= hash >> 16
      hash &*= 0x85EB_CA6B
      hash ^= hash >> 13
      hash &*= 0xC2B2_AE35
      hash ^= hash >> 16
      return hash
    // An odd factor next to 2¹² divided by the golden ratio (Knuth, The Art of Computer Programming 3, 1973,
    // multiplicative hashing).
    case .near: return (number & ~0xFFF) | (number &* 2_531) & 0xFFF
    }
  }

  /// The inverse of ``mix(_:)``: its shifts undone, its factors' inverses modulo the power of two.
  fileprivate func unmix(_ number: UInt32) -> UInt32 {
    switch self {
    case .scattered:
      var hash = number
      hash ^= hash >> 16
      hash &*= 0x7ED1_B41D
      hash ^= (hash >> 13) ^ (hash >> 26)
      hash &*= 0xA5CB_9243
      hash ^= hash >> 16
      return hash
    case .near: return (number & ~0xFFF) | (number &* 971) & 0xFFF
    }
  }
}

/// Numbers incidents so that no two of one journal are alike, and those of two journals hardly ever.
///
/// The counter begins anywhere: where it begins is taken from the journal's first incident, how it goes on from the
/// second, and so both are the same after every replay.
struct IncidentNumbers: Sendable, Equatable {
  /// Incidents ever opened.
  private(set) var opened: UInt32 = 0
  /// What the counter begins with; `nil` before the first incident.
  private(set) var salt: UInt32?
  private(set) var numbering = IncidentNumbering.near
  /// The only incident of a journal with which either numbering may have begun.
  private var only: IncidentID?

  /// The id of the next incident.
  /// - Parameters:
  ///   - signal: what opens it.
  ///   - now: when.
  func next(openedBy signal: Signal, at now: Timestamp) -> IncidentID {
    id((salt ?? Self.salt(signal, now)) &+ opened)
  }

  /// Takes an opened incident into account.
  mutating func note(_ id: IncidentID) {
    if let salt {
      if let only, id != self.id(salt &+ opened) {
        numbering = .scattered
        self.salt = numbering.unmix(only.number) &- (opened &- 1)
      }
      only = nil
    } else {
      // Whatever the first id was made of, the others follow it; journals from before there was a salt go on too.
      salt = numbering.unmix(id.number) &- opened
      only = id
    }
    opened &+= 1
  }

  /// Goes on from where a journal was whose first records are in the archive.
  mutating func resume(opened: UInt32, salt: UInt32?, numbering: IncidentNumbering) {
    self.opened = opened
    self.salt = salt
    // Nothing was numbered in any way before the first incident.
    self.numbering = salt == nil ? .near : numbering
    only = nil
  }

  private func id(_ counter: UInt32) -> IncidentID { IncidentID(number: numbering.mix(counter)) }

  /// What a journal that begins like this counts from: FNV-1a (Fowler, Noll, Vo) of the time and the signal.
  private static func salt(_ signal: Signal, _ now: Timestamp) -> UInt32 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(now.milliseconds)/\(signal.id)/\(signal.detector)".utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return UInt32(truncatingIfNeeded: hash ^ (hash >> 32))
  }
}
