import IncidentModel

extension SettingsReader {
  private enum SourceType: String, CaseIterable { case host, postgres, redis, prometheus, http }

  func sources(_ values: [YAMLValue], policies: [String]) -> [SourceSettings] {
    var names: Set<String> = []
    return values.compactMap { value in
      guard let map = value.map() else { return nil }
      let place = map.required("name")
      let name = place?.name()
      unique(name, &names, at: place)
      guard let type = map.required("type")?.choice(SourceType.self),
        let kind = kind(type, map)
      else { return nil }
      var source = SourceSettings(name: name ?? "", kind: kind)
      map.set("interval", to: &source.intervalSeconds) { $0.seconds(0.1...86_400) }
      map.set("retry", to: &source.retrySeconds) { $0.seconds(0.1...86_400) }
      map.set("timeout", to: &source.timeoutSeconds) { $0.seconds(0.01...600) }
      map.set("autonomy", to: &source.autonomy) { $0.choice(Autonomy.self) }
      source.escalation = escalation(of: map, policies: policies)
      source.whenDown = whenDown(map)
      source.rules = rules(map.optional("rules"), of: kind)
      map.finish()
      return source
    }
  }

  /// The runbook for a source that is down; whether there is such a one is seen when all have been read.
  private func whenDown(_ map: YAMLMap) -> String? {
    guard let place = map.optional("when_down"), let name = place.name() else { return nil }
    downRunbooks.append((place, name))
    return name
  }

  /// Reports what sources name as their runbook for being down and cannot be it.
  func checkDownRunbooks(_ settings: SystemSettings) {
    for (place, name) in downRunbooks {
      guard let runbook = settings.runbook(named: name) else {
        let known = settings.runbooks.filter { $0.family == .availability }.map(\.name)
        place.report("there is no runbook \(Shown.text(name))" + Spelling.hint(for: name, among: known))
        continue
      }
      if runbook.family != .availability {
        place.report(
          "the runbook \(name) is for \(runbook.family.rawValue); one for a source that is down says "
            + "\"family: availability\"")
      } else if let open = runbook.parameters.filter({ $0.value.defaultValue == nil }).keys.min() {
        place.report("nobody could fill the parameter \"\(open)\" of the runbook \(name); give it a default")
      }
    }
  }

  /// What is behind a source; wrong parts keep their defaults, so that the rest is checked too.
  private func kind(_ type: SourceType, _ map: YAMLMap) -> SourceSettings.Kind? {
    switch type {
    case .host: .host(host(map))
    case .postgres: .postgres(postgres(map))
    case .redis: .redis(redis(map))
    case .prometheus: .prometheus(prometheus(map))
    case .http: .http(http(map))
    }
  }

  private func host(_ map: YAMLMap) -> HostSourceSettings {
    var host = HostSourceSettings()
    if let mounts = map.optional("mounts")?.list() { host.mounts = mounts.compactMap(absolutePath) }
    var paths: Set<String> = []
    for entry in map.optional("folders")?.list() ?? [] {
      guard let map = entry.map() else { continue }
      let place = map.required("path")
      let path = place.flatMap(absolutePath)
      unique(path, &paths, at: place)
      if path == "/" { place?.report("the root folder can't be watched as a folder") }
      var folder = FolderSettings(path: path ?? "")
      map.set("budget", to: &folder.budgetBytes) { $0.bytes(1...(1 << 50)) }
      if let globs = map.optional("deletable")?.list() { folder.deletable = globs.compactMap(fileGlob) }
      map.set("keep", to: &folder.keepSeconds) { $0.seconds(0...ActionKind.longestAge) }
      map.finish()
      host.folders.append(folder)
    }
    return host
  }

  private func fileGlob(_ value: YAMLValue) -> String? {
    guard let glob = value.text(1...255) else { return nil }
    if glob.contains("/") {
      value.report("is a pattern for file names, so it can't hold \"/\"")
      return nil
    }
    return glob
  }

  private func postgres(_ map: YAMLMap) -> PostgresSourceSettings {
    let url = secret("url", in: map, required: true, NetworkText.postgresObjection)
    var postgres = PostgresSourceSettings(url: url ?? Secret(""))
    map.set("protected_applications", to: &postgres.protectedApplications) { $0.texts(0...128) }
    postgres.pgbouncer = secret("pgbouncer", in: map, required: false, NetworkText.postgresObjection)
    return postgres
  }

  private func redis(_ map: YAMLMap) -> RedisSourceSettings {
    var redis = RedisSourceSettings(host: "127.0.0.1", port: 6379)
    map.set("host", to: &redis.host) { $0.text(1...253) }
    map.set("port", to: &redis.port) { $0.integer(1...65_535) }
    redis.password = secret("password", in: map, required: false)
    map.set("clearable", to: &redis.clearable) { $0.texts(1...512) }
    map.set("max_memory_ceiling", to: &redis.maxMemoryCeilingBytes) { $0.bytes((1 << 20)...(1 << 50)) }
    return redis
  }

  private func prometheus(_ map: YAMLMap) -> PrometheusSourceSettings {
    let url = secret("url", in: map, required: true, NetworkText.urlObjection)
    var prometheus = PrometheusSourceSettings(url: url ?? Secret(""), queries: [])
    var metrics: Set<String> = []
    let list = map.required("queries")
    let entries = list?.list()
    for entry in entries ?? [] {
      guard let map = entry.map() else { continue }
      let place = map.required("metric")
      let metric = place.flatMap(metricName)
      unique(metric, &metrics, at: place)
      let query = map.required("query")?.text(1...16_384, lines: true)
      var unit = ""
      map.set("unit", to: &unit) { $0.text(0...32) }
      map.finish()
      if let metric, let query {
        prometheus.queries.append(PrometheusQuery(metric: metric, query: query, unit: unit))
      }
    }
    if entries?.isEmpty == true { list?.report("needs at least one query") }
    return prometheus
  }

  private func metricName(_ value: YAMLValue) -> String? {
    guard let name = value.text(1...128) else { return nil }
    let good = name.utf8.enumerated().allSatisfy { index, byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "_"), UInt8(ascii: ":"):
        true
      case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
      default: false
      }
    }
    guard good else {
      value.report("\(Shown.text(name)) is not a metric's name; use letters, digits, \"_\" and \":\"")
      return nil
    }
    return name
  }

  private func http(_ map: YAMLMap) -> HTTPSourceSettings {
    let url = secret("url", in: map, required: true, NetworkText.urlObjection)
    var http = HTTPSourceSettings(url: url ?? Secret(""))
    map.set("expected_status", to: &http.expectedStatus) { $0.statusRange() }
    return http
  }
}
