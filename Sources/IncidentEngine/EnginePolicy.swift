package import IncidentModel

/// What the engine decides by: durations, limits, and how far a resolver may go where.
package struct EnginePolicy: Sendable, Equatable {
  /// A lease that is not renewed for so long is lost.
  package var leaseDuration: Duration = .seconds(10)
  /// An agent that was not heard of for so long is gone.
  package var agentTimeout: Duration = .seconds(30)
  /// Signals of one target and family within this time make one incident.
  package var correlationWindow: Duration = .seconds(300)
  /// A fingerprint marked as false positive is quiet for so long, unless it clears before.
  package var falsePositiveQuiet: Duration = .seconds(3600)
  /// A signal from before an incident's end is late, not new, for so long after that end.
  package var lateSignalWindow: Duration = .seconds(60)
  /// Symptoms must stay gone for so long before an incident that nobody fixed counts as over.
  package var settle: Duration = .seconds(30)
  /// A diagnosis must be there after so long.
  package var diagnosisLimit: Duration = .seconds(120)
  /// A remedy must be approved after so long.
  package var approvalLimit: Duration = .seconds(900)
  /// A remedy must be done after so long.
  package var resolutionLimit: Duration = .seconds(600)
  /// Workers that may lose one job before people get it.
  package var maxAttempts = 3
  /// The breaker: a runbook that ran so often for one fingerprint within ``breakerWindow`` is not run again by itself.
  package var breakerLimit = 3
  /// See ``breakerLimit``.
  package var breakerWindow: Duration = .seconds(3600)
  /// Who is told of an escalation, and when.
  package var escalation = EscalationPolicy.standard
  /// Who is told instead for certain targets.
  package var escalations: [String: EscalationPolicy] = [:]
  /// An escalated incident that somebody acknowledged and that is still open after so long is nobody's any more;
  /// `nil`: an acknowledgement holds for ever.
  package var acknowledgementLimit: Duration?
  /// How far a resolver may go, by target.
  package var autonomy: [String: Autonomy] = [:]
  /// How far it may go where ``autonomy`` says nothing.
  package var defaultAutonomy = Autonomy.suggest
  /// Ended incidents kept in memory; the journal keeps all.
  package var maxEnded = 2_000
  /// Ids of signals remembered, to count a resent one once.
  package var maxRemembered = 65_536

  /// The defaults.
  package init() {}

  /// How far a resolver may go on `target`.
  package func autonomy(for target: String?) -> Autonomy {
    target.flatMap { autonomy[$0] } ?? defaultAutonomy
  }

  /// Who is told of an escalation on `target`.
  package func escalation(for target: String?) -> EscalationPolicy {
    target.flatMap { escalations[$0] } ?? escalation
  }
}
