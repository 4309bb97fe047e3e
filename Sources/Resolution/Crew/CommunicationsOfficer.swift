import IncidentModel

/// The crew's member that tells people: one sentence when it is over, the whole attempt when it is not.
struct CommunicationsOfficer: Sendable {
  /// A message has at most so many characters.
  static let maxLength = 4_000
  /// One part of it has at most so many.
  static let maxPart = 600

  let incident: Incident
  let steps: [PlannedStep]
  let progress: [Int: SystemsEngineer.Progress]

  /// "INC-… auto-resolved in 34 seconds: cause; what was done; what was measured".
  func resolution(_ verification: Verification, at now: Timestamp) -> String {
    let seconds = max(0, ((now - incident.detectedAt).inSeconds).rounded())
    let how =
      incident.approved.map { "resolved in \(Int(seconds)) seconds, approved by \(PlainLine.of($0.by, 80))" }
      ?? "auto-resolved in \(Int(seconds)) seconds"
    return PlainLine.of(
      "\(incident.id) \(how): \(cause); \(deeds ?? "nothing was done"); "
        + PlainLine.of(verification.detail, Self.maxPart), Self.maxLength)
  }

  /// Why a person is needed, and what was tried.
  func escalation(because reason: String, at now: Timestamp) -> String {
    PlainLine.of(
      "\(incident.id) needs a person: \(PlainLine.of(reason, 2 * Self.maxPart)). Cause: \(cause). "
        + "Tried: \(deeds ?? "nothing").", Self.maxLength)
  }

  private var cause: String {
    PlainLine.of(incident.diagnosis?.rootCause ?? incident.rootCause ?? "cause not known", Self.maxPart)
  }

  private var deeds: String? {
    let parts = steps.indices.compactMap { index -> String? in
      guard let past = progress[index] else { return nil }
      let detail = PlainLine.of(past.detail, Self.maxPart)
      switch past.state {
      case .succeeded, .rolledBack: return detail.isEmpty ? steps[index].name : detail
      case .failed: return "\(steps[index].name) failed (\(detail))"
      case .intended: return "\(steps[index].name) was begun, its fate is not known"
      }
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", then ")
  }
}
