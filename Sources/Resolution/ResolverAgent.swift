import AgentRuntime
import IncidentModel
import MessageBus
import Notification
import Settings

/// The resolver's process: its parts, wired together.
package enum ResolverAgent {
  /// Incidents that one resolver works on at once.
  static let slots = 2

  /// The whole of the executable.
  package static func main() async -> Never {
    await AgentRuntime.main(kind: .resolver) { try services($0) }
  }

  /// What runs until the agent stops.
  static func services(_ agent: Agent) throws(SettingsError) -> [AgentService] {
    let security = try agent.busSecurity()
    let settings = agent.settings
    let notifier = Notifier(logger: agent.logger)
    let runner = CatalogueRunner(settings: settings, delivery: notifier)
    let worker = ResolutionWorker(settings: settings, runner: runner, logger: agent.logger) {
      CollectionMeter(settings: settings)
    }
    let link = AgentLink(
      info: agent.info, endpoints: settings.busEndpoints, worker: worker, slots: slots,
      security: security, logger: agent.logger)
    return [
      AgentService("link") {
        await link.run()
        runner.shutdown()
        notifier.shutdown()
      }
    ] + HealthFile.services(agent) { await link.isConnected }
  }
}
