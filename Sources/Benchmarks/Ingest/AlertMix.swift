import IncidentModel

/// The alerts that everybody is fed with: the same series, in the same order, in each one's own words.
///
/// No labels join them, so every series is an alert of its own in Alertmanager and an incident of its
/// own in the coordinator.
struct AlertMix: Sendable {
  /// How many alerts.
  let count: Int
  /// How many distinct series they are about, in turn.
  let series: Int
  /// When all of them were observed.
  let now: Timestamp
  /// The number of the first series and of the first alert, to have others than somebody else.
  var first = 0

  private func labels(_ index: Int) -> (instance: String, job: String) {
    let number = first + index % series
    return ("10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255):9100", "node-\(number % 50)")
  }

  private static let metric = "request_errors_per_second"

  /// The `index`-th alert as a detector states it.
  /// - Parameter moment: when it was observed; ``now`` unless given.
  func signal(_ index: Int, at moment: Timestamp? = nil) -> Signal {
    let now = moment ?? now
    let (instance, job) = labels(index)
    let labels = ["instance": instance, "job": job]
    return Signal(
      id: "bench-\(first + index)",
      fingerprint: Fingerprint(source: "prometheus", metric: Self.metric, labels: labels),
      state: .raised, metric: Self.metric, source: "prometheus", labels: labels,
      value: 12.5, unit: "1/s",
      rule: SignalRule(
        kind: .threshold, condition: .above, threshold: 5, clearThreshold: 4,
        text: "above 5 1/s for 2 samples"),
      score: 1, severity: .high, observedAt: now, breachedSince: now - .seconds(30), detector: "bench")
  }

  /// It as `POST /aiops/alerts` takes it.
  private func alert(_ index: Int) -> String {
    let (instance, job) = labels(index)
    return """
      {"alert_id":"bench-\(index)","metric_name":"\(Self.metric)","current_value":12.5,"threshold":5,\
      "condition":"above","timestamp":"\(now.rfc3339)","resource":"\(instance)",\
      "description":"above 5 1/s for 2 samples","tags":{"job":"\(job)"}}
      """
  }

  /// It as Alertmanager's `POST /api/v2/alerts` takes it.
  private func postable(_ index: Int) -> String {
    let (instance, job) = labels(index)
    return """
      {"labels":{"alertname":"\(Self.metric)","instance":"\(instance)","job":"\(job)","severity":"high"},\
      "annotations":{"summary":"above 5 1/s for 2 samples","value":"12.5"},\
      "startsAt":"\((now - .seconds(30)).rfc3339)","generatorURL":"http://prometheus/graph"}
      """
  }

  /// Whom a request is for.
  enum Receiver { case coordinator, alertmanager }

  /// All of them as bodies of requests with `size` in each.
  func bodies(of size: Int, for receiver: Receiver) -> [[UInt8]] {
    chunks(of: size).map { range in
      let texts = range.map { receiver == .coordinator ? alert($0) : postable($0) }
      return Array(("[" + texts.joined(separator: ",") + "]").utf8)
    }
  }

  /// The indices of all alerts, `size` in each piece.
  func chunks(of size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }
}
