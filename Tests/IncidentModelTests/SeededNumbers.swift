/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed everywhere.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func text() -> String {
    let scalars: [Unicode.Scalar] = [
      "a", "Z", "9", " ", "\"", "\\", "\n", "\u{0}", "é", "\u{1F600}", "_", "{",
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0...12, using: &self) {
      text.unicodeScalars.append(scalars.randomElement(using: &self) ?? "x")
    }
    return text
  }

  mutating func maybe<T>(_ value: T) -> T? { Bool.random(using: &self) ? value : nil }

  mutating func number() -> Double {
    switch Int.random(in: 0..<3, using: &self) {
    case 0: Double(Int.random(in: -1_000_000...1_000_000, using: &self))
    case 1: Double.random(in: -1...1, using: &self)
    default: Double.random(in: -1e12...1e12, using: &self)
    }
  }
}
