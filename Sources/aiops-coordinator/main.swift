import AgentRuntime
import Coordination
import FoundationEssentials
import IncidentModel
import ServiceLifecycle
import Settings

await AgentRuntime.main(kind: .coordinator) { agent in
  let node = try await CoordinatorNode.open(
    agent.settings, instance: agent.info.instance,
    wall: Timestamp(seconds: Date().timeIntervalSince1970), logger: agent.logger)
  let coordinator = node.coordinator
  let api = try HTTPAPIServer(
    api: coordinator, host: agent.settings.coordinator.httpHost, port: agent.settings.coordinator.httpPort,
    security: agent.settings.httpSecurity, now: { coordinator.now }, logger: agent.logger)
  // The API starts last and ends first: nobody is answered by half a coordinator.
  return [AgentService("coordinator") { try await node.run() }, api]
}
