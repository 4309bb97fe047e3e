import IncidentModel
import Yams

extension SettingsReader {
  private static let maxRunbooks = 500

  /// Reads files, folders and inline entries; a runbook replaces the built-in one of its name.
  func runbooks(_ values: [YAMLValue], into settings: inout SystemSettings) {
    for value in values {
      if value.isMap {
        runbook(value, into: &settings)
      } else if let path = value.text() {
        let full = resolve(path)
        if let files = SmallFile.yamlFiles(in: full, limit: Self.maxRunbooks) {
          if files.isEmpty { value.report("the folder \(Shown.text(path)) holds no .yaml file") }
          for file in files { runbookFile(file, namedBy: value, into: &settings) }
        } else {
          runbookFile(full, namedBy: value, into: &settings)
        }
      }
      if runbookNames.count > Self.maxRunbooks {
        value.report("there are more than \(Self.maxRunbooks) runbooks")
        return
      }
    }
  }

  private func runbookFile(_ path: String, namedBy value: YAMLValue, into settings: inout SystemSettings) {
    let bytes: [UInt8]
    do {
      bytes = try SmallFile.read(path, limit: SettingsLoader.maxFileBytes)
    } catch {
      value.report("the file \(Shown.text(path, limit: 200)): \(error.message)")
      return
    }
    let before = log.problems.count
    guard let root = document(bytes, file: path) else {
      if log.problems.count == before { value.report("the file \(Shown.text(path, limit: 200)) is empty") }
      return
    }
    if root.isList {
      for entry in root.list(limit: Self.maxRunbooks) ?? [] { runbook(entry, into: &settings) }
    } else {
      runbook(root, into: &settings)
    }
  }

  private func runbook(_ value: YAMLValue, into settings: inout SystemSettings) {
    guard let map = value.map() else { return }
    let before = log.problems.count
    let place = map.required("name")
    let name = place?.name()
    unique(name, &runbookNames, at: place)
    var title = name ?? ""
    map.set("title", to: &title) { $0.text(1...200) }
    let family = map.required("family")?.choice(ProblemFamily.self)
    var parameters: [String: ParameterSpec] = [:]
    let parameterMap = map.optional("parameters")?.map()
    for key in parameterMap?.keys ?? [] {
      parameters[key] = parameterMap?.optional(key).flatMap { parameter($0) }
      if RunbookStep.reference(in: "${\(key)}") == nil {
        parameterMap?.place(of: key)?.report(
          "\(Shown.text(key)) is not a parameter's name; use letters, digits and \"_\"")
      }
    }
    let stepValues = map.required("steps")?.list(limit: 50) ?? []
    let steps = stepValues.map { step($0, settings) }
    map.finish()
    guard log.problems.count == before, let name, let family else { return }
    let runbook = Runbook(
      name: name, title: title, family: family, parameters: parameters, steps: steps.compactMap { $0?.step })
    for problem in runbook.problems() {
      let at: YAMLValue? =
        switch problem.place {
        case .runbook: value
        case .parameter(let name): parameterMap?.place(of: name)
        case .step(let index): stepValues[index]
        case .argument(let index, let name): steps[index]?.arguments?.place(of: name) ?? stepValues[index]
        }
      (at ?? value).report(problem.message)
    }
    settings.runbooks.removeAll { $0.name == name }
    settings.runbooks.append(runbook)
  }

  private func parameter(_ value: YAMLValue) -> ParameterSpec? {
    enum ParameterType: String, CaseIterable { case text, number, duration, bytes }
    guard let map = value.map(), let type = map.required("type")?.choice(ParameterType.self) else {
      return nil
    }
    defer { map.finish() }
    if type == .text {
      var maxLength = 256
      map.set("max_length", to: &maxLength) { $0.integer(1...65_536) }
      let text = map.optional("default")?.text(0...65_536)
      return ParameterSpec(kind: .text(maxLength: maxLength), defaultValue: text.map { .text($0) })
    }
    let widest: ClosedRange<Double> =
      switch type {
      case .duration: 0...ActionKind.longestAge
      case .bytes: 0...9e15
      default: -1e15...1e15
      }
    func read(_ value: YAMLValue) -> Double? {
      switch type {
      case .duration: value.seconds(widest)
      case .bytes: value.bytes(0...9_000_000_000_000_000).map { Double($0) }
      default: value.number(widest)
      }
    }
    let low = map.optional("min").flatMap(read) ?? widest.lowerBound
    let high = map.optional("max").flatMap(read) ?? widest.upperBound
    let number = map.optional("default").flatMap(read)
    guard low <= high else {
      value.report("\"min\" is greater than \"max\"")
      return nil
    }
    return ParameterSpec(kind: .number(low...high), defaultValue: number.map { .number($0) })
  }

  private func step(
    _ value: YAMLValue, _ settings: SystemSettings
  ) -> (step: RunbookStep, arguments: YAMLMap?)? {
    guard let map = value.map() else { return nil }
    let name = map.required("name")?.text(1...128)
    guard let action = map.required("action")?.choice(ActionKind.self) else { return nil }
    var arguments: [String: RunbookStep.Argument] = [:]
    let with = map.optional("with")?.map()
    for key in with?.keys ?? [] {
      guard let entry = with?.optional(key) else { continue }
      arguments[key] = argument(entry, action.arguments.first { $0.name == key })
      check(key, entry, settings)
    }
    var step = RunbookStep(name: name ?? "", action: action, arguments: arguments)
    map.set("timeout", to: &step.timeoutSeconds) { $0.seconds(0.1...3600) }
    map.set("retries", to: &step.retries) { $0.integer(0...10) }
    map.set("idempotent", to: &step.idempotent) { $0.bool() }
    map.set("rollback", to: &step.rollback) { $0.bool() }
    map.finish()
    return (step, with)
  }

  private func argument(_ value: YAMLValue, _ spec: ArgumentSpec?) -> RunbookStep.Argument? {
    if value.isList { return value.texts(0...4096, limit: 64).map { .list($0) } }
    if let text = value.scalarText, let name = RunbookStep.reference(in: text) { return .parameter(name) }
    switch spec?.kind {
    case .number: return value.seconds(-1e15...1e15).map { .literal(.number($0)) }
    case .integer where spec?.name == "bytes":
      return value.bytes(0...9_000_000_000_000_000).map { .literal(.number(Double($0))) }
    case .integer: return value.number(-1e15...1e15).map { .literal(.number($0)) }
    default: return value.text(0...65_536, lines: true).map { .literal(.text($0)) }
    }
  }

  /// Checks that a literal name is one that the config declares.
  private func check(_ key: String, _ value: YAMLValue, _ settings: SystemSettings) {
    guard let name = value.scalarText, RunbookStep.reference(in: name) == nil else { return }
    let declared: [String]
    switch key {
    case "command": declared = Array(settings.commands.keys)
    case "endpoint": declared = Array(settings.endpoints.keys)
    case "sink": declared = settings.sinks.map(\.name)
    default: return
    }
    if !declared.contains(name) {
      value.report(
        "the config declares no \(key) \(Shown.text(name))" + Spelling.hint(for: name, among: declared))
    }
  }
}
