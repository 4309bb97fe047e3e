import IncidentModel

/// The crew's member that decides what the work comes to.
struct IncidentManager: Sendable, Equatable {
  private var verification: Verification?
  private var worse = false
  private var trouble: String?

  /// Notes what was measured. A verdict is only as good as its measurements: without one in order
  /// for it, `recovered` becomes `unknown`.
  mutating func take(_ verification: Verification, worse: Bool) {
    var verification = verification
    if verification.verdict == .recovered, !verification.measurements.contains(where: \.healthy) {
      verification.verdict = .unknown
      verification.detail += "; nothing was measured that shows it"
    }
    self.verification = verification
    self.worse = worse && verification.verdict != .recovered
  }

  /// Notes why the work can't go on.
  mutating func stop(_ reason: String) {
    // The first reason is the cause; later ones follow from it.
    trouble = trouble ?? reason
  }

  /// Whether what was set must be put back: the symptom stays or is worse. Not when it is unknown:
  /// a change that may be what helps is left for people to judge.
  var wantsRollback: Bool { worse || verification?.verdict == .notRecovered }

  /// What the coordinator is told.
  func result(_ officer: CommunicationsOfficer, at now: Timestamp) -> JobResult {
    if let trouble { return .failed(reason: officer.escalation(because: trouble, at: now)) }
    guard let verification else {
      return .failed(reason: officer.escalation(because: "the symptom was not measured again", at: now))
    }
    switch verification.verdict {
    case .recovered:
      return .remedied(verification, message: officer.resolution(verification, at: now))
    case .notRecovered:
      let reason =
        worse ? "the symptom got worse: \(verification.detail)" : "the symptom stays: \(verification.detail)"
      return .remedied(verification, message: officer.escalation(because: reason, at: now))
    case .unknown:
      let reason = "it is not known whether it helped: \(verification.detail)"
      return .remedied(verification, message: officer.escalation(because: reason, at: now))
    }
  }
}
