import IncidentModel
import Testing

@Suite("A timestamp")
struct TimestampTests {
  @Test("is written as RFC 3339 in UTC and read back, whatever the moment", arguments: 0..<4)
  func roundTrip(seed: UInt64) {
    var numbers = SeededNumbers(state: seed)
    for _ in 0..<200 {
      let moment = Timestamp(
        milliseconds: Int64.random(in: -62_135_596_800_000...253_402_300_799_000, using: &numbers))
      #expect(Timestamp(rfc3339: moment.rfc3339) == moment, "\(moment.rfc3339)")
    }
  }

  @Test(
    "is read with or without a fraction and with an offset",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.250Z", 250), ("1970-01-01T01:00:00+01:00", 0),
      ("2026-11-23T08:53:00.000Z", 1_795_423_980_000), ("2026-11-23t08:53:00.0004999z", 1_795_423_980_000),
      ("2026-11-23T08:53:00.0005-00:30", 1_795_425_780_001), ("1972-06-30T23:59:60Z", 78_796_800_000),
      ("2024-02-29T12:00:00Z", 1_709_208_000_000), ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ])
  func reading(text: String, milliseconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
  }

  @Test(
    "is not read from anything else",
    arguments: [
      "", "yesterday", "2026-11-23", "1795596780", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
      "2026-11-23T24:00:00Z", "2026-11-23T08:53:00", "2026-11-23T08:53:00.Z", "2026-11-23T08:53:00Zx",
      "2026-00-10T00:00:00Z", "0000-12-31T00:00:00Z", "2026-11-23T08:53:00+1:00",
      String(repeating: "1", count: 1000),
    ])
  func refusing(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test("that is absurd stops nothing: it is written as the nearest that can be, and sums end at the bounds")
  func absurd() {
    let first = Timestamp(milliseconds: .min)
    let last = Timestamp(milliseconds: .max)
    #expect(first.rfc3339 == "0001-01-01T00:00:00.000Z")
    #expect(last.rfc3339 == "9999-12-31T23:59:59.999Z")
    #expect(last - first == .milliseconds(Int64.max) && first - last == .milliseconds(Int64.min))
    #expect(last + .seconds(1) == last && first - .seconds(1) == first)
    for seconds in [Double.nan, .infinity, -.infinity, 1e300, -1e300] {
      #expect(Timestamp(rfc3339: Timestamp(seconds: seconds).rfc3339) != nil)
    }
    #expect(Timestamp(seconds: 1.2345).milliseconds == 1235)
  }

  @Test("moves by durations and tells the time between two")
  func arithmetic() {
    let moment = Timestamp(milliseconds: 1000)
    #expect(moment + .seconds(2) - moment == .seconds(2))
    #expect((moment - .milliseconds(1500)).milliseconds == -500)
    #expect(moment < moment + .milliseconds(1))
  }
}

@Suite("A severity")
struct SeverityTests {
  @Test(
    "follows from the ratio of value and threshold",
    arguments: [
      (121, Severity.critical), (120, .high), (97, .high), (96, .medium), (81, .medium), (-5, .medium),
    ])
  func above(value: Double, severity: Severity) {
    #expect(Severity(value: value, threshold: 80) == severity)
  }

  @Test("turns the ratio round below a bound, and has none where values must be equal")
  func below() {
    #expect(Severity(value: 0, threshold: 1, condition: .below) == .critical)
    #expect(Severity(value: 80, threshold: 90, condition: .below) == .medium)
    #expect(Severity(value: 50, threshold: 90, condition: .below) == .critical)
    #expect(Severity(value: 500, threshold: 1, condition: .equals) == .medium)
    #expect(Severity(value: .nan, threshold: 1) == .medium)
  }

  @Test("is ordered from info to critical")
  func order() {
    #expect(Severity.allCases.sorted() == [.info, .low, .medium, .high, .critical])
  }

  @Test("a condition never holds for NaN")
  func nan() {
    for condition in Condition.allCases { #expect(!condition.holds(.nan, 1) && !condition.holds(1, .nan)) }
  }
}

@Suite("An identity")
struct IdentityTests {
  @Test("of a series doesn't depend on the order of its labels, and labels can't imitate one another")
  func fingerprints() {
    let one = Fingerprint(source: "host", metric: "m", labels: ["b": "2", "a": "1"])
    #expect(one.text == "host/m{a=\"1\",b=\"2\"}")
    #expect(Fingerprint(source: "host", metric: "m", labels: [:]).text == "host/m")
    let forged = Fingerprint(source: "host", metric: "m", labels: ["a": "1\",b=\"2"])
    #expect(forged != one)
  }

  @Test(
    "of an incident is INC- and eight upper-case hexadecimal digits", arguments: [0, 1, 0x1A2B_3C4D, .max])
  func incidents(number: UInt32) {
    let id = IncidentID(number: number)
    #expect(IncidentID(id.text) == id)
    #expect(id.text.utf8.count == 12)
  }

  @Test(
    "of an incident is nothing else",
    arguments: ["", "INC-", "INC-1A2B3C4", "INC-1A2B3C4DE", "inc-1A2B3C4D", "INC-1a2b3c4d", "INC-1A2B3C4\n"])
  func wrongIncidents(text: String) {
    #expect(IncidentID(text) == nil)
  }
}
