import Threads

/// The series of one metric. Cheap enough for every signal and request.
package final class MetricFamily: Sendable {
  /// What Prometheus calls the type.
  enum Kind: String, Sendable { case counter, gauge, histogram }

  private struct Histogram {
    /// Observations by bucket, not cumulated; the last is for what is above every bound.
    var counts: [UInt64]
    var sum = 0.0
  }

  private struct Series {
    var numbers: [[String]: Double] = [:]
    var histograms: [[String]: Histogram] = [:]
    var overflowed: UInt64 = 0
  }

  let name: String
  let help: String
  let kind: Kind
  let labels: [String]
  let buckets: [Double]
  private let maxSeries: Int
  private let series = Locked(Series())

  init(
    name: String, help: String, kind: Kind, labels: [String], buckets: [Double], maxSeries: Int
  ) {
    self.name = name
    self.help = help
    self.kind = kind
    self.labels = labels
    self.buckets = buckets
    self.maxSeries = maxSeries
    // A metric without labels is there from the start, so that a rate over it is right.
    if labels.isEmpty {
      switch kind {
      case .counter: add(0)
      case .gauge: set(0)
      case .histogram:
        let empty = [UInt64](repeating: 0, count: buckets.count + 1)
        series.withLock { $0.histograms[[]] = Histogram(counts: empty) }
      }
    }
  }

  /// How many updates went to the `other` series because there are too many.
  var overflowed: UInt64 { series.withLock { $0.overflowed } }

  /// Adds to a counter (never less than 0) or gauge.
  package func add(_ amount: Double = 1, _ values: String...) {
    guard kind != .histogram, amount.isFinite, kind == .gauge || amount >= 0 else { return }
    let key = key(values)
    let maxSeries = maxSeries
    series.withLock { series in
      let key = Self.bounded(key, in: series.numbers, maxSeries, &series.overflowed)
      series.numbers[key, default: 0] += amount
    }
  }

  /// Sets a gauge, or a counter that is counted elsewhere.
  package func set(_ value: Double, _ values: String...) {
    guard kind != .histogram else { return }
    let key = key(values)
    let maxSeries = maxSeries
    series.withLock { series in
      let key = Self.bounded(key, in: series.numbers, maxSeries, &series.overflowed)
      series.numbers[key] = value
    }
  }

  /// Forgets every series, before a gauge is set anew from a table.
  package func removeAll() {
    series.withLock { series in
      series.numbers = [:]
      series.histograms = [:]
    }
  }

  /// Observes a value in a histogram; NaN is nothing to observe.
  package func observe(_ value: Double, _ values: String...) {
    guard kind == .histogram, !value.isNaN else { return }
    let key = key(values)
    let maxSeries = maxSeries
    let index = buckets.firstIndex { value <= $0 } ?? buckets.count
    let empty = Histogram(counts: [UInt64](repeating: 0, count: buckets.count + 1))
    series.withLock { series in
      let key = Self.bounded(key, in: series.histograms, maxSeries, &series.overflowed)
      series.histograms[key, default: empty].counts[index] += 1
      series.histograms[key, default: empty].sum += value
    }
  }

  /// As many values as there are labels, each of bounded length.
  private func key(_ values: [String]) -> [String] {
    labels.indices.map { index in
      index < values.count ? String(decoding: values[index].utf8.prefix(256), as: UTF8.self) : ""
    }
  }

  private static func bounded<T>(
    _ key: [String], in series: [[String]: T], _ maxSeries: Int, _ overflowed: inout UInt64
  ) -> [String] {
    if series.count < maxSeries || series[key] != nil { return key }
    overflowed += 1
    return key.map { _ in "other" }
  }

  /// Appends the text exposition format 0.0.4.
  func write(to text: inout String) {
    text += "# HELP \(name) \(help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))\n"
    text += "# TYPE \(name) \(kind.rawValue)\n"
    let (numbers, histograms) = series.withLock { ($0.numbers, $0.histograms) }
    for (key, value) in numbers.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      text += "\(name)\(labelText(key)) \(Self.number(value))\n"
    }
    for (key, histogram) in histograms.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      var total: UInt64 = 0
      for (index, count) in histogram.counts.enumerated() {
        total += count
        let bound = index < buckets.count ? Self.number(buckets[index]) : "+Inf"
        text += "\(name)_bucket\(labelText(key, extra: ("le", bound))) \(total)\n"
      }
      text += "\(name)_sum\(labelText(key)) \(Self.number(histogram.sum))\n"
      text += "\(name)_count\(labelText(key)) \(total)\n"
    }
  }

  private func labelText(_ values: [String], extra: (String, String)? = nil) -> String {
    var pairs = zip(labels, values).map { "\($0)=\"\(Self.escaped($1))\"" }
    if let extra { pairs.append("\(extra.0)=\"\(extra.1)\"") }
    return pairs.isEmpty ? "" : "{" + pairs.joined(separator: ",") + "}"
  }

  static func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
  }
}
