/// One series' part in an incident.
package struct Symptom: Sendable {
  // Most incidents know one statement of a series, which is then first and latest at once.
  private var firstBox: Boxed<Signal>
  private var latestBox: Boxed<Signal>
  /// How many statements came.
  package var count: Int

  /// A symptom; see the fields.
  package init(first: Signal, latest: Signal, count: Int = 1) {
    firstBox = Boxed(first)
    latestBox = first == latest ? firstBox : Boxed(latest)
    self.count = count
  }

  /// A symptom of one statement.
  init(_ signal: Boxed<Signal>) {
    firstBox = signal
    latestBox = signal
    count = 1
  }

  /// The first statement, with the severity and value it opened with.
  package var first: Signal {
    get { firstBox.value }
    set { firstBox = Boxed(newValue) }
  }

  /// The latest statement.
  package var latest: Signal {
    get { latestBox.value }
    set { latestBox = Boxed(newValue) }
  }

  /// The series.
  package var fingerprint: Fingerprint { latestBox.value.fingerprint }
  /// When it was last stated.
  package var observedAt: Timestamp { latestBox.value.observedAt }
  /// Whether the series was last seen in order.
  package var isCleared: Bool { latestBox.value.state == .cleared }
}

extension Symptom: Hashable {
  package static func == (a: Symptom, b: Symptom) -> Bool {
    a.count == b.count && (a.firstBox.isSame(as: b.firstBox) || a.first == b.first)
      && (a.latestBox.isSame(as: b.latestBox) || a.latest == b.latest)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    hasher.combine(latest)
  }
}

extension Symptom: Codable {
  private enum CodingKeys: String, CodingKey { case first, latest, count }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      first: try container.decode(Signal.self, forKey: .first),
      latest: try container.decode(Signal.self, forKey: .latest),
      count: try container.decode(Int.self, forKey: .count))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(first, forKey: .first)
    try container.encode(latest, forKey: .latest)
    try container.encode(count, forKey: .count)
  }
}
