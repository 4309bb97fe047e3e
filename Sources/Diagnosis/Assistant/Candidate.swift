import IncidentModel

/// A cause that a procedure thinks possible, before it is weighed against others and the past.
struct Candidate {
  /// The cause, with its figures.
  var cause: String
  var family: ProblemFamily
  var confidence: Confidence
  /// What speaks for it, and what does not.
  var evidence: [Evidence]
  /// What a runbook could do about it.
  var proposal: Proposal?
  /// What people should know or do, before the family's own remedies.
  var advice: [String] = []
}

/// A runbook that would do something about a cause, before it is checked.
struct Proposal {
  var runbook: String
  var parameters: [String: ParameterValue]
  /// The largest number that `limit` may have; `nil` where the runbook works on one thing as a whole.
  var limit: Double?
}

/// How an assistant's procedure for one family looks at an incident.
protocol Procedure: Sendable {
  /// What to ask next; `nil` when enough was seen.
  func question(_ dossier: Dossier) -> Question?
  /// The causes that what was seen speaks for; empty when none is known.
  func candidates(_ dossier: Dossier) -> [Candidate]
}

/// What a procedure wants to know.
struct Question {
  /// For people: what and why.
  var text: String
  var call: ToolCall

  init(_ text: String, _ tool: Tool, waitSeconds: Double = 0) {
    self.text = text
    call = ToolCall(tool, waitSeconds: waitSeconds)
  }
}
