import IncidentModel

/// Numbers incidents so that no two of one journal are alike, and those of two journals hardly ever.
///
/// An id is a bijection of a counter that begins anywhere: where it begins is taken from the journal's first incident,
/// and so is the same after every replay. Incidents that follow one another differ in several digits, so that nobody
/// takes one for the other, but only in the last three: the journal's index of incidents grows where it is in memory.
struct IncidentNumbers: Sendable, Equatable {
  /// Incidents ever opened.
  private(set) var opened: UInt32 = 0
  /// What the counter begins with; `nil` before the first incident.
  private(set) var salt: UInt32?

  /// The id of the next incident.
  /// - Parameters:
  ///   - signal: what opens it.
  ///   - now: when.
  func next(openedBy signal: Signal, at now: Timestamp) -> IncidentID {
    IncidentID(number: Self.mix((salt ?? Self.salt(signal, now)) &+ opened))
  }

  /// Takes an opened incident into account.
  mutating func note(_ id: IncidentID) {
    // Whatever the first id was made of, the others follow it; journals from before there was a salt go on too.
    if salt == nil { salt = Self.unmix(id.number) &- opened }
    opened &+= 1
  }

  /// Goes on from where a journal was whose first records are in the archive.
  mutating func resume(opened: UInt32, salt: UInt32?) {
    self.opened = opened
    self.salt = salt
  }

  /// What a journal that begins like this counts from: FNV-1a (Fowler, Noll, Vo) of the time and the signal.
  private static func salt(_ signal: Signal, _ now: Timestamp) -> UInt32 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(now.milliseconds)/\(signal.id)/\(signal.detector)".utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return UInt32(truncatingIfNeeded: hash ^ (hash >> 32))
  }

  /// Scatters the counter's lower 12 bits: an odd factor next to 2¹² divided by the golden ratio (Knuth, The Art of
  /// Computer Programming 3, 1973, multiplicative hashing).
  private static func mix(_ number: UInt32) -> UInt32 {
    (number & ~0xFFF) | (number &* 2_531) & 0xFFF
  }

  /// The inverse of ``mix(_:)``: by the factor's inverse modulo 2¹².
  private static func unmix(_ number: UInt32) -> UInt32 {
    (number & ~0xFFF) | (number &* 971) & 0xFFF
  }
}
