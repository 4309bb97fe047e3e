/// Glob matching as Redis and file names have it: `*`, `?`, `[a-z]`, `[^a]`, `\x`.
package enum Glob {
  /// Whether `text` matches `pattern` whole. Takes at most |pattern| × |text| steps.
  package static func matches(_ text: String, _ pattern: String) -> Bool {
    let text = Array(text.utf8)
    let pattern = Array(pattern.utf8)
    var t = 0
    var p = 0
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        star = (p + 1, t)
        p += 1
      } else if let length = one(text[t], pattern, at: p) {
        p += length
        t += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        p = last.pattern
        t = last.text + 1
      } else {
        return false
      }
    }
    while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
    return p == pattern.count
  }

  /// Whether `pattern` says anything about the names it matches; `*` and `?*` don't.
  package static func isSelective(_ pattern: String) -> Bool {
    pattern.utf8.contains { $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "?") }
  }

  /// The length of the pattern's element at `p` when it matches `byte`, or `nil`.
  private static func one(_ byte: UInt8, _ pattern: [UInt8], at p: Int) -> Int? {
    guard p < pattern.count else { return nil }
    switch pattern[p] {
    case UInt8(ascii: "?"): return 1
    case UInt8(ascii: "\\") where p + 1 < pattern.count: return pattern[p + 1] == byte ? 2 : nil
    case UInt8(ascii: "["):
      guard let set = set(pattern, at: p) else { return byte == pattern[p] ? 1 : nil }
      return set.ranges.contains { $0.contains(byte) } != set.negated ? set.length : nil
    default: return pattern[p] == byte ? 1 : nil
    }
  }

  private static func set(
    _ pattern: [UInt8], at start: Int
  ) -> (ranges: [ClosedRange<UInt8>], negated: Bool, length: Int)? {
    var p = start + 1
    let negated = p < pattern.count && (pattern[p] == UInt8(ascii: "^") || pattern[p] == UInt8(ascii: "!"))
    if negated { p += 1 }
    var ranges: [ClosedRange<UInt8>] = []
    while p < pattern.count, pattern[p] != UInt8(ascii: "]") {
      if pattern[p] == UInt8(ascii: "\\"), p + 1 < pattern.count { p += 1 }
      let low = pattern[p]
      if p + 2 < pattern.count, pattern[p + 1] == UInt8(ascii: "-"), pattern[p + 2] != UInt8(ascii: "]") {
        let high = pattern[p + 2]
        ranges.append(min(low, high)...max(low, high))
        p += 3
      } else {
        ranges.append(low...low)
        p += 1
      }
    }
    return p < pattern.count ? (ranges, negated, p + 1 - start) : nil
  }
}
