package import IncidentEngine
package import Settings

extension EnginePolicy {
  /// The policy that a configuration asks for.
  package init(_ settings: SystemSettings) {
    self.init()
    leaseDuration = .seconds(settings.coordinator.leaseSeconds)
    agentTimeout = .seconds(max(settings.coordinator.leaseSeconds, settings.coordinator.heartbeatSeconds) * 3)
    correlationWindow = .seconds(settings.correlation.windowSeconds)
    falsePositiveQuiet = .seconds(settings.correlation.falsePositiveQuietSeconds)
    diagnosisLimit = .seconds(settings.escalation.diagnosisSeconds)
    approvalLimit = .seconds(settings.escalation.approvalSeconds)
    resolutionLimit = .seconds(settings.escalation.resolutionSeconds)
    acknowledgementLimit = settings.escalation.ackTimeoutSeconds.map { .seconds($0) }
    escalation = settings.escalation.policy
    for source in settings.sources {
      autonomy[source.name] = source.autonomy
      escalations[source.name] = source.escalation.flatMap { settings.escalation.policies[$0] }
    }
  }
}
