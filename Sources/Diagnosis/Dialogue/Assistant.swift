package import IncidentModel

/// The side of the dialogue that thinks. Pure: everything it knows is in the dossier, and the same
/// dossier always gives the same turn. A language model may stand behind it one day.
package protocol Assistant: Sendable {
  /// What to look at next, or the answer.
  ///
  /// When `dossier.mayAsk` is false an answer is expected; a question then ends the dialogue as unknown.
  func next(_ dossier: Dossier) -> AssistantTurn
}

/// What an assistant says.
package enum AssistantTurn: Hashable, Sendable {
  /// Wants to know something; `question` says what and why, for people.
  case ask(question: String, tool: ToolCall)
  /// Has its answer.
  case conclude(Diagnosis)
}
