import AgentRuntime
import IncidentModel
import Logging
import MessageBus
import Settings

/// The diagnoser's process, put together.
package enum DiagnoserAgent {
  /// Incidents that are looked at at once; each waits for servers most of the time.
  static let slots = 4

  /// The whole of `aiops-diagnoser`.
  package static func main() async -> Never {
    await AgentRuntime.main(kind: .diagnoser) { agent in services(agent) }
  }

  /// What runs until the agent stops: the link to the coordinator, which hands out the jobs.
  static func services(_ agent: Agent) -> [AgentService] {
    let worker = DiagnosisWorker(settings: agent.settings, logger: agent.logger)
    let link = AgentLink(
      info: agent.info, endpoint: agent.settings.coordinator.bus, worker: worker, slots: slots,
      logger: agent.logger)
    return [AgentService("link") { await link.run() }]
  }
}
