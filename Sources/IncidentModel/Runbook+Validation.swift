/// What is wrong with a runbook, and where.
package struct RunbookProblem: Hashable, Sendable {
  /// The part that is wrong.
  package enum Place: Hashable, Sendable {
    case runbook
    case parameter(String)
    case step(Int)
    case argument(step: Int, name: String)
  }

  package var place: Place
  /// For people; says what would be right.
  package var message: String
}

extension Runbook {
  /// Everything that is wrong with the runbook whatever its parameters will be; empty for a good one.
  package func problems() -> [RunbookProblem] {
    var found: [RunbookProblem] = []
    func report(_ place: RunbookProblem.Place, _ message: String) {
      found.append(RunbookProblem(place: place, message: message))
    }
    if steps.isEmpty { report(.runbook, "has no steps") }
    for (name, spec) in parameters.sorted(by: { $0.key < $1.key }) {
      if let value = spec.defaultValue, let reason = spec.objection(to: value) {
        report(.parameter(name), "the default \(reason)")
      }
    }
    var names: Set<String> = []
    for (index, step) in steps.enumerated() {
      if !names.insert(step.name).inserted {
        report(.step(index), "another step is named \"\(step.name)\" already")
      }
      for message in step.limitProblems { report(.step(index), message) }
      let specs = step.action.arguments
      for spec in specs where spec.isRequired && step.arguments[spec.name] == nil {
        report(.step(index), "\(step.action.rawValue) needs the argument \"\(spec.name)\"")
      }
      for (name, argument) in step.arguments.sorted(by: { $0.key < $1.key }) {
        guard let spec = specs.first(where: { $0.name == name }) else {
          let known = specs.map(\.name).joined(separator: ", ")
          report(
            .argument(step: index, name: name),
            "\(step.action.rawValue) has no argument \"\(name)\"; it takes \(known)")
          continue
        }
        if let reason = objection(to: argument, as: spec) {
          report(.argument(step: index, name: name), reason)
        }
      }
      if let reason = step.combinationProblem { report(.step(index), reason) }
    }
    return found
  }

  /// Why an argument can never be right, or `nil`.
  private func objection(to argument: RunbookStep.Argument, as spec: ArgumentSpec) -> String? {
    switch argument {
    case .literal(let value): return spec.objection(to: value)
    case .list(let texts):
      if let reason = spec.objection(to: texts.filter { RunbookStep.reference(in: $0) == nil }) {
        return reason
      }
      if texts.count > 64 { return "has \(texts.count) entries; at most 64" }
      for text in texts {
        guard let name = RunbookStep.reference(in: text) else { continue }
        if parameters[name] == nil { return unknownParameter(name) }
      }
      return nil
    case .parameter(let name):
      guard let parameter = parameters[name] else { return unknownParameter(name) }
      switch (parameter.kind, spec.kind) {
      case (.text, .text), (.number, .number), (.number, .integer): return nil
      case (_, .texts): return "must be a list; use \"${\(name)}\" as one of its entries"
      default: return "takes \(spec.kind.words), but the parameter \"\(name)\" is \(parameter.kind.words)"
      }
    }
  }

  private func unknownParameter(_ name: String) -> String {
    let known = parameters.keys.sorted().joined(separator: ", ")
    return "the runbook has no parameter \"\(name)\"" + (known.isEmpty ? "" : "; it has \(known)")
  }
}

extension RunbookStep {
  /// Whether running it twice does no more than running it once, as the step or its action's kind says.
  package var isIdempotent: Bool { idempotent ?? action.isIdempotent }

  /// The parameter's name when `text` is `${name}` and nothing else.
  package static func reference(in text: String) -> String? {
    guard text.hasPrefix("${"), text.hasSuffix("}") else { return nil }
    let name = text.dropFirst(2).dropLast()
    let isName =
      !name.isEmpty
      && name.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
      }
    return isName ? String(name) : nil
  }

  fileprivate var limitProblems: [String] {
    var messages: [String] = []
    if name.isEmpty || name.count > 128 || PlainText.hasControlCharacters(name) {
      messages.append("the name must have 1 to 128 characters, none of them a control character")
    }
    if !(timeoutSeconds > 0 && timeoutSeconds <= 3600) {
      messages.append("the timeout must be above 0 and at most 1h")
    }
    if !(0...10).contains(retries) { messages.append("retries must be 0 to 10") }
    if retries > 0 && !isIdempotent {
      messages.append(
        "\(action.rawValue) is not idempotent, so it can't be retried; set retries to 0, "
          + "or idempotent to true if running it twice does no more than once")
    }
    return messages
  }

  fileprivate var combinationProblem: String? {
    switch action {
    case .terminateBackends where arguments["state"] == nil && arguments["application"] == nil:
      "needs \"state\" or \"application\": ending sessions of every kind is never right"
    case .setTimeouts
    where arguments["statement_timeout"] == nil && arguments["idle_in_transaction_timeout"] == nil:
      "needs \"statement_timeout\" or \"idle_in_transaction_timeout\""
    default: nil
    }
  }
}
