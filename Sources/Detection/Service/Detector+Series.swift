import IncidentModel

extension Detector {
  /// Leads a sample through the graph with the memory of its series.
  mutating func judge(
    _ sample: Sample, _ memory: inout SourceMemory, at now: Timestamp, _ signals: inout [Signal]
  ) {
    guard let rule = memory.rules[sample.name], !rule.isEmpty else {
      // No rule, no memory; it travels all the same, and ends in `quiet`.
      route(sample, sample.fingerprint, SeriesRule(), SeriesState(), note: nil, at: now, &signals)
      return
    }
    let key = SourceMemory.Key(sample)
    guard let place = memory.series.index(forKey: key) else {
      return begin(key, sample, rule, &memory, at: now, &signals)
    }
    // Taken out and put back, so that the window has one owner and is changed in place.
    var state = SeriesState()
    swap(&state, &memory.series.values[place].state)
    let outcome = route(
      sample, memory.series.values[place].fingerprint, rule, consume state, note: nil, at: now,
      &signals)
    memory.series.values[place].state = outcome.state
    if outcome.isJudged {
      memory.series.values[place].collection = memory.collections
      memory.series.values[place].touchedAt = now
      memory.series.values[place].isSaidMissing = false
    }
  }

  /// The first sample of a series; one that can't be judged begins none.
  private mutating func begin(
    _ key: SourceMemory.Key, _ sample: Sample, _ rule: SeriesRule, _ memory: inout SourceMemory,
    at now: Timestamp, _ signals: inout [Signal]
  ) {
    guard seriesCount < limits.series else {
      statistics.noRoom += 1
      return
    }
    let fingerprint = sample.fingerprint
    let outcome = route(
      sample, fingerprint, rule, SeriesState(for: rule), note: nil, at: now, &signals)
    guard outcome.isJudged else { return }
    seriesCount += 1
    memory.series[key] = SourceMemory.Series(
      fingerprint: fingerprint, state: outcome.state, collection: memory.collections, touchedAt: now)
  }

  /// Leads each `source_up` through the graph.
  /// - Parameter failure: why the whole source (`nil`) or a query of it was not measured; `nil` when it was.
  mutating func judgeSource(
    _ memory: inout SourceMemory, at now: Timestamp, _ signals: inout [Signal],
    failure: (String?) -> String?
  ) {
    var isAnyUp = false
    for query in memory.part.queries {
      guard let up = memory.ups[query] else { continue }
      let note = failure(query)
      if note == nil { isAnyUp = true }
      let sample = memory.upSample(query, isUp: note == nil, at: now)
      let outcome = route(sample, up.fingerprint, memory.upRule, up.state, note: note, at: now, &signals)
      memory.ups[query]?.state = outcome.state
    }
    guard isAnyUp, let older = memory.olderUp else { return }
    let sample = SourceUp.sample(true, of: memory.settings, at: now)
    let outcome = route(sample, older.fingerprint, memory.upRule, older.state, note: nil, at: now, &signals)
    if outcome.state.alarm == nil { memory.olderUp = nil } else { memory.olderUp?.state = outcome.state }
  }

  @discardableResult
  private mutating func route(
    _ sample: Sample, _ fingerprint: Fingerprint, _ rule: SeriesRule, _ state: consuming SeriesState,
    note: String?, at now: Timestamp, _ signals: inout [Signal]
  ) -> (state: SeriesState, isJudged: Bool) {
    var context = DetectionContext(
      sample: sample, fingerprint: fingerprint, rule: rule, now: now, detector: name, note: note,
      state: state, ids: ids)
    graph.route(&context)
    ids = context.ids
    if let refusal = context.refusal { statistics.refused[refusal, default: 0] += 1 }
    if !context.signals.isEmpty { signals += context.signals }
    return (context.state, context.refusal == nil)
  }
}
