import AgentRuntime
import FoundationEssentials
import IncidentModel
import ServiceLifecycle
import Settings

/// The coordinator's process, put together.
package enum CoordinatorAgent {
  /// The whole of `aiops-coordinator`.
  package static func main() async -> Never {
    await AgentRuntime.main(kind: .coordinator) { agent in
      let node = try await CoordinatorNode.open(
        agent.settings, instance: agent.info.instance,
        wall: Timestamp(seconds: Date().timeIntervalSince1970), logger: agent.logger)
      let coordinator = node.coordinator
      let settings = agent.settings
      let api = try HTTPAPIServer(
        api: coordinator, host: settings.coordinator.httpHost, port: settings.coordinator.httpPort,
        security: settings.httpSecurity, now: { coordinator.now }, logger: agent.logger)
      // The API starts last and ends first: nobody is answered by half a coordinator.
      return [AgentService("coordinator") { try await node.run() }, api]
    }
  }
}
