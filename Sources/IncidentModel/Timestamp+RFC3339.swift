extension Timestamp {
  private static let day: Int64 = 86_400_000
  /// Years 0001 to 9999: what RFC 3339 can say.
  static let representable: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

  /// RFC 3339 in UTC with milliseconds.
  ///
  /// Whole numbers only: formatters of floating seconds cut every other millisecond to the one
  /// before, so that what is written and read again and again would wander.
  ///
  /// A moment that it can't say is written as the first or last one that it can.
  package var rfc3339: String {
    String(unsafeUninitializedCapacity: 24) { buffer in
      write(to: buffer)
      return 24
    }
  }

  /// Appends ``rfc3339`` as bytes, without a string in between.
  package func appendRFC3339(to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { buffer in
      write(to: buffer)
      bytes.append(contentsOf: buffer)
    }
  }

  /// Writes the 24 bytes of ``rfc3339``.
  private func write(to buffer: UnsafeMutableBufferPointer<UInt8>) {
    let milliseconds = min(max(milliseconds, Self.representable.lowerBound), Self.representable.upperBound)
    let days = (milliseconds >= 0 ? milliseconds : milliseconds - (Self.day - 1)) / Self.day
    let time = milliseconds - days * Self.day
    let date = Self.date(days)
    var index = 0
    func put(_ number: Int64, _ width: Int, _ end: Unicode.Scalar) {
      var rest = number
      for place in (index..<index + width).reversed() {
        buffer.initializeElement(at: place, to: UInt8(ascii: "0") + UInt8(rest % 10))
        rest /= 10
      }
      buffer.initializeElement(at: index + width, to: UInt8(ascii: end))
      index += width + 1
    }
    put(date.year, 4, "-")
    put(date.month, 2, "-")
    put(date.day, 2, "T")
    put(time / 3_600_000, 2, ":")
    put(time / 60_000 % 60, 2, ":")
    put(time / 1000 % 60, 2, ".")
    put(time % 1000, 3, "Z")
  }

  /// Reads RFC 3339, with or without a fraction, with `Z` or an offset; `nil` for anything else.
  package init?(rfc3339 text: String) {
    let text = text.utf8
    guard (20...40).contains(text.count) else { return nil }
    var reader = DigitReader(bytes: Array(text))
    guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
      let dayOfMonth = reader.number(2), reader.skip("T") || reader.skip("t") || reader.skip(" "),
      let hour = reader.number(2),
      reader.skip(":"), let minute = reader.number(2), reader.skip(":"), let second = reader.number(2),
      (1...12).contains(month), dayOfMonth >= 1, hour < 24, minute < 60,
      // 60 is a leap second, which counts as the first of the next minute.
      second <= 60
    else { return nil }
    let days = Self.days(year: year, month: month, day: dayOfMonth)
    guard Self.date(days).day == dayOfMonth, let fraction = reader.fraction(), let offset = reader.offset()
    else { return nil }
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
    let milliseconds = seconds * 1000 + fraction
    guard reader.isAtEnd, Self.representable.contains(milliseconds) else { return nil }
    self.init(milliseconds: milliseconds)
  }

  // Days since 1970 to dates and back after Howard Hinnant, "chrono-compatible low-level date
  // algorithms" (2013): years begin in March, eras have 400 years.

  private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1
    )
  }

  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

/// Reads the fields of a time from bytes, one after the other.
private struct DigitReader {
  let bytes: [UInt8]
  private var index = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { index == bytes.count }

  private var digit: Int64? {
    guard index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else {
      return nil
    }
    return Int64(bytes[index] - UInt8(ascii: "0"))
  }

  mutating func number(_ count: Int) -> Int64? {
    var number: Int64 = 0
    for _ in 0..<count {
      guard let digit else { return nil }
      number = number * 10 + digit
      index += 1
    }
    return number
  }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  /// Milliseconds, rounded; 0 where there is no fraction, `nil` for a point without digits.
  mutating func fraction() -> Int64? {
    guard skip(".") else { return 0 }
    var tenThousandths: Int64 = 0
    var count = 0
    while let digit {
      if count < 4 { tenThousandths = tenThousandths * 10 + digit }
      count += 1
      index += 1
    }
    if count == 0 { return nil }
    for _ in min(count, 4)..<4 { tenThousandths *= 10 }
    return (tenThousandths + 5) / 10
  }

  /// Minutes east of UTC.
  mutating func offset() -> Int64? {
    if skip("Z") || skip("z") { return 0 }
    let isEast = skip("+")
    guard isEast || skip("-"), let hours = number(2) else { return nil }
    _ = skip(":")
    guard let minutes = number(2), hours < 24, minutes < 60 else { return nil }
    return (isEast ? 1 : -1) * (hours * 60 + minutes)
  }
}
