import HTTPBackend
package import IncidentModel
package import Notification
package import Settings

/// Runs the actions of the catalogue against the configured systems.
///
/// Whatever an action names is looked up in the settings first: a source of the right kind, a declared
/// folder, pattern, command, endpoint or sink. What is not there does not run.
package final class CatalogueRunner: ActionRunner {
  /// Actions that bound themselves get so much more before they are cancelled from outside.
  private static let slack = Duration.seconds(2)

  private let settings: SystemSettings
  private let delivery: any NotificationDelivery
  private let http: HTTPClient

  /// A runner.
  /// - Parameters:
  ///   - settings: what is declared.
  ///   - delivery: what `notify` speaks through.
  package init(settings: SystemSettings, delivery: any NotificationDelivery) {
    self.settings = settings
    self.delivery = delivery
    http = HTTPClient(maxResponseBytes: 1 << 20, userAgent: "aiops-resolver")
  }

  /// Ends the exchanges that run.
  package func shutdown() { http.shutdown() }

  package func run(_ action: Action, in context: ActionContext) async -> StepRun {
    let result = await WorkTrace.$current.withValue(context.trace) {
      () async -> Result<ActionReport, ActionFailure> in
      do throws(ActionFailure) {
        let report = try await Deadline.within(context.timeout + Self.slack) {
          () async throws(ActionFailure) in
          try await self.perform(action, context)
        }
        return .success(report)
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let report): return .succeeded(detail: report.detail, undo: report.undo)
    case .failure(let failure): return .failed(detail: failure.description, undo: failure.undo)
    }
  }

  private func perform(_ action: Action, _ context: ActionContext) async throws(ActionFailure) -> ActionReport
  {
    let timeout = context.timeout
    switch action {
    case .terminateBackends(let filter):
      return try await SessionAction(verb: .terminate, filter: filter, settings: postgres(context)).run(
        timeout: timeout)
    case .cancelQueries(let filter):
      return try await SessionAction(verb: .cancel, filter: filter, settings: postgres(context)).run(
        timeout: timeout)
    case .setTimeouts(let limits):
      var set: TimeoutSettings?
      if case .setTimeouts(let limits)? = context.stepAction { set = limits }
      return try await TimeoutAction(
        limits: limits, settings: postgres(context), purpose: context.purpose, set: set
      ).run(timeout: timeout)
    case .setPoolSize(let pool):
      var set: PoolSize?
      if case .setPoolSize(let pool)? = context.stepAction { set = pool }
      return try await PoolSizeAction(
        pool: pool, settings: postgres(context), purpose: context.purpose, set: set
      ).run(timeout: timeout)
    case .clearCache(let filter):
      return try await CacheClearAction(filter: filter, settings: redis(context)).run(timeout: timeout)
    case .setMaxMemory(let limit):
      var set: MemoryLimit?
      if case .setMaxMemory(let limit)? = context.stepAction { set = limit }
      return try await MemoryLimitAction(
        limit: limit, settings: redis(context), purpose: context.purpose, set: set
      ).run(timeout: timeout)
    case .deleteFiles(let filter):
      return try await FileAction(filter: filter, settings: host(context), now: context.now).run()
    case .runCommand(let call):
      guard let command = settings.commands[call.command] else { throw undeclared("command", call.command) }
      return try await CommandAction(call: call, settings: command).run(timeout: timeout)
    case .httpRequest(let call):
      guard let endpoint = settings.endpoints[call.endpoint] else {
        throw undeclared("endpoint", call.endpoint)
      }
      return try await EndpointAction(call: call, settings: endpoint, http: http).run(timeout: timeout)
    case .notify(let notice): return try await tell(notice, context)
    }
  }

  private func tell(_ notice: Notice, _ context: ActionContext) async throws(ActionFailure) -> ActionReport {
    guard let sink = settings.sinks.first(where: { $0.name == notice.sink }) else {
      throw undeclared("sink", notice.sink)
    }
    // The key is the step's, so that a receiver can tell a repeat.
    let notification = Notification(
      key: "\(context.incident.id)/step/\(context.step)", kind: .notice, about: context.incident,
      text: notice.text, at: context.now)
    switch await delivery.deliver(notification, to: sink) {
    case .delivered(let detail): return ActionReport("told \(detail)")
    case .failed(let reason, _): throw ActionFailure(reason)
    }
  }

  private func postgres(_ context: ActionContext) throws(ActionFailure) -> PostgresSourceSettings {
    guard case .postgres(let settings) = context.source.kind else {
      throw mismatch(context, "a PostgreSQL server")
    }
    return settings
  }

  private func redis(_ context: ActionContext) throws(ActionFailure) -> RedisSourceSettings {
    guard case .redis(let settings) = context.source.kind else { throw mismatch(context, "a cache") }
    return settings
  }

  private func host(_ context: ActionContext) throws(ActionFailure) -> HostSourceSettings {
    guard case .host(let settings) = context.source.kind else { throw mismatch(context, "a host") }
    return settings
  }

  private func mismatch(_ context: ActionContext, _ wanted: String) -> ActionFailure {
    ActionFailure("source \(context.source.name) is not \(wanted), which this action needs")
  }

  private func undeclared(_ kind: String, _ name: String) -> ActionFailure {
    ActionFailure("the config declares no \(kind) \(PlainLine.of(name, 80))")
  }
}
