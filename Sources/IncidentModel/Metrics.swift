/// One value of one series at one time.
package struct Sample: Hashable, Sendable, Codable {
  /// The metric's name, e.g. `database_connection_usage`.
  package var name: String
  /// What tells this series from its sisters; ``Label/target`` names the configured source.
  package var labels: [String: String]
  /// The value, in ``unit``; a source may hand over NaN, detectors refuse it.
  package var value: Double
  /// `percent`, `count`, `seconds`, `bytes`, `ratio` or `bool`.
  package var unit: String
  /// The kind of system that was measured: `host`, `postgresql`, `redis`, `prometheus`, `http`.
  package var source: String
  /// When it was measured.
  package var timestamp: Timestamp

  /// A sample; see the fields.
  package init(
    name: String, labels: [String: String], value: Double, unit: String, source: String,
    timestamp: Timestamp
  ) {
    self.name = name
    self.labels = labels
    self.value = value
    self.unit = unit
    self.source = source
    self.timestamp = timestamp
  }

  /// What this sample's series is called everywhere.
  package var fingerprint: Fingerprint {
    Fingerprint(source: source, metric: name, labels: labels)
  }
}

/// Label names that the system itself gives a meaning.
package enum Label {
  /// The name of the configured source that a series came from.
  package static let target = "target"
  /// The machine that a series of a `host` source was measured on: many may have a source of one name.
  package static let host = "host"
  /// The metric of the one query that a source's `source_up` is about; without it, it is about the whole source.
  package static let query = "query"
}

/// A metric as an incident carries it, with the threshold it was held against.
package struct HealthMetric: Hashable, Sendable, Codable {
  /// The metric's name.
  package var name: String
  /// Its value, in ``unit``.
  package var value: Double
  /// The bound it was held against, in ``unit``.
  package var threshold: Double
  /// The unit of value and threshold.
  package var unit: String
  /// When it was measured.
  package var timestamp: Timestamp
  /// The kind of system it came from.
  package var source: String
  /// Whether it was in order; true unless said.
  package var healthy: Bool

  /// A metric; see the fields.
  package init(
    name: String, value: Double, threshold: Double, unit: String, timestamp: Timestamp,
    source: String, healthy: Bool = true
  ) {
    self.name = name
    self.value = value
    self.threshold = threshold
    self.unit = unit
    self.timestamp = timestamp
    self.source = source
    self.healthy = healthy
  }
}

/// The stable identity of what a signal or an alert is about: source, metric and labels, without the value.
///
/// Kept as readable text, `postgresql/database_connection_usage{target="shop-db"}`,
/// because it is shown to people; labels are in the order of their names.
package struct Fingerprint: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The canonical text.
  package var text: String

  /// A fingerprint that was made before.
  package init(text: String) { self.text = text }

  /// The fingerprint of a series.
  package init(source: String, metric: String, labels: [String: String]) {
    var text = source + "/" + metric
    if !labels.isEmpty {
      var separator = "{"
      for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
        text += separator
        text += key
        text += "=\""
        text += Self.escaped(value)
        text += "\""
        separator = ","
      }
      text += "}"
    }
    self.text = text
  }

  /// A label's value with what would end it escaped; hardly any has such a character.
  private static func escaped(_ value: String) -> String {
    func isSpecial(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\"") }
    guard value.utf8.contains(where: isSpecial) else { return value }
    return value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }

  package var description: String { text }
  package static func < (a: Fingerprint, b: Fingerprint) -> Bool { a.text < b.text }
}

extension Fingerprint: Codable {
  package init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
