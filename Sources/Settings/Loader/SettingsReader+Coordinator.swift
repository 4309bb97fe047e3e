extension SettingsReader {
  func coordinator(
    _ map: YAMLMap, _ security: HTTPSecuritySettings, sinks: [SinkSettings]
  ) -> CoordinatorSettings {
    var settings = CoordinatorSettings()
    map.set("bus", to: &settings.bus, endpoint)
    map.set("changes", to: &settings.changes, endpoint)
    map.set("advertise", to: &settings.advertise, advertised)
    if let http = map.optional("http"), let text = http.text() {
      if let address = NetworkText.split(text), let port = address.port, (0...65_535).contains(port) {
        if let reason = httpObjection(address.host, security) { http.report(reason) }
        settings.httpHost = address.host
        settings.httpPort = port
      } else {
        http.report("must be an address and a port such as 127.0.0.1:8080")
      }
    }
    map.set("http_advertise", to: &settings.httpAdvertise) { advertisedAddress($0) }
    if let store = secret("store", in: map, required: false, storeObjection) { settings.store = store }
    if let retention = map.optional("retention") {
      settings.retentionSeconds = retention.isOff ? nil : retention.seconds(3600...315_360_000)
    }
    map.set("lease", to: &settings.leaseSeconds) { $0.seconds(0.5...600) }
    map.set("heartbeat", to: &settings.heartbeatSeconds) { $0.seconds(0.1...60) }
    map.set("audit", to: &settings.audit) { $0.map().map { audit($0, sinks: sinks) } }
    if settings.bus == settings.changes {
      map.value.report("\"bus\" and \"changes\" must be two endpoints")
    }
    if settings.heartbeatSeconds * 2 > settings.leaseSeconds {
      map.value.report(
        "\"lease\" must be at least twice \"heartbeat\", or a living worker loses its work")
    }
    map.finish()
    return settings
  }

  private func audit(_ map: YAMLMap, sinks: [SinkSettings]) -> AuditSettings {
    var settings = AuditSettings()
    if let interval = map.optional("tip_interval") {
      settings.tipSeconds = interval.isOff ? nil : interval.seconds(1...86_400)
    }
    if let url = secret("webhook", in: map, required: false, NetworkText.urlObjection) {
      settings.sink = SinkSettings(name: "audit", kind: .webhook(url: url))
    }
    if let value = map.optional("sink"), let name = value.text(1...64) {
      if settings.sink != nil {
        map.value.report("give only one of \"webhook\" and \"sink\"")
      } else if let sink = sinks.first(where: { $0.name == name }) {
        settings.sink = sink
      } else {
        value.report(
          "there is no sink \(Shown.text(name))" + Spelling.hint(for: name, among: sinks.map(\.name)))
      }
    }
    map.finish()
    return settings
  }

  /// A store that is meant for a server must not become a file of that name.
  private func storeObjection(_ text: String) -> String? {
    text.contains("://") && !CoordinatorSettings.isPostgres(text)
      ? "must be a file's path or begin with postgres://" : nil
  }

  func endpoint(_ value: YAMLValue) -> String? {
    guard let text = value.text(1...200) else { return nil }
    if let reason = NetworkText.busObjection(text, mayLeaveMachine: mayLeaveMachine) {
      value.report(reason)
      return nil
    }
    return text
  }

  func correlation(_ map: YAMLMap) -> CorrelationSettings {
    var settings = CorrelationSettings()
    map.set("window", to: &settings.windowSeconds) { $0.seconds(0...86_400) }
    map.set("false_positive_quiet", to: &settings.falsePositiveQuietSeconds) { $0.seconds(0...2_592_000) }
    map.finish()
    return settings
  }

  /// The sinks of the config; the log is always one of them.
  func sinks(_ values: [YAMLValue]) -> [SinkSettings] {
    enum SinkType: String, CaseIterable { case webhook, log }
    var names: Set<String> = []
    var sinks: [SinkSettings] = []
    for value in values {
      guard let map = value.map() else { continue }
      let name = map.required("name")
      let text = name?.name()
      unique(text, &names, at: name)
      guard let type = map.required("type")?.choice(SinkType.self) else { continue }
      switch type {
      case .log:
        if let text { sinks.append(SinkSettings(name: text, kind: .log)) }
      case .webhook:
        let url = secret("url", in: map, required: true, NetworkText.urlObjection)
        if let text, let url { sinks.append(SinkSettings(name: text, kind: .webhook(url: url))) }
      }
      map.finish()
    }
    if !sinks.contains(where: { $0.kind == .log }), !names.contains("log") {
      sinks.append(SinkSettings(name: "log", kind: .log))
    }
    return sinks
  }

  func commands(_ map: YAMLMap) -> [String: CommandSettings] {
    var commands: [String: CommandSettings] = [:]
    for name in map.keys {
      guard let entry = map.optional(name)?.map() else { continue }
      checkName(name, in: map)
      let executable = entry.required("executable").flatMap(absolutePath)
      var command = CommandSettings(executable: executable ?? "/")
      entry.set("arguments", to: &command.arguments) { $0.texts(0...4096, limit: 64) }
      entry.set("allow_arguments", to: &command.allowsArguments) { $0.bool() }
      entry.set("working_directory", to: &command.workingDirectory) { absolutePath($0) }
      entry.finish()
      commands[name] = command
    }
    return commands
  }

  func endpoints(_ map: YAMLMap) -> [String: EndpointSettings] {
    enum Method: String, CaseIterable {
      case get = "GET"
      case post = "POST"
      case put = "PUT"
      case patch = "PATCH"
      case delete = "DELETE"
    }
    var endpoints: [String: EndpointSettings] = [:]
    for name in map.keys {
      guard let entry = map.optional(name)?.map() else { continue }
      checkName(name, in: map)
      var method = Method.post
      entry.set("method", to: &method) { $0.choice(Method.self) }
      let url = secret("url", in: entry, required: true, NetworkText.urlObjection)
      var settings = EndpointSettings(method: method.rawValue, url: url ?? Secret(""))
      entry.set("expected_status", to: &settings.expectedStatus) { $0.statusRange() }
      entry.finish()
      endpoints[name] = settings
    }
    return endpoints
  }

  /// Checks a key that is a name.
  private func checkName(_ key: String, in map: YAMLMap) { _ = map.place(of: key)?.name() }

  func absolutePath(_ value: YAMLValue) -> String? {
    guard let path = value.text() else { return nil }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    if !path.hasPrefix("/") || parts.contains("..") || parts.contains(".") {
      value.report("must be an absolute path without . and ..")
      return nil
    }
    return path
  }
}
