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

    /// What has a `source_up` of its own, in order: the whole source (`nil`), or each query, which others ask
    /// elsewhere with another outcome.
    var queries: [String?] {
      switch self {
      case .all: [nil]
      case .metrics(let metrics): metrics.sorted().map(Optional.some)
      }
    }
  }

  let settings: SourceSettings
  let host: String?
  var part = Part.all {
    didSet { fitUps() }
  }
  let rules: [String: SeriesRule]
  let upRule: SeriesRule
  /// Each `source_up`, by ``Part/queries``.
  var ups: [String?: Series] = [:]
  /// What an older version raised, which named neither machine nor query: cleared here, and never raised again.
  var olderUp: Series?
  var series: [Key: Series] = [:]
  /// How many collections succeeded.
  var collections = 0

  init(_ source: SourceSettings, host: String?, refreshSeconds: Double, saysFirstGood: Bool) {
    settings = source
    self.host = host
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
    fitUps()
  }

  /// Begins a `source_up` for all that is watched by now, and forgets the others.
  private mutating func fitUps() {
    let queries = part.queries
    ups = ups.filter { queries.contains($0.key) }
    let beginning = Timestamp(milliseconds: 0)
    for query in queries where ups[query] == nil {
      ups[query] = freshUp(upSample(query, isUp: true, at: beginning).fingerprint, at: beginning)
    }
    if queries.isEmpty { olderUp = nil }
  }

  /// A `source_up` of which nothing is known.
  func freshUp(_ fingerprint: Fingerprint, at now: Timestamp) -> Series {
    Series(fingerprint: fingerprint, state: SeriesState(for: upRule), collection: 0, touchedAt: now)
  }

  /// Whether the source, or one query of it, was measured.
  func upSample(_ query: String?, isUp: Bool, at now: Timestamp) -> Sample {
    SourceUp.sample(isUp, of: settings, query: query, host: host, at: now)
  }

  /// The sample as an older version named it, without its machine; `nil` where nothing of then stands.
  func asBefore(_ sample: Sample) -> Sample? {
    guard case .host = settings.kind, sample.labels[Label.host] != nil else { return nil }
    var older = sample
    older.labels[Label.host] = nil
    return series[Key(older)]?.state.alarm == nil ? nil : older
  }

  /// What is raised.
  var raised: [Fingerprint] {
    let all = Array(series.values) + Array(ups.values) + [olderUp].compactMap { $0 }
    return all.filter { $0.state.alarm != nil }.map(\.fingerprint)
  }
}
