import AgentRuntime
import IncidentModel
import Logging
import MessageBus
import Settings

/// The diagnoser's process, put together.
package enum DiagnoserAgent {
  /// Incidents that are looked at at once; each waits for servers most of the time.
  static let slots = 4
  /// After trouble with the changes they are followed anew after so long.
  static let historyRetry = Duration.seconds(5)

  /// The whole of `aiops-diagnoser`.
  package static func main() async -> Never {
    await AgentRuntime.main(kind: .diagnoser) { agent in try services(agent) }
  }

  /// What runs until the agent stops: the link to the coordinator, which hands out the jobs, and the
  /// listener that remembers how earlier incidents ended.
  static func services(_ agent: Agent) throws(SettingsError) -> [AgentService] {
    let security = try agent.busSecurity()
    let history = RememberedIncidents()
    let worker = DiagnosisWorker(settings: agent.settings, history: history, logger: agent.logger)
    let link = AgentLink(
      info: agent.info, endpoints: agent.settings.busEndpoints, worker: worker, slots: slots,
      security: security, logger: agent.logger)
    return [
      AgentService("link") { await link.run() },
      AgentService("history") { try await remember(in: history, link, agent, security) },
    ] + HealthFile.services(agent) { await link.isConnected }
  }

  /// Follows the changes. A diagnoser without a history still diagnoses, so trouble here never ends it.
  private static func remember(
    in history: RememberedIncidents, _ link: AgentLink, _ agent: Agent, _ security: BusSecurity
  ) async throws {
    while true {
      let home = try await link.home()
      let subscriber = ChangeSubscriber(
        busEndpoint: home.endpoint, changesEndpoint: home.welcome.changesEndpoint, security: security,
        logger: agent.logger)
      await withDiscardingTaskGroup { group in
        group.addTask {
          // Another coordinator leads by now, and publishes elsewhere.
          _ = try? await link.home(after: home.welcome.coordinator)
          await subscriber.close()
        }
        for await update in subscriber.updates {
          switch update {
          case .reset(let digests): await history.reset(to: digests)
          case .changed(let digest): await history.note(digest)
          }
        }
        group.cancelAll()
      }
      // At once where there is another home by now.
      if await link.welcome?.coordinator == home.welcome.coordinator {
        try await Task.sleep(for: historyRetry)
      }
    }
  }
}
