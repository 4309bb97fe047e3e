/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed everywhere.
struct Chance: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Makes inputs for a harness out of its seeds: what the format's own words, its neighbours among the seeds and
/// the usual boundaries do to a valid example.
struct Mutator {
  private let harness: Harness
  private let seeds: [[UInt8]]
  private let tokens: [[UInt8]]

  /// Prepares the seeds.
  init(_ harness: Harness) throws {
    self.harness = harness
    seeds = try harness.seeds()
    tokens = (harness.tokens + Self.boundaries).map { Array($0.utf8) }
  }

  /// The input of a number: the same one for the same number.
  func input(_ number: UInt64) -> [UInt8] {
    var chance = Chance(state: number)
    var bytes = seeds.randomElement(using: &chance) ?? []
    if chance.next() % 32 == 0 { bytes = [] }
    for _ in 0..<(1 << Int(chance.next() % 4)) { change(&bytes, &chance) }
    return Array(bytes.prefix(harness.maxBytes))
  }

  private func change(_ bytes: inout [UInt8], _ chance: inout Chance) {
    let at = Int.random(in: 0...bytes.count, using: &chance)
    let length = 1 << Int.random(in: 0...8, using: &chance)
    let end = min(bytes.count, at + Int.random(in: 1...length, using: &chance))
    switch Int.random(in: 0..<11, using: &chance) {
    case 0 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &chance)
    case 1 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
    case 2: bytes.removeSubrange(at..<end)
    case 3: bytes.removeSubrange(at...)
    case 4: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &chance))
    case 5:
      let other = seeds.randomElement(using: &chance) ?? []
      bytes.replaceSubrange(at..., with: other.suffix(other.count - min(at, other.count)))
    case 6: bytes.replaceSubrange(at..<end, with: tokens.randomElement(using: &chance) ?? [])
    case 7:
      // The same once more and once more: deep nesting, long lists, long runs of one character.
      let piece = chance.next() & 1 == 0 ? Array(bytes[at..<end]) : tokens.randomElement(using: &chance) ?? []
      let times = 1 << Int.random(in: 1...10, using: &chance)
      let room = max(0, harness.maxBytes - bytes.count)
      let repeated = (0..<min(times, room / max(1, piece.count))).flatMap { _ in piece }
      bytes.insert(contentsOf: repeated, at: at)
    case 8: number(&bytes, at, &chance)
    case 9:
      let word = UInt64.random(in: 0...255, using: &chance)
      let value: UInt64 = chance.next() & 1 == 0 ? .max >> word % 64 : 1 << word % 64
      let size = min([1, 2, 4, 8].randomElement(using: &chance) ?? 1, bytes.count - at)
      for place in 0..<size { bytes[at + place] = UInt8(truncatingIfNeeded: value >> UInt64(8 * place)) }
    default: bytes.insert(contentsOf: tokens.randomElement(using: &chance) ?? [], at: at)
    }
  }

  // Replaces a number that is written in digits.
  private func number(_ bytes: inout [UInt8], _ at: Int, _ chance: inout Chance) {
    let digits: ClosedRange<UInt8> = 0x30...0x39
    guard let start = bytes[at...].firstIndex(where: digits.contains) else { return }
    let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
    let text = Self.numbers.randomElement(using: &chance) ?? "0"
    bytes.replaceSubrange(start..<end, with: Array(text.utf8))
  }

  static let numbers = [
    "0", "-0", "-1", "1", "9", "00", "127", "128", "255", "256", "32768", "65536", "2147483647", "2147483648",
    "4294967296", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "1e308", "1e309", "-1e309",
    "1e-400", "0.1", ".5", "5.", "1.5e3", "NaN", "nan", "inf", "Infinity", "0x10", "+1", "1_000", "١", "½",
  ]

  static let boundaries =
    numbers + [
      "\0", "\n", "\r\n", "\t", " ", "\u{7F}", "\u{85}", "\u{AD}", "e\u{301}", "\u{301}", "\u{327}\u{301}",
      "\u{200D}", "\u{2028}", "\u{202E}", "\u{FEFF}", "\u{FFFD}", "\u{FFFF}", "\u{1F1E6}", "👩‍👩‍👧", "ﬁ", "İ", "ß",
      "𝟘", "\\", "\"", "'", "%", "%00", "%FF", "${a}", "{", "}", "[", "]", "(", ")", "<", "&", "*", "?", "#",
      ":",
      ";", ",", ".", "..", "/", "//", "=", "-", "--", "|", "~", "null", "true",
    ]
}
