package import IncidentModel

/// The runbooks that every installation has.
package enum RunbookCatalogue {
  /// Remedies for the known families; a config's runbook of the same name replaces one.
  package static let builtIn: [Runbook] = [
    freeLeakedConnections, cancelSlowQueries, endLongTransactions, clearCacheKeys, cleanFolder,
  ]

  private static let name = ParameterSpec(kind: .text(maxLength: 128))

  private static func number(
    _ bounds: ClosedRange<Double>, default value: Double? = nil
  ) -> ParameterSpec {
    ParameterSpec(kind: .number(bounds), defaultValue: value.map { .number($0) })
  }

  private static func text(_ maxLength: Int, default value: String) -> ParameterSpec {
    ParameterSpec(kind: .text(maxLength: maxLength), defaultValue: .text(value))
  }

  private static func parameters(_ names: String...) -> [String: RunbookStep.Argument] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, .parameter($0)) })
  }

  /// Ends the sessions of one application that sit in a state they should have left.
  static let freeLeakedConnections = Runbook(
    name: "free-leaked-connections",
    title: "End the leaked connections of one application",
    family: .connectionPool,
    parameters: [
      "application": name, "older_than": number(0...86_400, default: 5),
      "limit": number(1...1000, default: 200), "state": text(64, default: "idle in transaction"),
    ],
    steps: [
      RunbookStep(
        name: "end leaked sessions", action: .terminateBackends,
        arguments: parameters("application", "older_than", "limit", "state"), retries: 1)
    ])

  /// Cancels the running statements of one application and bounds the next ones of its role.
  static let cancelSlowQueries = Runbook(
    name: "cancel-slow-queries",
    title: "Cancel slow statements and set a time limit for the role that sends them",
    family: .slowQueries,
    parameters: [
      "application": name, "older_than": number(0...86_400, default: 5),
      "limit": number(1...1000, default: 50), "role": name,
      "statement_timeout": number(1...86_400, default: 30),
    ],
    steps: [
      RunbookStep(
        name: "set a statement timeout", action: .setTimeouts,
        arguments: parameters("role", "statement_timeout"), retries: 1, rollback: true),
      RunbookStep(
        name: "cancel slow statements", action: .cancelQueries,
        arguments: parameters("application", "role", "older_than", "limit"), retries: 1),
    ])

  /// Ends transactions of one application that have been open for too long.
  static let endLongTransactions = Runbook(
    name: "end-long-transactions",
    title: "End one application's transactions that have been open for too long",
    family: .connectionPool,
    parameters: [
      "application": name, "older_than": number(1...604_800, default: 300),
      "limit": number(1...1000, default: 20), "state": text(64, default: "idle in transaction"),
    ],
    steps: [
      RunbookStep(
        name: "end long transactions", action: .terminateBackends,
        arguments: parameters("application", "older_than", "limit", "state"), retries: 1)
    ])

  /// Deletes keys that the source's config declares clearable.
  static let clearCacheKeys = Runbook(
    name: "clear-cache-keys",
    title: "Clear cache keys that match a pattern",
    family: .memory,
    parameters: [
      "pattern": ParameterSpec(kind: .text(maxLength: 512)),
      "limit": number(1...1_000_000, default: 10_000),
    ],
    steps: [
      RunbookStep(
        name: "clear keys", action: .clearCache, arguments: parameters("pattern", "limit"),
        timeoutSeconds: 60, retries: 1)
    ])

  /// Deletes old files in a folder that the source's config declares.
  static let cleanFolder = Runbook(
    name: "clean-folder",
    title: "Delete old files in a declared folder",
    family: .disk,
    parameters: [
      "folder": ParameterSpec(kind: .text(maxLength: 4096)),
      "pattern": ParameterSpec(kind: .text(maxLength: 255)),
      "older_than": number(0...ActionKind.longestAge, default: 86_400),
      "limit": number(1...100_000, default: 1000),
    ],
    steps: [
      RunbookStep(
        name: "delete old files", action: .deleteFiles,
        arguments: parameters("folder", "pattern", "older_than", "limit"), timeoutSeconds: 60,
        retries: 1)
    ])
}
