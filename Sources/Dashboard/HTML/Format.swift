import IncidentModel

/// Numbers and times for people.
package enum Format {
  /// `45 s`, `3m 20s`, `2h 5m`, `3d 4h`; what the page's script makes as time goes on.
  package static func duration(_ duration: Duration) -> String {
    let seconds = max(0, Int(clamping: duration.milliseconds / 1000))
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 { return "\(seconds / 60)m \(seconds % 60)s" }
    if seconds < 86_400 { return "\(seconds / 3600)h \(seconds / 60 % 60)m" }
    return "\(seconds / 86_400)d \(seconds / 3600 % 24)h"
  }

  /// `2026-11-23 08:53:00 UTC`.
  static func moment(_ moment: Timestamp) -> String {
    moment.rfc3339.prefix(19).replacing("T", with: " ") + " UTC"
  }

  /// `08:53:00`.
  static func clock(_ moment: Timestamp) -> String { String(moment.rfc3339.dropFirst(11).prefix(8)) }

  /// At most so many digits after the point, without zeros at the end.
  package static func decimal(_ value: Double, places: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "no number" : value > 0 ? "∞" : "−∞" }
    guard abs(value) < 1e15 else { return String(value) }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    guard abs(value) * scale < 1e18 else { return String(value) }
    let whole = Int64((abs(value) * scale).rounded())
    var digits = String(whole)
    if digits.count <= places { digits = String(repeating: "0", count: places + 1 - digits.count) + digits }
    var text = String(digits.dropLast(places))
    let fraction = String(digits.suffix(places))
    if let last = fraction.lastIndex(where: { $0 != "0" }) { text += "." + fraction[...last] }
    return value < 0 && whole != 0 ? "-" + text : text
  }

  /// A measured value: about four digits, large ones with k, M, G.
  package static func value(_ value: Double) -> String {
    let size = abs(value)
    guard size.isFinite, size >= 10_000 else {
      return decimal(value, places: size >= 100 ? 1 : size >= 1 ? 2 : 4)
    }
    for (unit, name) in [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where size >= unit {
      return decimal(value / unit, places: 2) + " " + name
    }
    return decimal(value, places: 1)
  }

  /// A value with its unit.
  package static func value(_ number: Double, _ unit: String) -> String {
    switch unit {
    case "": value(number)
    case "percent": value(number) + " %"
    case "bytes": value(number) + (abs(number) >= 10_000 ? "B" : " B")
    case "seconds": value(number) + " s"
    case "count", "bool": value(number)
    default: value(number) + " " + unit
    }
  }

  /// `92 %` of a part of one.
  static func percent(_ part: Double) -> String {
    "\(part.isFinite ? Int((min(max(part, 0), 9.99) * 100).rounded()) : 0) %"
  }

  /// A time that a commit took.
  package static func latency(_ seconds: Double?) -> String {
    guard let seconds else { return "–" }
    return seconds < 1 ? decimal(seconds * 1000, places: 1) + " ms" : decimal(seconds, places: 2) + " s"
  }

  /// Bytes of a store.
  package static func bytes(_ count: Int64) -> String { value(Double(count), "bytes") }

  /// `1 incident`, `2 incidents`.
  static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

extension HTMLWriter {
  /// Writes how long ago something was, with the moment itself to be looked at.
  mutating func ago(_ moment: Timestamp, now: Timestamp) {
    element(
      .time, [.datetime(moment), .title(Format.moment(moment)), .age("ago")],
      text: Format.duration(now - moment) + " ago")
  }

  /// Writes for how long something lasts.
  mutating func age(_ moment: Timestamp, now: Timestamp) {
    element(
      .time, [.datetime(moment), .title(Format.moment(moment)), .age("for")],
      text: Format.duration(now - moment))
  }

  /// Writes how soon something comes.
  mutating func until(_ moment: Timestamp, now: Timestamp) {
    element(
      .time, [.datetime(moment), .title(Format.moment(moment)), .age("in")],
      text: moment <= now ? "now" : "in " + Format.duration(moment - now))
  }

  /// Writes a moment of the day, the whole of it to be looked at.
  mutating func clock(_ moment: Timestamp) {
    element(.time, [.datetime(moment), .title(Format.moment(moment))], text: Format.clock(moment))
  }
}
