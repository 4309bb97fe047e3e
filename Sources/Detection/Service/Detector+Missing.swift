import IncidentModel

extension Detector {
  /// What became of the series that the last collection did not bring, or only in a way that can't be judged.
  ///
  /// A raised series that its source reports no more is unknown, and unknown is not recovered: it is never
  /// cleared. After ``Limits/vanishedAfter`` collections it is said once more, as raised, with the value and time of
  /// the last sample and a rule that says so; then there is silence until it is reported again, and people or
  /// timers decide. Quiet ones are forgotten after a while, raised ones after a much longer one (and counted in
  /// ``Statistics/forgotten``), so that names which come and go can't fill the memory.
  mutating func missing(_ memory: inout SourceMemory, at now: Timestamp) -> [Signal] {
    var vanished: [SourceMemory.Key] = []
    var stale: [SourceMemory.Key] = []
    for (key, series) in memory.series where series.collection != memory.collections {
      let isRaised = series.state.alarm != nil
      let missed = memory.collections - series.collection
      if isRaised, !series.isSaidMissing, missed >= limits.vanishedAfter { vanished.append(key) }
      let patience = isRaised ? limits.forgetRaisedAfter : limits.forgetQuietAfter
      if missed >= limits.vanishedAfter, now - series.touchedAt > patience { stale.append(key) }
    }
    guard !vanished.isEmpty || !stale.isEmpty else { return [] }
    let signals = vanished.compactMap { key -> Signal? in
      memory.series[key]?.isSaidMissing = true
      return memory.series[key]?.state.alarm?.last
    }.sorted { $0.fingerprint < $1.fingerprint }.map { last in
      var signal = last
      signal.id = ids.next()
      signal.detector = name
      signal.rule.text +=
        "; its source reports it no more, the last time at \(last.observedAt.rfc3339): unknown, not recovered"
      return signal
    }
    for key in stale {
      guard let series = memory.series.removeValue(forKey: key) else { continue }
      seriesCount -= 1
      if series.state.alarm != nil { statistics.forgotten.append(series.fingerprint) }
    }
    return signals
  }
}
