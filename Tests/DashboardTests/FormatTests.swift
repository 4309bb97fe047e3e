import Dashboard
import IncidentModel
import Testing

@Suite("Numbers and times for people") struct FormatTests {
  @Test(
    "values have about four digits, and large ones a unit",
    arguments: [
      (92.456, "percent", "92.46 %"), (0, "count", "0"), (1234.56, "count", "1234.6"),
      (12_345_678, "bytes", "12.35 MB"), (512, "bytes", "512 B"), (0.00123, "seconds", "0.0012 s"),
      (-3.5, "", "-3.5"), (-0.00001, "", "0"), (.infinity, "count", "∞"), (.nan, "count", "no number"),
    ] as [(Double, String, String)])
  func values(value: Double, unit: String, text: String) {
    #expect(Format.value(value, unit) == text)
  }

  @Test(
    "durations have two units at the most",
    arguments: [
      (0, "0 s"), (59, "59 s"), (61, "1m 1s"), (7_500, "2h 5m"), (273_600, "3d 4h"), (-5, "0 s"),
    ])
  func durations(seconds: Int, text: String) { #expect(Format.duration(.seconds(seconds)) == text) }
}
