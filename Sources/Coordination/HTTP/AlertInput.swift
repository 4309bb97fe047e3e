import IncidentModel

/// The body of `POST /aiops/alerts`: one alert or an array of them, all right or all refused.
enum AlertInput {
  /// Alerts of a request at most.
  static let maxAlerts = 1000
  /// Bytes of a description at most.
  static let maxText = 4096
  /// Bytes of an id, a metric's or a resource's name, or a tag's name at most.
  static let maxName = 256
  /// Bytes of a tag's value at most.
  static let maxTagValue = 1024
  static let maxTags = 32
  /// Bytes of metric, resource and tags together at most: they are what the alert is known by everywhere.
  static let maxIdentity = 8_192
  /// How far a monitor's clock may be ahead.
  static let maxFuture = Duration.seconds(300)
  /// Before that nobody monitored with this system.
  static let earliest = Timestamp(milliseconds: 946_684_800_000)

  /// Reads a body.
  /// - Parameter now: what timestamps are held against.
  static func parse(_ body: [UInt8], now: Timestamp) throws(Problem) -> [AIopsAlert] {
    let elements: [JSONValue]
    switch try JSONObject.value(body) {
    case .array(let array): elements = array
    case .object(let object): elements = [.object(object)]
    case let other: throw .invalid("alerts", "must be an alert or an array of alerts, not \(other.kind)")
    }
    guard !elements.isEmpty else { throw .invalid("alerts", "must not be empty") }
    guard elements.count <= maxAlerts else {
      throw .invalid("alerts", "must not be more than \(maxAlerts), and are \(elements.count)")
    }
    var checker = FieldChecker()
    var alerts: [AIopsAlert] = []
    alerts.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      if let alert = alert(element, at: "alerts[\(index)]", now: now, &checker) { alerts.append(alert) }
    }
    guard checker.failures.isEmpty else { throw .invalid(checker.failures) }
    return alerts
  }

  private static func alert(
    _ value: JSONValue, at path: String, now: Timestamp, _ checker: inout FieldChecker
  ) -> AIopsAlert? {
    guard case .object(let fields) = value else {
      checker.fail(path, "must be an object, not \(value.kind)")
      return nil
    }
    func name(_ key: String) -> String? {
      checker.text(fields[key], at: "\(path).\(key)", maxLength: maxName)
    }
    // All of them are read before any is missed, so that one answer names everything that is wrong.
    let id = name("alert_id")
    let metric = name("metric_name")
    let resource = name("resource")
    let current = checker.number(fields["current_value"], at: "\(path).current_value")
    let threshold = checker.number(fields["threshold"], at: "\(path).threshold")
    let condition = condition(fields["condition"], at: "\(path).condition", &checker)
    let timestamp = timestamp(fields["timestamp"], at: "\(path).timestamp", now: now, &checker)
    let description = checker.text(
      fields["description"], at: "\(path).description", maxLength: maxText, multiline: true,
      mayBeEmpty: true)
    let tags = tags(fields["tags"], at: "\(path).tags", &checker)
    guard let id, let metric, let resource, let current, let threshold, let condition, let timestamp,
      let description, let tags
    else { return nil }
    let alert = AIopsAlert(
      alertID: id, metricName: metric, currentValue: current, threshold: threshold,
      condition: condition, timestamp: timestamp, resource: resource, description: description,
      tags: tags)
    guard alert.fingerprint.text.utf8.count <= maxIdentity else {
      checker.fail("\(path).tags", "must not take more than \(maxIdentity) bytes, with metric and resource")
      return nil
    }
    return alert
  }

  private static func condition(
    _ value: JSONValue?, at path: String, _ checker: inout FieldChecker
  ) -> Condition? {
    guard let text = checker.text(value, at: path, maxLength: maxName) else { return nil }
    if let condition = Condition(rawValue: text) { return condition }
    checker.fail(path, "must be one of " + Condition.allCases.map(\.rawValue).joined(separator: ", "))
    return nil
  }

  private static func timestamp(
    _ value: JSONValue?, at path: String, now: Timestamp, _ checker: inout FieldChecker
  ) -> Timestamp? {
    guard let text = checker.text(value, at: path, maxLength: maxName) else { return nil }
    guard let moment = Timestamp(rfc3339: text) else {
      checker.fail(path, "must be an RFC 3339 time with its zone, such as 2026-11-23T08:53:00Z")
      return nil
    }
    if moment > now + maxFuture {
      checker.fail(path, "must not be more than 5 minutes in the future; it is now \(now.rfc3339)")
    } else if moment < earliest {
      checker.fail(path, "must not be before \(earliest.rfc3339)")
    } else {
      return moment
    }
    return nil
  }

  private static func tags(
    _ value: JSONValue?, at path: String, _ checker: inout FieldChecker
  ) -> [String: String]? {
    switch value {
    case nil, .null: return [:]
    case .object(let fields):
      guard fields.count <= maxTags else {
        checker.fail(path, "must not be more than \(maxTags), and are \(fields.count)")
        return nil
      }
      var tags: [String: String] = [:]
      for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
        // A name that is wrong is not repeated: it may be long or unprintable.
        guard checker.text(.string(name), at: "\(path) (a tag's name)", maxLength: maxName) != nil
        else { continue }
        tags[name] = checker.text(
          value, at: "\(path).\(name)", maxLength: maxTagValue, mayBeEmpty: true)
      }
      return tags.count == fields.count ? tags : nil
    case let other?:
      checker.fail(path, "must be an object of texts, not \(other.kind)")
      return nil
    }
  }
}

/// Reading a body as JSON, with the answer that says what is wrong with it.
enum JSONObject {
  static func value(_ body: [UInt8]) throws(Problem) -> JSONValue {
    do {
      return try JSONValue(parsing: body)
    } catch {
      throw .invalid("", "The body is not valid JSON: \(error)")
    }
  }

  /// Reads an object that has no other fields than `allowed`.
  static func parse(_ body: [UInt8], allowed: Set<String>) throws(Problem) -> [String: JSONValue] {
    guard case .object(let fields) = try value(body) else {
      throw .invalid("", "The body must be a JSON object.")
    }
    let unknown = Set(fields.keys).subtracting(allowed)
    guard unknown.isEmpty else {
      let names = allowed.sorted().joined(separator: ", ")
      throw .invalid(
        unknown.sorted().map {
          Problem.Failure(field: String($0.prefix(64)), message: "is not known here; known are \(names)")
        })
    }
    return fields
  }
}
