import IncidentModel

extension SettingsReader {
  func escalation(_ map: YAMLMap, sinks: [String]) -> EscalationSettings {
    var settings = EscalationSettings()
    map.set("diagnosis", to: &settings.diagnosisSeconds) { $0.seconds(1...86_400) }
    map.set("approval", to: &settings.approvalSeconds) { $0.seconds(1...604_800) }
    map.set("resolution", to: &settings.resolutionSeconds) { $0.seconds(1...86_400) }
    if let timeout = map.optional("ack_timeout"), !timeout.isOff {
      settings.ackTimeoutSeconds = timeout.seconds(60...604_800)
    }
    map.set("policy", to: &settings.policy) { policy($0, sinks: sinks) }
    if let named = map.optional("policies")?.map() {
      for name in named.keys {
        guard let value = named.optional(name) else { continue }
        _ = named.place(of: name)?.name()
        // One that is wrong is there all the same, so that a source that names it is not reported too.
        settings.policies[name] = policy(value, sinks: sinks) ?? .standard
      }
    }
    map.finish()
    return settings
  }

  /// The policy of a source, by its name.
  func escalation(of map: YAMLMap, policies: [String]) -> String? {
    guard let value = map.optional("escalation"), let name = value.text(1...64) else { return nil }
    if !policies.contains(name) {
      value.report(
        "there is no policy \(Shown.text(name)) in escalation.policies"
          + Spelling.hint(for: name, among: policies)
      )
    }
    return name
  }

  /// A list of steps. Flaws of the whole are looked for once every step can be read.
  private func policy(_ value: YAMLValue, sinks: [String]) -> EscalationPolicy? {
    guard let entries = value.list(limit: EscalationPolicy.maxSteps) else { return nil }
    let steps = entries.compactMap { $0.map().flatMap { step($0, sinks: sinks) } }
    guard steps.count == entries.count else { return nil }
    do throws(EscalationPolicy.Flaw) {
      return try EscalationPolicy(steps: steps)
    } catch {
      for flaw in EscalationPolicy.flaws(in: steps) {
        (flaw.step.map { entries[$0 - 1] } ?? value).report(flaw.reason)
      }
      return nil
    }
  }

  private func step(_ map: YAMLMap, sinks: [String]) -> EscalationPolicy.Step? {
    let kinds = ["notify", "notify_on_call", "wait", "repeat"]
    let given = map.keys.filter(kinds.contains)
    guard given.count == 1, let kind = given.first else {
      for key in kinds + ["sinks"] { _ = map.optional(key) }
      map.finish()
      map.value.report("must say one thing: notify, notify_on_call, wait or repeat")
      return nil
    }
    var step: EscalationPolicy.Step?
    let value = map.optional(kind)
    switch kind {
    case "notify":
      let names = self.sinks(of: map, among: sinks)
      step = value?.text(1...128).map { .notify($0, sinks: names) }
    case "notify_on_call":
      let names = self.sinks(of: map, among: sinks)
      step = value?.name().map { .notifyOnCall($0, sinks: names) }
    case "wait":
      let waits = EscalationPolicy.waits.lowerBound.inSeconds...EscalationPolicy.waits.upperBound.inSeconds
      step = value?.seconds(waits).map { .wait(.seconds($0)) }
    default: step = value?.map().flatMap(repetition)
    }
    map.finish()
    return step
  }

  private func repetition(_ map: YAMLMap) -> EscalationPolicy.Step? {
    let from = map.required("from")?.integer(1...EscalationPolicy.maxSteps)
    let times = map.optional("count")
    let count = times?.integer(EscalationPolicy.counts)
    map.finish()
    guard let from, times == nil || count != nil else { return nil }
    return .repeatFrom(from, count: count)
  }

  private func sinks(of map: YAMLMap, among known: [String]) -> [String] {
    var names: [String] = []
    for entry in map.optional("sinks")?.list() ?? [] {
      guard let name = entry.text(1...64) else { continue }
      if !known.contains(name) {
        entry.report("there is no sink \(Shown.text(name))" + Spelling.hint(for: name, among: known))
      }
      names.append(name)
    }
    return names
  }
}
