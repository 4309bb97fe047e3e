package import Collection
package import IncidentModel
package import Settings

/// What one look at every source brought: for people who check a config.
package struct OnceReport: Sendable {
  /// One source's answer.
  package struct Entry: Sendable {
    /// The source's name.
    package let source: String
    /// What was measured; empty when it failed.
    package let samples: [Sample]
    /// Why it failed; `nil` when it did not.
    package let failure: String?
    let thresholds: [String: ThresholdDetector]
  }

  /// The answers, in the order of the config.
  package let entries: [Entry]

  /// Whether every source was measured.
  package var isComplete: Bool { entries.allSatisfy { $0.failure == nil } }

  /// Measures every source once, all at the same time, each bounded by its own timeout.
  package static func take(
    _ sources: [SourceSettings], clock: any Clock<Duration> = ContinuousClock(), at now: Timestamp,
    collectors: (SourceSettings) -> any Collector = makeCollector(for:)
  ) async -> OnceReport {
    let probes = sources.map { SourceProbe(collectors($0)) }
    let outcomes = await withTaskGroup(of: (Int, SourceProbe.Outcome).self) { group in
      for (index, probe) in probes.enumerated() {
        let timeout = Duration.seconds(sources[index].timeoutSeconds)
        group.addTask {
          let outcome = await probe.collect(at: now, within: timeout, on: clock)
          await probe.close()
          return (index, outcome)
        }
      }
      return await group.reduce(into: [Int: SourceProbe.Outcome]()) { $0[$1.0] = $1.1 }
    }
    return OnceReport(
      entries: sources.enumerated().map { index, source in
        Entry(source, outcomes[index] ?? .cancelled)
      })
  }

  /// A table with one line a sample, and one for each source that failed.
  package var table: String {
    var rows = [["SOURCE", "METRIC", "LABELS", "VALUE", "UNIT", "RULE"]]
    for entry in entries {
      if let failure = entry.failure {
        rows.append([entry.source, SourceUp.metric, "", "0", "bool", "FAILED: \(failure)"])
      }
      for sample in entry.samples {
        let labels = sample.labels.filter { $0.key != Label.target }.sorted { $0.key < $1.key }
        rows.append([
          entry.source, sample.name,
          labels.map { "\($0.key)=\($0.value)" }.joined(separator: ","), sample.value.brief, sample.unit,
          entry.verdict(sample),
        ])
      }
      if entry.failure == nil, entry.samples.isEmpty {
        rows.append([entry.source, "(no samples)", "", "", "", ""])
      }
    }
    rows = rows.map { $0.map { $0.oneLine(limit: 300) } }
    let widths = (0..<6).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 3 ? padding + cell : cell + padding
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n") + "\n"
  }
}

extension OnceReport.Entry {
  init(_ source: SourceSettings, _ outcome: SourceProbe.Outcome) {
    self.source = source.name
    var thresholds: [String: ThresholdDetector] = [:]
    for rule in source.rules { thresholds[rule.metric] = rule.threshold.map(ThresholdDetector.init) }
    self.thresholds = thresholds
    switch outcome {
    case .samples(let samples): (self.samples, failure) = (samples, nil)
    case .failed(let reason): (samples, failure) = ([], reason)
    case .cancelled: (samples, failure) = ([], "interrupted")
    }
  }

  fileprivate func verdict(_ sample: Sample) -> String {
    guard let threshold = thresholds[sample.name] else { return "" }
    let text = threshold.text(unit: sample.unit)
    return threshold.condition.holds(sample.value, threshold.threshold)
      ? "BREACHES \(text)" : "within; \(text)"
  }
}
