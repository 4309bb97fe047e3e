package import IncidentModel
package import MessageBus

/// Sharing the sources out among detectors: taking a shard over, and giving it away with what was learned.
extension Detector {
  /// Watches nothing until it is told to.
  package mutating func watchNothing() {
    for name in sources.keys { sources[name]?.part = .nothing }
  }

  /// Takes a shard over, or, when it is watched here already, what another detector knew of it.
  ///
  /// Nothing that is known here is given up for what another one knew, but for a shorter past. An alarm that only
  /// the other one knew, or the journal, stands here from now on, and is cleared here when its trouble is over.
  /// - Parameters:
  ///   - shard: a shard of a configured source; another one changes nothing.
  ///   - memory: what ``memory(of:)`` of another detector gave; what can't be read is left out.
  ///   - standing: signals that were raised and not cleared, by the journal.
  ///   - now: when it is taken over.
  /// - Returns: the alarms that are known by this.
  package mutating func watch(
    _ shard: Shard, memory bytes: [UInt8], standing: [Signal], at now: Timestamp
  ) -> [Signal] {
    guard var memory = sources.removeValue(forKey: shard.target) else { return [] }
    defer { sources[shard.target] = memory }
    switch (memory.part, shard.metric) {
    case (_, nil): memory.part = .all
    case (.metrics(let metrics), let metric?): memory.part = .metrics(metrics.union([metric]))
    case (.all, _?): break
    }
    var adopted: [Signal] = []
    for record in ShardRecords.decode(bytes) { take(record, of: shard, &memory, at: now, &adopted) }
    for signal in standing where shard.covers(signal) { take(signal, of: shard, &memory, at: now, &adopted) }
    return adopted
  }

  /// Gives a shard away.
  /// - Returns: what is known of it, and the series that it has.
  package mutating func unwatch(_ shard: Shard) -> (memory: [UInt8], series: [Fingerprint]) {
    let bytes = self.memory(of: shard)
    guard var memory = sources.removeValue(forKey: shard.target) else { return (bytes, []) }
    defer { sources[shard.target] = memory }
    let ups = memory.ups
    switch (memory.part, shard.metric) {
    case (.metrics(let metrics), let metric?): memory.part = .metrics(metrics.subtracting([metric]))
    case (_, nil), (.all, _?): memory.part = .nothing
    }
    var gone: [Fingerprint] = []
    memory.series = memory.series.filter { key, series in
      if memory.part.contains(key.name) { return true }
      gone.append(series.fingerprint)
      return false
    }
    seriesCount -= gone.count
    gone += ups.filter { memory.ups[$0.key] == nil }.map(\.value.fingerprint)
    return (bytes, gone.sorted())
  }

  /// What is known of a shard, for another detector; empty for none of a configured source.
  package func memory(of shard: Shard) -> [UInt8] {
    guard let memory = sources[shard.target] else { return [] }
    var records: [SeriesRecord] = []
    if let up = memory.ups[shard.metric] {
      let sample = memory.upSample(shard.metric, isUp: true, at: Timestamp(milliseconds: 0))
      records.append(
        SeriesRecord(source: sample.source, metric: sample.name, labels: sample.labels, state: up.state))
    }
    let series = memory.series.filter { shard.metric == nil || $0.key.name == shard.metric }
    records += series.sorted { $0.value.fingerprint < $1.value.fingerprint }.map { key, series in
      SeriesRecord(source: key.source, metric: key.name, labels: key.labels, state: series.state)
    }
    return ShardRecords.encode(records)
  }

  // MARK: Taking over

  private mutating func take(
    _ record: SeriesRecord, of shard: Shard, _ memory: inout SourceMemory, at now: Timestamp,
    _ adopted: inout [Signal]
  ) {
    guard record.labels[Label.target] == shard.target else { return }
    let fingerprint = Fingerprint(source: record.source, metric: record.metric, labels: record.labels)
    var state = record.state.notAfter(now)
    if state.alarm.map({ $0.last.fingerprint != fingerprint }) ?? false { state.alarm = nil }
    if memory.ups[shard.metric]?.fingerprint == fingerprint {
      memory.ups[shard.metric]?.state.take(state, by: memory.upRule, &adopted)
      return
    }
    guard record.metric != SourceUp.metric, shard.metric.map({ $0 == record.metric }) ?? true,
      let place = place(record.key, fingerprint, &memory, at: now), let rule = memory.rules[record.metric]
    else { return }
    memory.series.values[place].state.take(state, by: rule, &adopted)
  }

  private mutating func take(
    _ signal: Signal, of shard: Shard, _ memory: inout SourceMemory, at now: Timestamp,
    _ adopted: inout [Signal]
  ) {
    guard signal.state == .raised else { return }
    if memory.ups[shard.metric]?.fingerprint == signal.fingerprint {
      memory.ups[shard.metric]?.state.take(signal, by: memory.upRule, &adopted)
      return
    }
    if signal.metric == SourceUp.metric {
      let older = SourceUp.sample(true, of: memory.settings, at: now).fingerprint
      guard signal.fingerprint == older, !memory.ups.isEmpty else { return }
      var up = memory.olderUp ?? memory.freshUp(older, at: now)
      up.state.take(signal, by: memory.upRule, &adopted)
      memory.olderUp = up
      return
    }
    let key = SourceMemory.Key(source: signal.source, name: signal.metric, labels: signal.labels)
    guard Fingerprint(source: key.source, metric: key.name, labels: key.labels) == signal.fingerprint,
      let place = place(key, signal.fingerprint, &memory, at: now), let rule = memory.rules[key.name]
    else { return }
    memory.series.values[place].state.take(signal, by: rule, &adopted)
  }

  /// Where a series is remembered; `nil` when it can't be, because no rule speaks of it or there is no room.
  private mutating func place(
    _ key: SourceMemory.Key, _ fingerprint: Fingerprint, _ memory: inout SourceMemory, at now: Timestamp
  ) -> Dictionary<SourceMemory.Key, SourceMemory.Series>.Values.Index? {
    if let place = memory.series.index(forKey: key) { return place }
    guard let rule = memory.rules[key.name], !rule.isEmpty, seriesCount < limits.series else { return nil }
    seriesCount += 1
    memory.series[key] = SourceMemory.Series(
      fingerprint: fingerprint, state: SeriesState(for: rule), collection: memory.collections, touchedAt: now)
    return memory.series.index(forKey: key)
  }
}
