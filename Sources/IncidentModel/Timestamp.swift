/// A moment in UTC, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Written and read as RFC 3339 text (`2026-11-23T08:53:00.000Z`), in JSON too,
/// so that a journal and an API answer can be read by people.
package struct Timestamp: Hashable, Comparable, Sendable {
  /// Milliseconds since the epoch; negative before 1970.
  package var milliseconds: Int64

  /// A moment from milliseconds since the epoch.
  package init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// A moment from seconds since the epoch, rounded to the millisecond; what RFC 3339 can't say
  /// becomes the first or last moment that it can.
  package init(seconds: Double) {
    let bounds = Self.representable
    // NaN compares as neither, and becomes the first.
    let rounded = (seconds * 1000).rounded()
    milliseconds =
      rounded >= Double(bounds.upperBound)
      ? bounds.upperBound : rounded > Double(bounds.lowerBound) ? Int64(rounded) : bounds.lowerBound
  }

  /// Seconds since the epoch.
  package var seconds: Double { Double(milliseconds) / 1000 }

  package static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

  /// The moment `duration` later.
  package static func + (moment: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(milliseconds: sum(moment.milliseconds, duration.milliseconds))
  }

  /// The moment `duration` earlier.
  package static func - (moment: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(milliseconds: difference(moment.milliseconds, duration.milliseconds))
  }

  /// The time from `b` to `a`; negative when `a` is earlier.
  package static func - (a: Timestamp, b: Timestamp) -> Duration {
    .milliseconds(difference(a.milliseconds, b.milliseconds))
  }

  // Times come from outside too, and an absurd one must stop nothing: sums end at the bounds.

  private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? (a < 0 ? .min : .max) : sum
  }

  private static func difference(_ a: Int64, _ b: Int64) -> Int64 {
    let (difference, overflow) = a.subtractingReportingOverflow(b)
    return overflow ? (a < 0 ? .min : .max) : difference
  }
}

extension Timestamp: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let moment = Timestamp(rfc3339: text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "not an RFC 3339 time such as 2026-11-23T08:53:00Z")
    }
    self = moment
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rfc3339)
  }
}

extension Duration {
  /// Whole milliseconds, rounded towards zero.
  package var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }

  /// Seconds as a number.
  package var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
