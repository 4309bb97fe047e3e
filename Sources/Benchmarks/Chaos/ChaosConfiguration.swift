import IncidentModel
import TestKit

/// What everybody in the chaos is configured with.
enum ChaosConfiguration {
  /// Who is told when; the same as ``policy``, in the audit's words: the two waits, once more, then the last.
  static let plan = EscalationPlan(
    stages: [
      .init(wait: .zero, name: "first"), .init(wait: .seconds(6), name: "second"),
      .init(wait: .seconds(8), name: "first"), .init(wait: .seconds(6), name: "second"),
    ], last: .init(wait: .seconds(8), name: "second"))

  private static let policy = """
      policy:
        - {notify: first, sinks: [pager]}
        - wait: 6s
        - {notify: second, sinks: [pager]}
        - wait: 8s
        - repeat: {from: 1, count: 1}
    """

  /// The step that must not run twice, and leaves a line where it ran.
  static let markStep = "mark it"

  /// Everything but where the coordinators are.
  /// - Parameter autonomy: how far a resolver may go on the database. By itself it runs one remedy three times an
  ///   hour for one series; with people's word more often.
  static func text(
    target: Target, databasePort: Int? = nil, receiver: String, marks: String, autonomy: String,
    withCache: Bool = true
  ) -> String {
    let port = databasePort ?? target.database.port
    return """
      escalation:
        diagnosis: 25s
        approval: 20s
        resolution: 60s
      \(policy)
      correlation: {window: 20s, false_positive_quiet: 20s}
      sinks:
        - {name: pager, type: webhook, url: "\(receiver)"}
      sources:
        - name: shop-db
          type: postgres
          url: postgres://postgres@127.0.0.1:\(port)/postgres
          interval: 1s
          retry: 1s
          timeout: 5s
          autonomy: \(autonomy)
          rules:
            database_longest_query: {threshold: {above: 6}}
            database_longest_transaction: {threshold: {above: 8}}
            database_slow_queries: {threshold: {above: 3}}
        - name: shop-host
          type: host
          mounts: []
          folders:
            - {path: \(target.disk.path), budget: \(Target.budget), deletable: ["*.log"], keep: 1d}
          interval: 1s
          retry: 1s
          autonomy: suggest
          rules:
            host_cpu_usage: off
            host_load_per_core: off
            host_memory_usage: off
            host_disk_usage: off
            host_disk_inodes_usage: off
      \(withCache ? cache(target) : "")
      commands:
        mark:
          executable: /bin/sh
          arguments: ["-c", "echo \\"$AIOPS_INCIDENT/$AIOPS_STEP/$AIOPS_FENCE $(date +%s%3N)\\" >> \(marks); sleep 0.7"]
      runbooks:
      \(remedies)
      """
  }

  private static let application = "application: {type: text, max_length: 128}"
  private static let state = "state: {type: text, max_length: 64, default: \"idle in transaction\"}"
  private static let limit = "limit: {type: number, min: 1, max: 1000000, default: 200}"
  private static let age = "older_than: {type: duration, min: 0s, max: 1d, default: 5s}"
  private static let longAge = "older_than: {type: duration, min: 0s, max: 365d, default: 1d}"

  private static var remedies: String {
    [
      runbook("free-leaked-connections", "connection_pool", leak, [application, state, limit, age]),
      runbook("clear-cache-keys", "memory", clear, ["pattern: {type: text, max_length: 512}", limit]),
      runbook(
        "clean-folder", "disk", clean,
        [
          "folder: {type: text, max_length: 4096}", "pattern: {type: text, max_length: 255}", limit, longAge,
        ]),
    ].joined(separator: "\n")
  }

  private static let leak = (
    "postgres.terminate_backends",
    "{application: \"${application}\", state: \"${state}\", older_than: \"${older_than}\", limit: \"${limit}\"}"
  )
  private static let clear = ("cache.clear", "{pattern: \"${pattern}\", limit: \"${limit}\"}")
  private static let clean = (
    "files.delete_older_than",
    "{folder: \"${folder}\", pattern: \"${pattern}\", older_than: \"${older_than}\", limit: \"${limit}\"}"
  )

  /// A built-in remedy with a second step that must not run twice.
  private static func runbook(
    _ name: String, _ family: String, _ step: (action: String, arguments: String), _ parameters: [String]
  ) -> String {
    """
      - name: \(name)
        title: \(name), and mark it
        family: \(family)
        parameters:
    \(parameters.map { "      " + $0 }.joined(separator: "\n"))
        steps:
          - {name: do it, action: \(step.action), with: \(step.arguments), retries: 1}
          - {name: \(markStep), action: command.run, with: {command: mark}, timeout: 10s, idempotent: false}
    """
  }

  private static func cache(_ target: Target) -> String {
    guard let cache = target.cache else { return "" }
    return """
        - {name: shop-cache, type: redis, host: 127.0.0.1, port: \(cache.port), clearable: ["session:*"], \
      interval: 1s, retry: 1s, autonomy: auto}
      """
  }
}
