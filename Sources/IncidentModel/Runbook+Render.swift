/// Why a runbook can't be turned into steps.
package enum RunbookError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A parameter was given that the runbook has not.
  case unknownParameter(runbook: String, name: String)
  /// A parameter without a default was not given.
  case missingParameter(runbook: String, name: String)
  /// A parameter has the wrong type or is out of bounds.
  case invalidParameter(runbook: String, name: String, reason: String)
  /// A step's argument is missing, unknown, of the wrong type or out of bounds.
  case invalidStep(runbook: String, step: String, reason: String)
  /// The runbook itself is wrong.
  case invalidRunbook(runbook: String, reason: String)

  package var description: String {
    switch self {
    case .unknownParameter(let runbook, let name):
      "runbook \(runbook) has no parameter \"\(name)\""
    case .missingParameter(let runbook, let name):
      "runbook \(runbook) needs the parameter \"\(name)\""
    case .invalidParameter(let runbook, let name, let reason):
      "runbook \(runbook), parameter \"\(name)\": \(reason)"
    case .invalidStep(let runbook, let step, let reason):
      "runbook \(runbook), step \"\(step)\": \(reason)"
    case .invalidRunbook(let runbook, let reason): "runbook \(runbook): \(reason)"
    }
  }
}

extension Runbook {
  /// The steps that would run, with the parameters filled in and everything checked.
  ///
  /// A parameter is an argument's whole value or an entry of its list, never a part of a text, so
  /// that no value can change what a step means.
  /// - Parameters:
  ///   - given: values by parameter; those that are not given take their default.
  ///   - target: the configured source that the steps work on.
  /// - Throws: `RunbookError` for the first thing that is wrong.
  package func render(
    _ given: [String: ParameterValue], target: String
  ) throws(RunbookError) -> [PlannedStep] {
    if let problem = problems().first { throw error(for: problem) }
    if target.isEmpty || PlainText.hasControlCharacters(target) {
      throw .invalidRunbook(runbook: name, reason: "needs the name of a configured source to work on")
    }
    let values = try values(given)
    var planned: [PlannedStep] = []
    for step in steps {
      planned.append(
        PlannedStep(
          name: step.name, action: try action(of: step, values), target: target,
          timeoutSeconds: step.timeoutSeconds, retries: step.retries, idempotent: step.isIdempotent,
          rollback: step.rollback))
    }
    return planned
  }

  private func error(for problem: RunbookProblem) -> RunbookError {
    switch problem.place {
    case .runbook: .invalidRunbook(runbook: name, reason: problem.message)
    case .parameter(let parameter):
      .invalidParameter(runbook: name, name: parameter, reason: problem.message)
    case .step(let index):
      .invalidStep(runbook: name, step: steps[index].name, reason: problem.message)
    case .argument(let index, let argument):
      .invalidStep(
        runbook: name, step: steps[index].name, reason: "argument \"\(argument)\": \(problem.message)")
    }
  }

  private func values(
    _ given: [String: ParameterValue]
  ) throws(RunbookError) -> [String: ParameterValue] {
    for key in given.keys.sorted() where parameters[key] == nil {
      throw .unknownParameter(runbook: name, name: key)
    }
    var values: [String: ParameterValue] = [:]
    for (key, spec) in parameters.sorted(by: { $0.key < $1.key }) {
      guard let value = given[key] ?? spec.defaultValue else {
        throw .missingParameter(runbook: name, name: key)
      }
      if let reason = spec.objection(to: value) {
        throw .invalidParameter(runbook: name, name: key, reason: reason)
      }
      values[key] = value
    }
    return values
  }

  private func action(
    of step: RunbookStep, _ values: [String: ParameterValue]
  ) throws(RunbookError) -> Action {
    var filled = FilledArguments()
    for spec in step.action.arguments {
      guard let argument = step.arguments[spec.name] else { continue }
      if let reason = filled.fill(spec, with: argument, values) {
        throw .invalidStep(
          runbook: name, step: step.name, reason: "argument \"\(spec.name)\": \(reason)")
      }
    }
    guard let action = filled.action(step.action) else {
      throw .invalidStep(
        runbook: name, step: step.name, reason: "an argument of \(step.action.rawValue) is missing")
    }
    return action
  }
}

/// The arguments of one step after checking.
private struct FilledArguments {
  private var texts: [String: String] = [:]
  private var numbers: [String: Double] = [:]
  private var lists: [String: [String]] = [:]

  /// Takes an argument in; the answer is why it can't be, or `nil`.
  mutating func fill(
    _ spec: ArgumentSpec, with argument: RunbookStep.Argument, _ values: [String: ParameterValue]
  ) -> String? {
    let value: ParameterValue
    switch argument {
    case .list(let entries): return fill(spec, with: entries, values)
    case .literal(let literal): value = literal
    case .parameter(let name):
      guard let given = values[name] else { return "the parameter \"\(name)\" has no value" }
      value = given
    }
    if let reason = spec.objection(to: value) { return reason }
    switch value {
    case .text(let text): texts[spec.name] = text
    case .number(let number): numbers[spec.name] = number
    }
    return nil
  }

  private mutating func fill(
    _ spec: ArgumentSpec, with entries: [String], _ values: [String: ParameterValue]
  ) -> String? {
    var list: [String] = []
    for entry in entries {
      guard let name = RunbookStep.reference(in: entry) else {
        list.append(entry)
        continue
      }
      guard let value = values[name] else { return "the parameter \"\(name)\" has no value" }
      // Only the config's author may give options; a value that was observed must stay an operand.
      if case .text(let text) = value, text.hasPrefix("-") {
        return "the parameter \"\(name)\" must not begin with \"-\" where it is a command's argument"
      }
      list.append(value.description)
    }
    if let reason = spec.objection(to: list) { return reason }
    lists[spec.name] = list
    return nil
  }

  /// The typed action; `nil` when a required argument is not there.
  func action(_ kind: ActionKind) -> Action? {
    switch kind {
    case .terminateBackends: sessions.map { .terminateBackends($0) }
    case .cancelQueries: sessions.map { .cancelQueries($0) }
    case .setTimeouts:
      texts["role"].map {
        .setTimeouts(
          TimeoutSettings(
            role: $0, statementSeconds: numbers["statement_timeout"],
            idleInTransactionSeconds: numbers["idle_in_transaction_timeout"]))
      }
    case .setPoolSize:
      both(texts["database"], numbers["size"]).map {
        .setPoolSize(PoolSize(database: $0, size: Int($1)))
      }
    case .clearCache:
      both(texts["pattern"], numbers["limit"]).map {
        .clearCache(KeyFilter(pattern: $0, limit: Int($1)))
      }
    case .setMaxMemory:
      numbers["bytes"].map { .setMaxMemory(MemoryLimit(bytes: Int64($0))) }
    case .deleteFiles:
      both(both(texts["folder"], texts["pattern"]), both(numbers["older_than"], numbers["limit"])).map {
        .deleteFiles(
          FileFilter(folder: $0.0, pattern: $0.1, olderThanSeconds: $1.0, limit: Int($1.1)))
      }
    case .runCommand:
      texts["command"].map {
        .runCommand(CommandCall(command: $0, arguments: lists["arguments"] ?? []))
      }
    case .httpRequest:
      texts["endpoint"].map { .httpRequest(EndpointCall(endpoint: $0, body: texts["body"])) }
    case .notify:
      both(texts["sink"], texts["text"]).map { .notify(Notice(sink: $0, text: $1)) }
    }
  }

  private var sessions: SessionFilter? {
    both(numbers["older_than"], numbers["limit"]).map {
      SessionFilter(
        state: texts["state"], application: texts["application"], role: texts["role"],
        olderThanSeconds: $0, limit: Int($1))
    }
  }

  private func both<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
    guard let a, let b else { return nil }
    return (a, b)
  }
}
