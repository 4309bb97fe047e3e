import IncidentModel

/// A stretch of numbers on a stretch of pixels, with ticks at round places.
struct Scale {
  let low: Double
  let high: Double
  let start: Double
  let end: Double
  let ticks: [Double]

  /// Where a number lies.
  func callAsFunction(_ value: Double) -> Double { start + (value - low) / (high - low) * (end - start) }

  /// A scale for values, which begins at 0 where that is near.
  static func values(_ values: [Double], start: Double, end: Double) -> Scale {
    var low = values.min() ?? 0
    var high = values.max() ?? 1
    if low >= 0, low < high * 0.6 || high == 0 { low = 0 }
    if high <= low {
      let margin = max(abs(low) * 0.1, 1)
      (low, high) = (low - margin, high + margin)
    }
    let step = roundStep((high - low) / 5)
    // Numbers beyond what can be told apart give a step of no use.
    guard step.isFinite, step > 0, low + step > low, high - step < high else {
      return Scale(low: low, high: high, start: start, end: end, ticks: [low, high])
    }
    let first = (low / step).rounded(.down)
    let last = ((high + (high - low) * 0.02) / step).rounded(.up)
    let ticks = (0...Int(min(max(last - first, 1), 12))).map { (first + Double($0)) * step }
    return Scale(low: first * step, high: ticks.last ?? high, start: start, end: end, ticks: ticks)
  }

  /// 1, 2 or 5 times a power of ten, no less than `rough`.
  private static func roundStep(_ rough: Double) -> Double {
    guard rough.isFinite, rough > 0 else { return 0 }
    var power = 1.0
    while power * 10 <= rough { power *= 10 }
    while power > rough { power /= 10 }
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? power * 10
  }

  private static let timeSteps: [Double] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800, 2_592_000, 31_536_000, 315_360_000,
  ]

  /// A scale for moments, in seconds since 1970.
  static func times(from first: Timestamp, to last: Timestamp, start: Double, end: Double) -> Scale {
    let span = max(last.seconds - first.seconds, 10)
    let low = first.seconds - span * 0.02
    let high = first.seconds + span * 1.02
    // Dates take more room than times of day.
    let most = span > 20 * 3600 ? 4.0 : 7
    let step = timeSteps.first { (high - low) / $0 <= most } ?? (high - low) / 4
    var ticks: [Double] = []
    var tick = (low / step).rounded(.up) * step
    while tick <= high, ticks.count < 8 {
      ticks.append(tick)
      tick += step
    }
    return Scale(low: low, high: high, start: start, end: end, ticks: ticks)
  }
}

/// The outline of something drawn.
package struct PlotPath: Sendable {
  private(set) var text = ""

  mutating func move(_ x: Double, _ y: Double) { add("M", x, y) }
  mutating func line(_ x: Double, _ y: Double) { add("L", x, y) }

  private mutating func add(_ command: String, _ x: Double, _ y: Double) {
    text += "\(command)\(Format.decimal(x, places: 1)) \(Format.decimal(y, places: 1))"
  }
}
