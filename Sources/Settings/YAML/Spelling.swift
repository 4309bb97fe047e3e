/// Guesses what somebody meant to write.
enum Spelling {
  /// The candidate that is nearest to `word`, unless all are too far off to be meant.
  static func nearest(to word: String, among candidates: [String]) -> String? {
    guard word.utf8.count <= 64 else { return nil }
    let allowed = max(1, word.count / 3)
    // A name that is much longer is none that was meant, and to look at thousands would take long.
    let near = candidates.filter { $0.utf8.count <= 128 }.prefix(500)
    let ranked = near.map { (candidate: $0, distance: distance(word.lowercased(), $0.lowercased())) }
    guard let best = ranked.min(by: { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }),
      best.distance <= allowed
    else { return nil }
    return best.candidate
  }

  /// `; did you mean "…"?`, or the known words where none is near.
  static func hint(for word: String, among candidates: [String]) -> String {
    if let best = nearest(to: word, among: candidates) { return "; did you mean \"\(best)\"?" }
    if candidates.isEmpty { return "" }
    let shown = candidates.sorted().prefix(12).joined(separator: ", ")
    return "; known: \(shown)\(candidates.count > 12 ? ", …" : "")"
  }

  /// How many insertions, deletions, replacements and swaps of neighbours make `b` of `a`
  /// (optimal string alignment; Damerau 1964, Levenshtein 1965).
  static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a.unicodeScalars)
    let b = Array(b.unicodeScalars)
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i]
      for j in 1...b.count {
        let same = a[i - 1] == b[j - 1]
        var cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, before[j - 2] + 1) }
        row.append(cost)
      }
      before = last
      last = row
    }
    return last[b.count]
  }
}
