import IncidentModel

extension SettingsReader {
  /// The built-in rules of a kind, changed by those of the config.
  func rules(_ value: YAMLValue?, of kind: SourceSettings.Kind) -> [RuleSettings] {
    var rules = DefaultRules.rules(for: kind)
    guard let map = value?.map() else { return rules }
    let metrics = DefaultRules.metrics(of: kind)
    for metric in map.keys {
      guard let entry = map.optional(metric) else { continue }
      if metric == "source_up" {
        if let rule = sourceUp(entry) { rules.append(rule) }
        continue
      }
      guard metrics.contains(metric) else {
        map.place(of: metric)?.report(
          "this source has no metric \(Shown.text(metric))"
            + Spelling.hint(for: metric, among: metrics + ["source_up"]))
        continue
      }
      let index = rules.firstIndex { $0.metric == metric }
      var rule = index.map { rules[$0] } ?? RuleSettings(metric: metric)
      if entry.isOff {
        rule = RuleSettings(metric: metric)
      } else if let map = entry.map() {
        read(map, into: &rule)
      }
      if let index { rules[index] = rule } else { rules.append(rule) }
    }
    // A rule with neither part says nothing.
    return rules.filter { $0.threshold != nil || $0.baseline != nil }
  }

  /// How soon and how badly it counts that a source can't be measured at all. That it counts is fixed.
  private func sourceUp(_ entry: YAMLValue) -> RuleSettings? {
    if entry.isOff {
      entry.report("can't be off: that a source can't be measured must be known; set \"threshold.severity\"")
      return nil
    }
    guard let map = entry.map(), let value = map.required("threshold") else { return nil }
    defer { map.finish() }
    guard let bound = value.map() else { return nil }
    var threshold = ThresholdSettings(condition: .below, value: 1, clear: 1)
    bound.set("below", to: &threshold.value) { $0.number(1...1) }
    bound.set("for", to: &threshold.forSeconds) { $0.seconds(0...604_800) }
    bound.set("severity", to: &threshold.severity) { $0.choice(Severity.self) }
    bound.finish()
    return RuleSettings(metric: "source_up", threshold: threshold)
  }

  private func read(_ map: YAMLMap, into rule: inout RuleSettings) {
    if let value = map.optional("threshold") {
      if value.isOff {
        rule.threshold = nil
      } else if let map = value.map() {
        rule.threshold = threshold(map, rule) ?? rule.threshold
      }
    }
    if let value = map.optional("baseline") {
      if value.isOff {
        rule.baseline = nil
      } else if let map = value.map() {
        rule.baseline = baseline(map, rule.baseline ?? BaselineSettings())
      }
    }
    map.finish()
  }

  private func threshold(_ map: YAMLMap, _ rule: RuleSettings) -> ThresholdSettings? {
    var threshold = rule.threshold
    let bounds = Condition.allCases.compactMap { condition in
      map.optional(condition.rawValue).map { (condition, $0) }
    }
    if bounds.count > 1 { map.value.report("give only one of \"above\", \"below\" and \"equals\"") }
    if let (condition, value) = bounds.first {
      let number = value.number(-1e15...1e15) ?? 0
      // A flag has no room for hysteresis: up is 1, and 1 is recovered.
      let clear = rule.metric.hasSuffix("_up") ? number : nil
      threshold = ThresholdSettings(
        condition: condition, value: number, clear: clear, forSeconds: threshold?.forSeconds ?? 0,
        severity: threshold?.severity)
    }
    guard var result = threshold else {
      map.value.report("needs \"above\", \"below\" or \"equals\": \(rule.metric) has no built-in threshold")
      return nil
    }
    if let value = map.optional("clear"), let clear = value.number(-1e15...1e15) {
      result.clear = clear
      let wrongSide =
        switch result.condition {
        case .above: clear > result.value
        case .below: clear < result.value
        case .equals: clear != result.value
        }
      if wrongSide {
        value.report(
          "\(ParameterValue.number(clear)) is on the wrong side: with \"\(result.condition.rawValue): "
            + "\(ParameterValue.number(result.value))\" it must be "
            + (result.condition == .above
              ? "at most that" : result.condition == .below ? "at least that" : "that"))
      }
    }
    map.set("for", to: &result.forSeconds) { $0.seconds(0...604_800) }
    map.set("severity", to: &result.severity) { $0.choice(Severity.self) }
    map.finish()
    return result
  }

  private func baseline(_ map: YAMLMap, _ start: BaselineSettings) -> BaselineSettings {
    var baseline = start
    map.set("deviations", to: &baseline.deviations) { $0.number(0.1...1000) }
    map.set("minimum_samples", to: &baseline.minimumSamples) { $0.integer(2...10_000) }
    map.set("window_samples", to: &baseline.windowSamples) { $0.integer(2...10_000) }
    map.set("minimum_deviation", to: &baseline.minimumDeviation) { $0.number(1e-9...1e15) }
    map.set("for_samples", to: &baseline.forSamples) { $0.integer(1...1000) }
    if let value = map.optional("condition"), let condition = value.choice(Condition.self) {
      if condition == .equals { value.report("must be above or below") }
      baseline.condition = condition
    }
    if baseline.minimumSamples > baseline.windowSamples {
      map.value.report(
        "\"minimum_samples\" (\(baseline.minimumSamples)) can't be more than \"window_samples\" "
          + "(\(baseline.windowSamples))")
    }
    map.finish()
    return baseline
  }
}
