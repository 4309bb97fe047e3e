/// Reads the configuration that all agents share.
package enum SettingsLoader {
  /// A longer file is refused.
  package static let maxFileBytes = 1 << 20
  /// The file that is read when none is named and it exists.
  package static let defaultFile = "aiops.yaml"

  /// The settings of a file.
  ///
  /// - Parameters:
  ///   - path: the file; `nil` takes `aiops.yaml` of the working directory when it exists, else
  ///     the built-in defaults, which watch this machine.
  ///   - environment: where `url_env` and `password_env` look.
  /// - Throws: `SettingsError` with everything that is wrong.
  package static func load(
    path: String?, environment: [String: String]
  ) throws(SettingsError) -> SystemSettings {
    let file = path ?? defaultFile
    do {
      return try parse(try SmallFile.read(file, limit: maxFileBytes), file: file, environment: environment)
    } catch let failure as SmallFile.Failure {
      if path == nil && failure.isMissing { return try defaults(environment) }
      throw SettingsError([SettingsProblem(file: file, message: failure.message)])
    } catch let error as SettingsError {
      throw error
    } catch {
      throw SettingsError([SettingsProblem(file: file, message: "can't be read")])
    }
  }

  /// The built-in defaults, with what the environment says.
  private static func defaults(_ environment: [String: String]) throws(SettingsError) -> SystemSettings {
    var settings = SystemSettings.defaults()
    let reader = SettingsReader(file: "", environment: environment)
    reader.readEnvironment(into: &settings)
    guard reader.log.problems.isEmpty else { throw SettingsError(reader.log.problems) }
    return settings
  }

  /// The settings of a file's bytes.
  ///
  /// - Parameters:
  ///   - bytes: YAML in UTF-8.
  ///   - file: its path, for messages and for the files it names relative to itself.
  ///   - environment: where `url_env` and `password_env` look.
  /// - Throws: `SettingsError` with everything that is wrong.
  package static func parse(
    _ bytes: [UInt8], file: String, environment: [String: String]
  ) throws(SettingsError) -> SystemSettings {
    var settings = SystemSettings.defaults()
    settings.file = file
    let reader = SettingsReader(file: file, environment: environment)
    if let root = reader.document(bytes, file: file), let map = root.map() {
      reader.read(map, into: &settings)
    } else {
      reader.readEnvironment(into: &settings)
    }
    guard reader.log.problems.isEmpty else { throw SettingsError(reader.log.problems) }
    return settings
  }
}

extension SystemSettings {
  /// The settings of a machine without a file: the machine itself is watched.
  ///
  /// - Parameter host: the name of the one source.
  package static func defaults(host: String = "host") -> SystemSettings {
    var settings = SystemSettings()
    let kind = SourceSettings.Kind.host(HostSourceSettings())
    settings.sources = [
      SourceSettings(name: host, kind: kind, rules: DefaultRules.rules(for: kind))
    ]
    settings.sinks = [SinkSettings(name: "log", kind: .log)]
    settings.runbooks = RunbookCatalogue.builtIn
    return settings
  }
}

/// Reads a document into settings; what is wrong gathers in ``log``. Used by one task.
final class SettingsReader {
  let log = ProblemLog()
  let environment: [String: String]
  /// Of the config file, with a slash at its end; empty for the working directory.
  let folder: String
  /// Names of runbooks that the config gave so far.
  var runbookNames: Set<String> = []
  /// What sources name as their runbook for being down.
  var downRunbooks: [(place: YAMLValue, name: String)] = []
  /// Whether the bus may reach beyond this machine.
  var mayLeaveMachine = false

  init(file: String, environment: [String: String]) {
    self.environment = environment
    folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
  }

  /// The root of a document; `nil` for an empty or a wrong one.
  func document(_ bytes: [UInt8], file: String) -> YAMLValue? {
    do {
      guard let node = try YAMLDocument.root(of: bytes, file: file) else { return nil }
      let value = YAMLValue(node: node, path: "", file: file, log: log)
      return value.isNull ? nil : value
    } catch {
      log.add(error.problem)
      return nil
    }
  }

  /// What the environment says where there is no file to say it.
  func readEnvironment(into settings: inout SystemSettings) {
    settings.busSecurity = busSecurity(nil)
    if let advertise = advertiseFromEnvironment() { settings.coordinator.advertise = advertise }
  }

  func read(_ map: YAMLMap, into settings: inout SystemSettings) {
    let security = map.optional("security")?.map()
    settings.busSecurity = busSecurity(security)
    if let security {
      settings.httpSecurity = httpSecurity(security, insecure: settings.busSecurity.insecure)
    }
    security?.finish()
    mayLeaveMachine = settings.busSecurity.mayLeaveMachine
    let httpSecurity = settings.httpSecurity
    if let sinks = map.optional("sinks")?.list() { settings.sinks = self.sinks(sinks) }
    let sinks = settings.sinks
    map.set("coordinator", to: &settings.coordinator) {
      $0.map().map { coordinator($0, httpSecurity, sinks: sinks) }
    }
    if let advertise = advertiseFromEnvironment() { settings.coordinator.advertise = advertise }
    map.set("coordinators", to: &settings.coordinators, coordinators)
    map.set("detector", to: &settings.detector) { $0.map().map(detector) }
    map.set("correlation", to: &settings.correlation) { $0.map().map(correlation) }
    let sinkNames = settings.sinks.map(\.name)
    map.set("escalation", to: &settings.escalation) {
      $0.map().map { escalation($0, sinks: sinkNames) }
    }
    let policies = settings.escalation.policies.keys.sorted()
    if let sources = map.optional("sources")?.list() {
      settings.sources = self.sources(sources, policies: policies)
    }
    if let commands = map.optional("commands")?.map() { settings.commands = self.commands(commands) }
    if let endpoints = map.optional("endpoints")?.map() { settings.endpoints = self.endpoints(endpoints) }
    if let runbooks = map.optional("runbooks")?.list() { self.runbooks(runbooks, into: &settings) }
    checkDownRunbooks(settings)
    map.finish()
  }

  /// Reports a name that another entry has already.
  func unique(_ name: String?, _ names: inout Set<String>, at value: YAMLValue?) {
    guard let name, !names.insert(name).inserted else { return }
    value?.report("\"\(name)\" is the name of another entry already")
  }

  /// A path from the config; a relative one starts at the config file's folder.
  func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : folder + path }
}
