import IncidentModel
import Logging
import Notification
import Resolution
import Settings
import TestKit

/// Runs one action against declared systems, as the worker does.
struct Bench {
  var settings = SystemSettings()
  var source: SourceSettings
  var delivery: any NotificationDelivery = RecordingDelivery()

  init(_ kind: SourceSettings.Kind) { source = SourceSettings(name: "shop-db", kind: kind) }

  static func postgres(
    _ url: String, protected: [String] = [], pgbouncer: String? = nil
  ) -> Bench {
    var settings = PostgresSourceSettings(url: Secret(url))
    settings.protectedApplications = protected
    settings.pgbouncer = pgbouncer.map { Secret($0) }
    return Bench(.postgres(settings))
  }

  static func redis(port: Int, clearable: [String] = [], ceiling: Int64? = nil) -> Bench {
    var settings = RedisSourceSettings(host: "127.0.0.1", port: port)
    settings.clearable = clearable
    settings.maxMemoryCeilingBytes = ceiling
    return Bench(.redis(settings))
  }

  static func folder(_ folder: FolderSettings) -> Bench {
    var settings = HostSourceSettings()
    settings.folders = [folder]
    return Bench(.host(settings))
  }

  func run(
    _ action: Action, timeout: Duration = .seconds(10), purpose: ActionContext.Purpose = .remedy,
    undoing step: Action? = nil
  ) async -> StepRun {
    let runner = CatalogueRunner(settings: settings, delivery: delivery)
    let run = await runner.run(
      action,
      in: ActionContext(
        incident: Make.incident(
          remedy: step.map { Remedy(runbook: "r", parameters: [:], steps: [Make.step("s", $0)]) }), step: 0,
        source: source, timeout: timeout, purpose: purpose,
        now: Pace.system.now()))
    runner.shutdown()
    return run
  }
}

extension StepRun {
  var detail: String {
    switch self {
    case .succeeded(let detail, _), .failed(let detail, _): detail
    }
  }
  var undo: Action? {
    switch self {
    case .succeeded(_, let undo), .failed(_, let undo): undo
    }
  }
  var isSuccess: Bool { if case .succeeded = self { true } else { false } }
}

/// Takes notifications and answers as told.
actor RecordingDelivery: NotificationDelivery {
  private(set) var taken: [Notification] = []
  private let answer: DeliveryResult
  init(_ answer: DeliveryResult = .delivered(detail: "test")) { self.answer = answer }
  func deliver(_ notification: Notification, to sink: SinkSettings) -> DeliveryResult {
    taken.append(notification)
    return answer
  }
}
