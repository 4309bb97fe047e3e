extension SettingsReader {
  /// The buses of the coordinators that agents connect to.
  func coordinators(_ value: YAMLValue) -> [String]? {
    guard let entries = value.list(limit: 16) else { return nil }
    if entries.isEmpty {
      value.report("needs at least one bus, or leave the key out: agents then connect to coordinator.bus")
    }
    var seen: Set<String> = []
    return entries.compactMap { entry in
      guard let bus = endpoint(entry) else { return nil }
      if !seen.insert(bus).inserted {
        entry.report("is there already; each coordinator has a bus of its own")
      }
      return bus
    }
  }

  /// What only detectors heed.
  func detector(_ map: YAMLMap) -> DetectorSettings {
    var settings = DetectorSettings()
    map.set("spool", to: &settings.spool) { $0.text() }
    map.set("spool_limit", to: &settings.spoolLimit) { $0.integer(1...1_000_000) }
    map.finish()
    return settings
  }
}
