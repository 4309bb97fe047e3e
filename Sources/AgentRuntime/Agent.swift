package import IncidentModel
package import Logging
package import Settings

/// A running agent: who it is and what it knows.
package struct Agent: Sendable {
  /// The name in logs and answers.
  package let name: String
  /// What the configuration says.
  package let settings: SystemSettings
  /// Writes to standard error as JSON, with the agent's name.
  package let logger: Logger
  /// How it introduces itself to the coordinator.
  package let info: AgentInfo
}
