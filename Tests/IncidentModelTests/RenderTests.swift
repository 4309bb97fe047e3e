import IncidentModel
import Testing

@Suite("A runbook")
struct RenderTests {
  private func runbook(
    _ action: ActionKind, _ arguments: [String: RunbookStep.Argument],
    parameters: [String: ParameterSpec] = [:], retries: Int = 0, idempotent: Bool? = nil
  ) -> Runbook {
    Runbook(
      name: "r", title: "R", family: .cpu, parameters: parameters,
      steps: [
        RunbookStep(
          name: "s", action: action, arguments: arguments, retries: retries, idempotent: idempotent)
      ])
  }

  private let leak = Runbook(
    name: "leak", title: "Leak", family: .connectionPool,
    parameters: [
      "application": ParameterSpec(kind: .text(maxLength: 20)),
      "age": ParameterSpec(kind: .number(1...60), defaultValue: .number(5)),
      "limit": ParameterSpec(kind: .number(0...5000), defaultValue: .number(10)),
    ],
    steps: [
      RunbookStep(
        name: "end", action: .terminateBackends,
        arguments: [
          "application": .parameter("application"), "older_than": .parameter("age"),
          "limit": .parameter("limit"), "state": .literal(.text("idle in transaction")),
        ], retries: 2)
    ])

  @Test("fills parameters and defaults into typed steps")
  func renders() throws {
    let steps = try leak.render(["application": .text("checkout")], target: "shop-db")
    #expect(
      steps == [
        PlannedStep(
          name: "end",
          action: .terminateBackends(
            SessionFilter(
              state: "idle in transaction", application: "checkout", olderThanSeconds: 5, limit: 10)),
          target: "shop-db", timeoutSeconds: 30, retries: 2, idempotent: true, rollback: true)
      ])
  }

  @Test(
    "refuses parameters that are unknown, missing, of the wrong type, out of bounds or hostile",
    arguments: [
      ([:], "runbook leak needs the parameter \"application\""),
      (
        ["application": .text("a"), "x": .number(1)], "runbook leak has no parameter \"x\""
      ),
      (
        ["application": .number(1)],
        "runbook leak, parameter \"application\": must be text of at most 20 characters"
      ),
      (
        ["application": .text("a"), "age": .number(61)],
        "runbook leak, parameter \"age\": must be a number from 1 to 60, not 61"
      ),
      (
        ["application": .text("a"), "age": .number(.nan)],
        "runbook leak, parameter \"age\": must be a number from 1 to 60, not nan"
      ),
      (
        ["application": .text("a\nb")],
        "runbook leak, parameter \"application\": must not hold control characters"
      ),
      (
        ["application": .text("a\u{202E}b")],
        "runbook leak, parameter \"application\": must not hold control characters"
      ),
      (
        ["application": .text(String(repeating: "a", count: 21))],
        "runbook leak, parameter \"application\": must have 0 to 20 characters, not 21"
      ),
      (
        ["application": .text("a"), "limit": .number(1001)],
        "runbook leak, step \"end\": argument \"limit\": must be a whole number from 1 to 1000, not 1001"
      ),
      (
        ["application": .text("a"), "limit": .number(1.5)],
        "runbook leak, step \"end\": argument \"limit\": must be a whole number from 1 to 1000, not 1.5"
      ),
      (
        ["application": .text("a${limit}")],
        "runbook leak, step \"end\": argument \"application\": \"${name}\" stands for a whole value; "
          + "it can't be a part of one"
      ),
    ] as [([String: ParameterValue], String)])
  func refuses(parameters: [String: ParameterValue], message: String) {
    let error = #expect(throws: RunbookError.self) { try leak.render(parameters, target: "db") }
    #expect(error?.description == message)
  }

  @Test("refuses steps that could never be right")
  func problems() {
    func messages(_ runbook: Runbook) -> [String] { runbook.problems().map(\.message) }
    let age = RunbookStep.Argument.literal(.number(5))
    let one = RunbookStep.Argument.literal(.number(1))
    #expect(
      messages(runbook(.terminateBackends, ["older_than": age, "limit": one])) == [
        "needs \"state\" or \"application\": ending sessions of every kind is never right"
      ])
    #expect(
      messages(runbook(.setTimeouts, ["role": .literal(.text("shop"))])).first?.hasPrefix("needs") == true)
    #expect(
      messages(runbook(.notify, ["sink": .literal(.text("s")), "text": .literal(.text("t"))], retries: 1))
        .first?.contains("not idempotent") == true)
    #expect(
      messages(
        runbook(
          .notify, ["sink": .literal(.text("s")), "text": .literal(.text("t"))], retries: 1,
          idempotent: true)
      ).isEmpty)
    #expect(
      messages(runbook(.clearCache, ["pattern": .parameter("p"), "limit": one])) == [
        "the runbook has no parameter \"p\""
      ])
    #expect(
      messages(
        runbook(
          .deleteFiles,
          [
            "folder": .literal(.text("/var/../etc")), "pattern": .literal(.text("*")), "older_than": age,
            "limit": one,
          ])) == ["must be an absolute path without . and .."])
    #expect(
      messages(Runbook(name: "r", title: "", family: .cpu, parameters: [:], steps: [])) == ["has no steps"])
  }

  @Test("gives a command a parameter as an operand only, never as an option")
  func commands() throws {
    let book = runbook(
      .runCommand,
      ["command": .literal(.text("restart")), "arguments": .list(["--now", "${unit}"])],
      parameters: ["unit": ParameterSpec(kind: .text(maxLength: 50))])
    let steps = try book.render(["unit": .text("shop.service")], target: "host")
    #expect(
      steps.map(\.action) == [
        .runCommand(CommandCall(command: "restart", arguments: ["--now", "shop.service"]))
      ])
    #expect(throws: RunbookError.self) { try book.render(["unit": .text("--force")], target: "host") }
  }

  @Test("without a target has nothing to work on", arguments: ["", "a\u{0}b"])
  func target(name: String) {
    #expect(throws: RunbookError.self) { try leak.render(["application": .text("a")], target: name) }
  }

  @Test(
    "takes for every action all its required arguments and nothing without them",
    arguments: ActionKind.allCases)
  func schemas(kind: ActionKind) throws {
    func value(_ spec: ArgumentSpec) -> RunbookStep.Argument {
      switch spec.kind {
      case .text: .literal(.text(spec.name == "folder" ? "/tmp/x" : "x"))
      case .number(let bounds): .literal(.number(bounds.lowerBound))
      case .integer(let bounds): .literal(.number(Double(bounds.lowerBound)))
      case .texts: .list(["x"])
      }
    }
    let all = Dictionary(uniqueKeysWithValues: kind.arguments.map { ($0.name, value($0)) })
    let steps = try runbook(kind, all).render([:], target: "t")
    #expect(steps.first?.action.kind == kind)
    #expect(steps.first?.idempotent == kind.isIdempotent)
    for spec in kind.arguments where spec.isRequired {
      var some = all
      some[spec.name] = nil
      #expect(throws: RunbookError.self) { try runbook(kind, some).render([:], target: "t") }
    }
  }
}
