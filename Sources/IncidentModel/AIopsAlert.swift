/// A statement from an outside monitor.
///
/// When ``condition`` does not hold between value and threshold, the alert says
/// that the trouble is over.
package struct AIopsAlert: Hashable, Sendable, Codable {
  /// The monitor's own id for it.
  package var alertID: String
  /// The metric's name.
  package var metricName: String
  /// What the monitor measured.
  package var currentValue: Double
  /// The bound it holds the value against.
  package var threshold: Double
  /// On which side of the bound the trouble lies.
  package var condition: Condition
  /// When it was measured.
  package var timestamp: Timestamp
  /// What it is about; the name of a configured source makes diagnosis and verification possible.
  package var resource: String
  /// For people.
  package var description: String
  /// More that tells it from its sisters.
  package var tags: [String: String]

  /// An alert; see the fields.
  package init(
    alertID: String, metricName: String, currentValue: Double, threshold: Double,
    condition: Condition, timestamp: Timestamp, resource: String, description: String,
    tags: [String: String] = [:]
  ) {
    self.alertID = alertID
    self.metricName = metricName
    self.currentValue = currentValue
    self.threshold = threshold
    self.condition = condition
    self.timestamp = timestamp
    self.resource = resource
    self.description = description
    self.tags = tags
  }

  // `JSONCoding` turns names to and from snake_case: `alert_id` is `alertId` here.
  enum CodingKeys: String, CodingKey {
    case alertID = "alertId"
    case metricName, currentValue, threshold, condition, timestamp, resource, description, tags
  }

  /// What the alert is about: metric, resource and tags.
  package var fingerprint: Fingerprint {
    var labels = tags
    labels[Label.target] = resource
    return Fingerprint(source: "alert", metric: metricName, labels: labels)
  }

  /// The same statement in the detectors' words.
  /// - Parameter id: the signal's id; every posting of an alert is an occurrence of its own.
  package func signal(id: String) -> Signal {
    let breached = condition.holds(currentValue, threshold)
    var labels = tags
    labels[Label.target] = resource
    return Signal(
      id: id, fingerprint: fingerprint, state: breached ? .raised : .cleared, metric: metricName,
      source: "alert", labels: labels, value: currentValue, unit: tags["unit"] ?? "",
      rule: SignalRule(
        kind: .alert, condition: condition, threshold: threshold, clearThreshold: threshold,
        text: "\(condition.rawValue) \(threshold)"),
      score: 1,
      severity: Severity(value: currentValue, threshold: threshold, condition: condition),
      observedAt: timestamp, breachedSince: timestamp, detector: "alert")
  }
}
