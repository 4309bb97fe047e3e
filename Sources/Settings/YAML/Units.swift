/// Numbers with units, as people write them.
package enum Units {
  /// A finite number; nothing that only a compiler would call one.
  static func number(_ text: String) -> Double? {
    guard !text.isEmpty, text.utf8.count <= 64,
      text.utf8.allSatisfy({ "0123456789.+-eE".utf8.contains($0) }),
      let number = Double(text), number.isFinite
    else { return nil }
    return number
  }

  /// `200ms`, `30s`, `5m`, `1h`, `7d`, or seconds.
  package static func seconds(_ text: String) -> Double? {
    let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]
    return scaled(text, units)
  }

  /// `4096`, `64kB`, `64MB`, `1GB`, `1TB`, or with binary units `KiB`, `MiB`, `GiB`, `TiB`.
  static func bytes(_ text: String) -> Int64? {
    let units: [(String, Double)] = [
      ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
      ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1),
    ]
    guard let bytes = scaled(text, units), abs(bytes) <= 9e15 else { return nil }
    return Int64(exactly: bytes)
  }

  private static func scaled(_ text: String, _ units: [(String, Double)]) -> Double? {
    for (suffix, factor) in units where text.hasSuffix(suffix) {
      var digits = text.dropLast(suffix.count)
      if digits.last == " " { digits = digits.dropLast() }
      return number(String(digits)).map { factor == 0.001 ? $0 / 1000 : $0 * factor }
    }
    return number(text)
  }

  /// A duration for people, in the largest unit that keeps it whole.
  package static func duration(_ seconds: Double) -> String {
    for (unit, size) in [("d", 86_400.0), ("h", 3600), ("m", 60), ("s", 1)] {
      let count = seconds / size
      if count >= 1, count == count.rounded(), count < 1e6 { return "\(Int(count))\(unit)" }
    }
    return seconds < 1 ? "\(seconds * 1000)ms".replacing(".0ms", with: "ms") : "\(seconds)s"
  }
}
