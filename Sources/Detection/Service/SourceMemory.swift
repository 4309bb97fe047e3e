import IncidentModel
import Settings

/// What a detector knows of one source.
struct SourceMemory: Sendable {
  /// What tells the series of a source apart; unlike a fingerprint it costs no new text for each sample.
  struct Key: Hashable, Sendable {
    var source: String
    var name: String
    var labels: [String: String]

    init(_ sample: Sample) {
      self.init(source: sample.source, name: sample.name, labels: sample.labels)
    }

    init(source: String, name: String, labels: [String: String]) {
      self.source = source
      self.name = name
      self.labels = labels
    }
  }

  /// One series.
  struct Series: Sendable {
    let fingerprint: Fingerprint
    var state: SeriesState
    /// The last collection that brought a sample that could be judged.
    var collection: Int
    /// When that was.
    var touchedAt: Timestamp
    /// Whether it was said that the series is not reported any more.
    var isSaidMissing = false
  }

  /// What of a source is watched here; the rest is another detector's.
  enum Part: Hashable, Sendable {
    case all
    /// Those of its queries that have these metrics, perhaps none.
    case metrics(Set<String>)

    static let nothing = Part.metrics([])

    func contains(_ metric: String) -> Bool {
      switch self {
      case .all: true
      case .metrics(let metrics): metrics.contains(metric)
      }
    }
  }

  let settings: SourceSettings
  var part = Part.all
  let rules: [String: SeriesRule]
  let upRule: SeriesRule
  var up: Series
  var series: [Key: Series] = [:]
  /// How many collections succeeded.
  var collections = 0

  init(_ source: SourceSettings, refreshSeconds: Double, saysFirstGood: Bool) {
    settings = source
    var rules: [String: SeriesRule] = [:]
    // Of two rules for one metric the later one is meant: it stands further down in the config.
    for rule in source.rules {
      var ready = SeriesRule(rule, of: source, refreshSeconds: refreshSeconds)
      ready.saysFirstGood = saysFirstGood
      rules[rule.metric] = ready
    }
    self.rules = rules
    var upRule = SeriesRule(measurabilityOf: source, refreshSeconds: refreshSeconds)
    upRule.saysFirstGood = saysFirstGood
    self.upRule = upRule
    up = Self.freshUp(source, upRule)
  }

  private static func freshUp(_ source: SourceSettings, _ rule: SeriesRule) -> Series {
    let beginning = Timestamp(milliseconds: 0)
    return Series(
      fingerprint: SourceUp.sample(true, of: source, at: beginning).fingerprint,
      state: SeriesState(for: rule), collection: 0, touchedAt: beginning)
  }

  /// Forgets whether the source could be measured.
  mutating func forgetUp() { up = Self.freshUp(settings, upRule) }
}
