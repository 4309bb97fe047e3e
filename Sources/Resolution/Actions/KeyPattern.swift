/// Globs of cache keys, compared without running them.
enum KeyPattern {
  private static let special: Set<Unicode.Scalar> = ["*", "?", "[", "]", "^", "\\"]

  /// Whether every key that `pattern` matches is certainly one that `declared` matches.
  ///
  /// Only what can be proven counts: the same text, or a declared `prefix*` and a pattern that begins
  /// with the same plain prefix. The answer is no wherever that is not enough.
  static func isWithin(_ pattern: String, _ declared: String) -> Bool {
    if pattern.unicodeScalars.elementsEqual(declared.unicodeScalars) { return true }
    var prefix = Array(declared.unicodeScalars)
    guard prefix.popLast() == "*", !prefix.contains(where: special.contains) else { return false }
    let plain = Array(pattern.unicodeScalars.prefix { !special.contains($0) })
    return plain.starts(with: prefix)
  }
}
