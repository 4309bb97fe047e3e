import BusKeys
package import IncidentModel
package import Logging
package import MessageBus
import Notification
package import Settings

/// A coordinator with the real things around it: journal, bus, and what tells people.
package struct CoordinatorNode: Sendable {
  /// The coordinator itself.
  package let coordinator: Coordinator
  /// Where the bus really listens.
  package let endpoints: BusServer.Endpoints
  private let store: any JournalStore
  private let bus: BusServer
  private let notifier: Notifier

  /// Opens journal and bus and reads the journal.
  ///
  /// - Parameters:
  ///   - settings: addresses, the journal, policies, sinks.
  ///   - instance: unique to this run of the process.
  ///   - wall: the wall clock's time.
  ///   - patience: how long it waits for a journal's server that is away, as after a power cut.
  ///   - logger: for everything in it.
  /// - Throws: `StoreError`, `BusError`, `SettingsError` or `KeyError`, whose texts say what to do.
  package static func open(
    _ settings: SystemSettings, instance: String, wall: Timestamp, patience: Duration = .seconds(60),
    logger: Logger
  ) async throws -> CoordinatorNode {
    let end = ContinuousClock.now + patience
    var isWaiting = false
    while true {
      do {
        return try await openNow(settings, instance: instance, wall: wall, logger: logger)
      } catch let error as StoreError where error.isRetryable && ContinuousClock.now < end {
        if !isWaiting {
          logger.warning("the journal is not there yet; waiting for it", metadata: ["reason": "\(error)"])
        }
        isWaiting = true
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  private static func openNow(
    _ settings: SystemSettings, instance: String, wall: Timestamp, logger: Logger
  ) async throws -> CoordinatorNode {
    let keys = try settings.busSecurity.coordinatorKeys(settings.file)
    let folder = keys.map { KeyFolder($0.allowed) }
    let content = try folder?.read()
    let store = try await JournalStores.open(settings.coordinator)
    let bus = BusServer(
      busEndpoint: settings.coordinator.bus, changesEndpoint: settings.coordinator.changes,
      security: keys.map { .coordinator($0.own) } ?? (settings.busSecurity.insecure ? .insecure : .none),
      logger: logger)
    let notifier = Notifier(logger: logger)
    do {
      // First who may, then the door.
      if let content { await bus.admit(content.keys) }
      let endpoints = try await bus.start()
      let coordinator = try await Coordinator(
        settings: settings, store: store, bus: bus, changesEndpoint: endpoints.changes,
        delivery: notifier, instance: instance, wall: wall, busEndpoint: endpoints.bus, keyFolder: folder,
        logger: logger)
      return CoordinatorNode(
        coordinator: coordinator, endpoints: endpoints, store: store, bus: bus, notifier: notifier)
    } catch {
      await bus.close()
      notifier.shutdown()
      await store.close()
      throw error
    }
  }

  /// Works until its task is cancelled, then closes everything.
  /// - Throws: `StoreError` when the journal is lost for good.
  package func run() async throws {
    let result: Result<Void, any Error>
    do {
      try await coordinator.run()
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await bus.close()
    notifier.shutdown()
    await store.close()
    try result.get()
  }
}
